#include "core/report/html.h"
#include "core/base/number_text.h"
#include "core/report/results.h"

#include "core/base/json_reader.h"
#include "core/quant/task_json.h"
#include "core/report/page.h"

#include <algorithm>
#include <map>

namespace qs::report {

namespace {

/// The number, scaled, or a dash where there is none.
std::string number(const JsonReader& value, const char* format, double factor = 1)
{
    return value.present() ? numberText(value.anyNumber(0) * factor, format) : "–";
}

std::string textOf(const JsonReader& value)
{
    return escape(value.text());
}

/// What was evaluated: the state of a session, the preset, or the float network.
std::string networkOf(const JsonReader& evaluation)
{
    if (evaluation["state"].present())
        return textOf(evaluation["state"]);
    const std::string preset = textOf(evaluation["preset"]);
    return preset.empty() ? "float" : preset;
}

/// Bits come first in every table of networks, and size, images and coverage last.
std::string networkAndBits(const JsonReader& e)
{
    return cell(networkOf(e)) + cell(number(e["mean_weight_bits"], "%.1f"), true) +
           cell(number(e["mean_activation_bits"], "%.1f"), true);
}
std::string sizeAndImages(const JsonReader& e)
{
    return cell(number(e["logit_sqnr_db"], "%.1f"), true) + cell(number(e["model_bytes"], "%.2f", 1e-6), true) +
           cell(number(e["images"], "%.0f"), true) + cell(textOf(e["coverage"])) + cell(textOf(e["note"]));
}
std::string networksHead(const std::vector<std::string>& figures, const char* sqnr)
{
    std::vector<Column> columns{{"network", false}, {"W bits", true}, {"A bits", true}};
    for (const std::string& figure : figures)
        columns.push_back({figure, true});
    columns.insert(columns.end(),
                   {{sqnr, true}, {"packed MB", true}, {"images", true}, {"coverage", false}, {"", false}});
    return tableHead(columns);
}

std::string classesHtml(const std::vector<JsonReader>& evaluations)
{
    std::string html = networksHead({"top-1 %", "top-5 %", "agreement %"}, "logit SQNR dB");
    for (const JsonReader& e : evaluations)
        html += "<tr>" + networkAndBits(e) + cell(number(e["top1"], "%.1f", 100), true) +
                cell(number(e["top5"], "%.1f", 100), true) + cell(number(e["agreement"], "%.1f", 100), true) +
                sizeAndImages(e) + "</tr>\n";
    return html + "</table>\n<p class=note>Agreement: share of images with the float network's top-1. Coverage says "
                  "which sites are quantized; the rest computes in float.</p>\n";
}

/// Of a task that is no classification: all its figures, the headline with its interval. The first line names them.
std::string figuresHtml(const std::vector<JsonReader>& evaluations)
{
    std::vector<std::string> titles;
    for (const JsonReader& figure : evaluations.front()["figures"].items())
        titles.push_back(escape(quant::figureFrom(figure).title));
    std::string html = networksHead(titles, "SQNR dB");
    for (const JsonReader& e : evaluations) {
        html += "<tr>" + networkAndBits(e);
        const std::vector<JsonReader> figures = e["figures"].items();
        for (std::size_t i = 0; i < titles.size(); ++i) {
            tasks::Figure figure = i < figures.size() ? quant::figureFrom(figures[i]) : tasks::Figure{};
            if (i > 0)
                figure.interval.reset();
            html += cell(i < figures.size() ? escape(tasks::figureText(figure)) : "–", true);
        }
        html += sizeAndImages(e) + "</tr>\n";
    }
    return html +
           "</table>\n<p class=note>In brackets: 95 % intervals over the images. Coverage says which sites are "
           "quantized; the rest computes in float.</p>\n";
}

std::string evaluationsHtml(const std::vector<JsonReader>& evaluations)
{
    std::vector<JsonReader> classes;
    std::map<std::string, std::vector<JsonReader>> others; // by task
    for (const JsonReader& e : evaluations)
        (e.required()["scores"].flag(true) ? classes : others[e["task"].text()]).push_back(e);
    std::string html = "<h2>Accuracy</h2>\n";
    if (!classes.empty() || others.empty())
        html += classesHtml(classes);
    for (const auto& [task, lines] : others)
        html += figuresHtml(lines);
    return html;
}

/// What makes the figures doubtful, each once.
std::string doubtsHtml(const std::vector<JsonReader>& evaluations, const JsonReader& notes)
{
    std::vector<std::string> lines;
    const auto add = [&](std::string line) {
        if (std::ranges::find(lines, line) == lines.end())
            lines.push_back(std::move(line));
    };
    for (const JsonReader& note : notes.items())
        add(textOf(note));
    for (const JsonReader& e : evaluations)
        for (const JsonReader& doubt : e["doubts"].items()) {
            const std::string cure = textOf(doubt["cure"]);
            add(textOf(doubt["message"]) + (cure.empty() ? "" : ": " + cure));
        }
    std::string html;
    for (const std::string& line : lines)
        html += "<p class=note>" + line + "</p>\n";
    return html;
}

std::string sitesHtml(const std::vector<JsonReader>& sites)
{
    double best = 1;
    for (const JsonReader& s : sites)
        best = std::max(best, s["sqnr_db"].number(0));
    std::string html = "<h2>Sites</h2>\n<p class=note>Isolated error: only this site quantized.</p>\n" +
                       tableHead({{"site", false},
                                  {"role", false},
                                  {"bits", true},
                                  {"range", true},
                                  {"clipped %", true},
                                  {"SQNR dB", true},
                                  {"", false}});
    for (const JsonReader& s : sites) {
        const std::string bar =
            "<span class=bar style=\"width:" + numberText(8 * std::max(0.0, s["sqnr_db"].number(0)) / best, "%.2f") +
            "rem\"></span>";
        html += "<tr>" + cell(textOf(s["site"])) + cell(textOf(s["role"])) + cell(number(s["bits"], "%.0f"), true) +
                cell(number(s["low"], "%.3g") + " … " + number(s["high"], "%.3g"), true) +
                cell(number(s["clipped_share"], "%.2f", 100), true) + cell(number(s["sqnr_db"], "%.1f"), true) +
                cell(bar) + "</tr>\n";
    }
    return html + "</table>\n";
}

/// Of class scores; nothing where the largest output means nothing.
std::string topEqual(const JsonReader& comparison)
{
    const JsonReader share = comparison["top1_agreement"];
    return share.present() ? "top-1 equal on " + number(share, "%.1f", 100) + " %, " : "";
}

std::string exportHtml(const JsonReader& exported)
{
    std::string html = "<h2>Export</h2>\n<p>" + textOf(exported["path"]) + ", " +
                       number(exported["file_bytes"], "%.2f", 1e-6) + " MB, opset " +
                       number(exported["opset"], "%.0f") + ", " + number(exported["int8_mac_share"], "%.1f", 100) +
                       " % of the multiply-accumulates run as int8 kernels in ONNX Runtime (CPU).</p>\n";
    if (const JsonReader verified = exported["verified"]; verified.present()) {
        html += "<p>Re-loaded and compared on " + number(verified["images"], "%.0f") +
                " images: " + topEqual(verified) + (verified["passed"].flag(false) ? "passed" : "NOT passed") +
                ".</p>\n";
        for (const JsonReader& o : verified["opinions"].items())
            html += "<p>" + textOf(o["judge"]) + " on the " + textOf(o["question"]) + ", " +
                    number(o["images"], "%.0f") + " images: " + topEqual(o) + "SQNR " + number(o["sqnr_db"], "%.1f") +
                    " dB.</p>\n";
    }
    html +=
        tableHead({{"node", false}, {"operator", false}, {"runs in", false}, {"because", false}, {"MMACs", true}});
    for (const JsonReader& n : exported["nodes"].items())
        html += "<tr>" + cell(textOf(n["node"])) + cell(textOf(n["op"])) + cell(textOf(n["precision"])) +
                cell(textOf(n["reason"])) + cell(number(n["macs"], "%.2f", 1e-6), true) + "</tr>\n";
    return html + "</table>\n";
}

} // namespace

Result<std::string> htmlReport(std::string_view text)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    return htmlReport(file);
}

Result<std::string> htmlReport(const JsonReader& file)
{
    if (!file.isObject() ||
        !(file["evaluations"].present() || file["agreement"].present() || file["figures"].present()))
        return fail(ErrorCode::InvalidArgument,
                    "holds neither an evaluation nor a list of them (keys 'agreement' or 'evaluations')");
    const std::vector<JsonReader> evaluations =
        file["evaluations"].present() ? file["evaluations"].items() : std::vector{file};

    std::string title = "Quantoscope report";
    if (const JsonReader model = file["model"]; model.present())
        title += ": " + textOf(model.isObject() ? model["file"] : model);
    std::string body = evaluationsHtml(evaluations) + doubtsHtml(evaluations, file["notes"]);
    if (file["export"].present())
        body += exportHtml(file["export"]);
    if (file["sites"].present())
        body += sitesHtml(file["sites"].items());
    return file.finish(page(title, body));
}

} // namespace qs::report
