#include "core/quant/recipe_json.h"
#include "core/report/comparison.h"
#include "core/report/page.h"
#include "core/stats/proportion.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace qs::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr const char* kFormat = "quantoscope-comparison";

const char* coverageName(graph::Coverage coverage)
{
    return coverage == graph::Coverage::Full ? "full" : "matmul";
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
              {"agreement", row.agreement},
              {"kl_divergence", row.klDivergence},
              {"logit_sqnr_db", row.logitSqnrDb}, // null where infinite
              {"mean_weight_bits", row.meanWeightBits},
              {"mean_activation_bits", row.meanActivationBits},
              {"model_bytes", row.modelBytes},
              {"int8_mac_share", row.int8Share},
              {"resolve_seconds", row.resolveSeconds},
              {"evaluate_seconds", row.evaluateSeconds}};
    if (row.top1)
        json["top1"] = *row.top1;
    if (row.labelled > 0)
        json["labelled"] = row.labelled;
    if (row.fileBytes > 0)
        json["file_bytes"] = row.fileBytes;
    if (row.found)
        json["recipe"] = Json::parse(quant::recipeToJson(*row.found));
    return json;
}

Result<ComparisonRow> rowFrom(const Json& json)
{
    ComparisonRow row;
    json.at("key").get_to(row.key);
    json.at("method").get_to(row.method);
    json.at("calibration").get_to(row.calibration);
    json.at("calibration_images").get_to(row.calibrationImages);
    json.at("weight_bits").get_to(row.weightBits);
    json.at("activation_bits").get_to(row.activationBits);
    row.coverage = json.at("coverage") == "full" ? graph::Coverage::Full : graph::Coverage::MatMul;
    json.at("failure").get_to(row.failure);
    json.at("agreement").get_to(row.agreement);
    json.at("kl_divergence").get_to(row.klDivergence);
    row.logitSqnrDb = json.at("logit_sqnr_db").is_null() ? INFINITY : json["logit_sqnr_db"].get<double>();
    json.at("mean_weight_bits").get_to(row.meanWeightBits);
    json.at("mean_activation_bits").get_to(row.meanActivationBits);
    json.at("model_bytes").get_to(row.modelBytes);
    json.at("int8_mac_share").get_to(row.int8Share);
    json.at("resolve_seconds").get_to(row.resolveSeconds);
    json.at("evaluate_seconds").get_to(row.evaluateSeconds);
    if (json.contains("top1"))
        row.top1 = json["top1"].get<double>();
    row.labelled = json.value("labelled", std::size_t{0}); // files of before have neither
    row.fileBytes = json.value("file_bytes", std::size_t{0});
    if (json.contains("recipe")) {
        QS_ASSIGN(row.found, quant::recipeFromJson(json["recipe"].dump()));
    }
    return row;
}

/// "66.7 (58.8 to 73.7)"
std::string top1WithInterval(const ComparisonRow& row, std::size_t images)
{
    const std::size_t labelled = row.labelled > 0 ? row.labelled : images;
    const stats::Interval interval = stats::wilson(stats::hitsOf(*row.top1, labelled), labelled);
    return formatted(*row.top1 * 100, "%.1f") + " (" + formatted(interval.low * 100, "%.1f") + " to " +
           formatted(interval.high * 100, "%.1f") + ")";
}

std::string quoted(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string out = "\"";
    for (const char c : text)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

} // namespace

std::string comparisonToJson(const Comparison& comparison)
{
    Json json{{"format", kFormat},           {"version", kVersion},
              {"model", comparison.model},   {"model_hash", comparison.modelHash},
              {"images", comparison.images}, {"images_hash", comparison.imagesHash}};
    if (comparison.floatTop1)
        json["float_top1"] = *comparison.floatTop1;
    json["rows"] = Json::array();
    for (const ComparisonRow& row : comparison.rows)
        json["rows"].push_back(toJson(row));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Comparison> comparisonFromJson(std::string_view text)
try {
    const Json json = Json::parse(text);
    if (!json.is_object() || json.value("format", "") != kFormat)
        return fail(ErrorCode::InvalidArgument, "is not a comparison");
    if (json.value("version", 0) != kVersion)
        return fail(ErrorCode::Unsupported, "is a comparison of another version");
    Comparison comparison;
    json.at("model").get_to(comparison.model);
    json.at("model_hash").get_to(comparison.modelHash);
    json.at("images").get_to(comparison.images);
    json.at("images_hash").get_to(comparison.imagesHash);
    if (json.contains("float_top1"))
        comparison.floatTop1 = json["float_top1"].get<double>();
    for (const Json& line : json.at("rows")) {
        QS_ASSIGN(auto row, rowFrom(line));
        comparison.rows.push_back(std::move(row));
    }
    return comparison;
} catch (const Json::exception& error) {
    return fail(ErrorCode::Malformed, error.what());
}

std::string comparisonToCsv(const Comparison& comparison)
{
    std::string csv =
        "method,weight_bits,activation_bits,coverage,calibration,calibration_images,images,top1_percent,"
        "float_top1_percent,agreement_percent,kl_nats,logit_sqnr_db,mean_weight_bits,"
        "mean_activation_bits,packed_bytes,file_bytes,int8_mac_percent,resolve_seconds,evaluate_seconds,failure\n";
    for (const ComparisonRow& row : comparison.rows) {
        const auto number = [&](double value, const char* format) { csv += ',' + formatted(value, format); };
        csv += quoted(row.method) + ',' + std::to_string(row.weightBits) + ',' + std::to_string(row.activationBits) +
               ',' + coverageName(row.coverage) + ',' + quoted(row.calibration) + ',' +
               std::to_string(row.calibrationImages) + ',' + std::to_string(comparison.images) + ',' +
               (row.top1 ? formatted(*row.top1 * 100, "%.2f") : "") + ',' +
               (comparison.floatTop1 ? formatted(*comparison.floatTop1 * 100, "%.2f") : "");
        number(row.agreement * 100, "%.2f");
        number(row.klDivergence, "%.5f");
        number(row.logitSqnrDb, "%.2f");
        number(row.meanWeightBits, "%.3f");
        number(row.meanActivationBits, "%.3f");
        csv += ',' + std::to_string(row.modelBytes) + ',' +
               (row.fileBytes > 0 ? std::to_string(row.fileBytes) : std::string());
        number(row.int8Share * 100, "%.1f");
        number(row.resolveSeconds, "%.2f");
        number(row.evaluateSeconds, "%.2f");
        csv += ',' + quoted(row.failure) + '\n';
    }
    return csv;
}

std::string comparisonToHtml(const Comparison& comparison)
{
    std::string body = "<p>" + std::to_string(comparison.images) + " images";
    if (comparison.floatTop1)
        body += ", float top-1 " + formatted(*comparison.floatTop1 * 100, "%.2f") + " %";
    body += ".</p>\n" + tableHead({{"method", false},
                                   {"W", true},
                                   {"A", true},
                                   {"coverage", false},
                                   {"calibration", false},
                                   {"top-1 %", true},
                                   {"agreement %", true},
                                   {"KL nats", true},
                                   {"logit SQNR dB", true},
                                   {"file MB", true},
                                   {"packed MB", true},
                                   {"int8 %", true},
                                   {"search s", true},
                                   {"", false}});
    for (const ComparisonRow& row : comparison.rows) {
        const std::string calibration = (row.calibration.empty() ? "" : escape(row.calibration) + ", ") +
                                        std::to_string(row.calibrationImages) + " images";
        body += "<tr>" + cell(escape(row.method)) + cell(std::to_string(row.weightBits), true) +
                cell(std::to_string(row.activationBits), true) + cell(coverageName(row.coverage)) +
                cell(calibration) + cell(row.top1 ? top1WithInterval(row, comparison.images) : "–", true) +
                cell(formatted(row.agreement * 100, "%.1f"), true) + cell(formatted(row.klDivergence, "%.4f"), true) +
                cell(formatted(row.logitSqnrDb, "%.1f"), true) +
                cell(row.fileBytes > 0 ? formatted(static_cast<double>(row.fileBytes) * 1e-6, "%.2f") : "–", true) +
                cell(formatted(static_cast<double>(row.modelBytes) * 1e-6, "%.2f"), true) +
                cell(formatted(row.int8Share * 100, "%.0f"), true) +
                cell(formatted(row.resolveSeconds, "%.1f"), true) + cell(escape(row.failure)) + "</tr>\n";
    }
    body +=
        "</table>\n<p class=note>Agreement: share of images with the float network's top-1. In brackets: 95 % "
        "intervals (Wilson). KL and SQNR: logits "
        "against the float network's. Coverage says which sites are quantized; the rest computes in float. int8: "
        "share of the multiply-accumulates that run in integer kernels of ONNX Runtime once exported. Search: time "
        "to choose all ranges and parameters, without the calibration pass.</p>\n";
    return page("Quantoscope comparison: " + escape(comparison.model), body);
}

} // namespace qs::report
