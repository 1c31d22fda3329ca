#include "core/base/csv.h"
#include "core/base/json_write.h"
#include "core/base/number_text.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/recipe_json.h"
#include "core/quant/setting_names.h"
#include "core/quant/task_json.h"
#include "core/report/comparison.h"
#include "core/report/page.h"
#include "core/stats/proportion.h"

#include <cmath>
#include <cstdio>

namespace qs::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr const char* kFormat = "quantoscope-comparison";

std::string coverageName(graph::Coverage coverage)
{
    return std::string(namedOf(quant::kCoverages, coverage).name);
}

Json toJson(const ComparisonRow& row)
{
    Json json{{"key", row.key},
              {"method", row.method},
              {"calibration", row.calibration},
              {"calibration_images", row.calibrationImages},
              {"weight_bits", row.weightBits},
              {"activation_bits", row.activationBits},
              {"coverage", coverageName(row.coverage)},
              {"failure", row.failure},
              {"agreement", jsonNumber(row.agreement)},
              {"kl_divergence", jsonNumber(row.klDivergence)},
              {"logit_sqnr_db", quant::sqnrJson(row.logitSqnrDb)},
              {"mean_weight_bits", jsonNumber(row.meanWeightBits)},
              {"mean_activation_bits", jsonNumber(row.meanActivationBits)},
              {"model_bytes", row.modelBytes},
              {"int8_mac_share", jsonNumber(row.int8Share)},
              {"resolve_seconds", jsonNumber(row.resolveSeconds)},
              {"evaluate_seconds", jsonNumber(row.evaluateSeconds)}};
    if (!row.scores)
        json["scores"] = false;
    if (!row.of.task.empty())
        json["of"] = Json{{"task", row.of.task},
                          {"outputs", row.of.outputs},
                          {"reading", row.of.reading},
                          {"truths", row.of.truths}};
    if (row.headline)
        json["headline"] = quant::figureJson(*row.headline);
    if (row.top1)
        json["top1"] = *row.top1;
    if (row.labelled > 0)
        json["labelled"] = row.labelled;
    if (row.fileBytes > 0)
        json["file_bytes"] = row.fileBytes;
    if (row.found)
        json["recipe"] = quant::recipeValue(*row.found);
    return json;
}

ComparisonRow rowFrom(const JsonReader& json)
{
    ComparisonRow row;
    row.key = json["key"].required().text();
    row.method = json["method"].required().text();
    row.calibration = json["calibration"].text();
    row.calibrationImages = json["calibration_images"].required().count(0);
    row.weightBits = json["weight_bits"].required().integer(8, 1, 32);
    row.activationBits = json["activation_bits"].required().integer(8, 1, 32);
    row.coverage = json["coverage"].required().oneOf(quant::kCoverages, row.coverage);
    row.failure = json["failure"].text();
    row.agreement = json["agreement"].required().anyNumber(0);
    row.klDivergence = json["kl_divergence"].anyNumber(NAN); // files of before have null where it is no number
    row.logitSqnrDb = quant::sqnrFrom(json["logit_sqnr_db"]);
    row.meanWeightBits = json["mean_weight_bits"].required().anyNumber(0);
    row.meanActivationBits = json["mean_activation_bits"].required().anyNumber(0);
    row.modelBytes = json["model_bytes"].required().count(0);
    row.int8Share = json["int8_mac_share"].required().anyNumber(0);
    row.resolveSeconds = json["resolve_seconds"].required().anyNumber(0);
    row.evaluateSeconds = json["evaluate_seconds"].required().anyNumber(0);
    row.scores = json["scores"].flag(true);
    if (const auto of = json["of"]; of.present())
        row.of = {of["task"].required().text(), of["outputs"].required().text(), of["reading"].required().text(),
                  of["truths"].required().text()};
    if (json["headline"].present())
        row.headline = quant::figureFrom(json["headline"]);
    row.top1 = json["top1"].optionalNumber();
    row.labelled = json["labelled"].count(0); // files of before have neither
    row.fileBytes = json["file_bytes"].count(0);
    if (json["recipe"].present())
        row.found = quant::recipeFrom(json["recipe"]);
    return row;
}

/// "66.7 (58.8 to 73.7)"
std::string top1WithInterval(const ComparisonRow& row, std::size_t images)
{
    const std::size_t labelled = row.labelled > 0 ? row.labelled : images;
    const stats::Interval interval = stats::wilson(stats::hitsOf(*row.top1, labelled), labelled);
    return numberText(*row.top1 * 100, "%.1f") + " (" + numberText(interval.low * 100, "%.1f") + " to " +
           numberText(interval.high * 100, "%.1f") + ")";
}

} // namespace

Json comparisonValue(const Comparison& comparison)
{
    Json json{{"format", kFormat},           {"version", kVersion},
              {"model", comparison.model},   {"model_hash", comparison.modelHash},
              {"images", comparison.images}, {"images_hash", comparison.imagesHash}};
    if (comparison.floatTop1)
        json["float_top1"] = *comparison.floatTop1;
    json["rows"] = Json::array();
    for (const ComparisonRow& row : comparison.rows)
        json["rows"].push_back(toJson(row));
    return json;
}

std::string comparisonToJson(const Comparison& comparison)
{
    return jsonText(comparisonValue(comparison));
}

Result<Comparison> comparisonFromJson(std::string_view text)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    return file.finish(comparisonFrom(file));
}

Comparison comparisonFrom(const JsonReader& json)
{
    Comparison comparison;
    if (!json.isObject() || !json["format"].isText() || json["format"].text() != kFormat) {
        json.fail("is not a comparison");
        return comparison;
    }
    if (json["version"].required().integer(0) != kVersion)
        json["version"].fail("is a comparison of another version", ErrorCode::Unsupported);
    comparison.model = json["model"].required().text();
    comparison.modelHash = json["model_hash"].required().text();
    comparison.images = json["images"].required().count(0);
    comparison.imagesHash = json["images_hash"].required().text();
    comparison.floatTop1 = json["float_top1"].optionalNumber();
    for (const JsonReader& line : json["rows"].required().items())
        comparison.rows.push_back(rowFrom(line));
    return comparison;
}

std::string comparisonToCsv(const Comparison& comparison)
{
    std::string csv =
        "method,weight_bits,activation_bits,coverage,calibration,calibration_images,images,top1_percent,"
        "float_top1_percent,agreement_percent,kl_nats,logit_sqnr_db,mean_weight_bits,"
        "mean_activation_bits,packed_bytes,file_bytes,int8_mac_percent,resolve_seconds,evaluate_seconds,headline,"
        "headline_value,"
        "headline_low,headline_high,failure\n";
    for (const ComparisonRow& row : comparison.rows) {
        const auto share = [](const std::optional<double>& value) {
            return value ? numberText(*value * 100, "%.2f") : std::string();
        };
        std::vector<std::string> cells{row.method,
                                       std::to_string(row.weightBits),
                                       std::to_string(row.activationBits),
                                       coverageName(row.coverage),
                                       row.calibration,
                                       std::to_string(row.calibrationImages),
                                       std::to_string(comparison.images),
                                       share(row.top1),
                                       share(comparison.floatTop1),
                                       numberText(row.agreement * 100, "%.2f"),
                                       numberText(row.klDivergence, "%.5f"),
                                       numberText(row.logitSqnrDb, "%.2f"),
                                       numberText(row.meanWeightBits, "%.3f"),
                                       numberText(row.meanActivationBits, "%.3f"),
                                       std::to_string(row.modelBytes),
                                       row.fileBytes > 0 ? std::to_string(row.fileBytes) : std::string(),
                                       numberText(row.int8Share * 100, "%.1f"),
                                       numberText(row.resolveSeconds, "%.2f"),
                                       numberText(row.evaluateSeconds, "%.2f")};
        cells.resize(cells.size() + 4); // the headline, where there is one
        if (row.headline) {
            cells[19] = row.headline->key;
            cells[20] = numberText(row.headline->value, "%.6g");
            if (const auto& interval = row.headline->interval) {
                cells[21] = numberText(interval->low, "%.6g");
                cells[22] = numberText(interval->high, "%.6g");
            }
        }
        cells.push_back(row.failure);
        csv += csvLine(cells);
    }
    return csv;
}

std::string comparisonToHtml(const Comparison& comparison)
{
    std::string body = "<p>" + std::to_string(comparison.images) + " images";
    if (comparison.floatTop1)
        body += ", float top-1 " + numberText(*comparison.floatTop1 * 100, "%.2f") + " %";
    const bool classes = std::ranges::any_of(comparison.rows, &ComparisonRow::scores);
    const bool others = !std::ranges::all_of(comparison.rows, &ComparisonRow::scores);
    std::vector<Column> columns{
        {"method", false}, {"W", true}, {"A", true}, {"coverage", false}, {"calibration", false}};
    if (others)
        columns.push_back({"headline (95 % interval)", false});
    if (classes)
        columns.insert(columns.end(), {{"top-1 %", true}, {"agreement %", true}, {"KL nats", true}});
    columns.insert(columns.end(), {{others ? "output SQNR dB" : "logit SQNR dB", true},
                                   {"file MB", true},
                                   {"packed MB", true},
                                   {"int8 %", true},
                                   {"search s", true},
                                   {"", false}});
    body += ".</p>\n" + tableHead(columns);
    for (const ComparisonRow& row : comparison.rows) {
        const std::string calibration = (row.calibration.empty() ? "" : escape(row.calibration) + ", ") +
                                        std::to_string(row.calibrationImages) + " images";
        body += "<tr>" + cell(escape(row.method)) + cell(std::to_string(row.weightBits), true) +
                cell(std::to_string(row.activationBits), true) + cell(coverageName(row.coverage)) + cell(calibration);
        if (others)
            body += cell(row.headline ? escape(row.headline->title + " " + tasks::figureText(*row.headline)) : "–");
        if (classes)
            body += cell(row.top1 ? top1WithInterval(row, comparison.images) : "–", true) +
                    cell(row.scores ? numberText(row.agreement * 100, "%.1f") : "–", true) +
                    cell(row.scores ? numberText(row.klDivergence, "%.4f") : "–", true);
        body += cell(numberText(row.logitSqnrDb, "%.1f"), true) +
                cell(row.fileBytes > 0 ? numberText(static_cast<double>(row.fileBytes) * 1e-6, "%.2f") : "–", true) +
                cell(numberText(static_cast<double>(row.modelBytes) * 1e-6, "%.2f"), true) +
                cell(numberText(row.int8Share * 100, "%.0f"), true) +
                cell(numberText(row.resolveSeconds, "%.1f"), true) + cell(escape(row.failure)) + "</tr>\n";
    }
    body += "</table>\n<p class=note>";
    if (classes)
        body += "Agreement: share of images with the float network's top-1. In brackets: 95 % intervals (Wilson). KL "
                "and SQNR: logits against the float network's. ";
    body +=
        "Coverage says which sites are quantized; the rest computes in float. int8: "
        "share of the multiply-accumulates that run in integer kernels of ONNX Runtime once exported. Search: time "
        "to choose all ranges and parameters, without the calibration pass.</p>\n";
    return page("Quantoscope comparison: " + escape(comparison.model), body);
}

} // namespace qs::report
