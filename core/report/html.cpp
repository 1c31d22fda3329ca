#include "core/report/report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace qs::report {

namespace {

using nlohmann::json;

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --line: #8886; --bar: #35618f; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
th { background: var(--soft); } td.n, th.n { text-align: right; }
.bar { display: inline-block; height: .7em; background: var(--bar); border-radius: 2px; }
p.note { opacity: .75; }
)";

std::string escape(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string formatted(double value, const char* format)
{
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

/// The number under `key`, scaled, or a dash where it is absent or null.
std::string number(const json& object, const char* key, const char* format, double factor = 1)
{
    const auto it = object.find(key);
    return it != object.end() && it->is_number() ? formatted(it->get<double>() * factor, format) : "–";
}

std::string textOf(const json& object, const char* key)
{
    const auto it = object.find(key);
    if (it == object.end() || it->is_null())
        return "";
    return escape(it->is_string() ? it->get<std::string>() : it->dump());
}

struct Column {
    const char* title;
    bool numeric;
};

std::string tableHead(std::initializer_list<Column> columns)
{
    std::string html = "<table><tr>";
    for (const auto& column : columns)
        html += std::string("<th") + (column.numeric ? " class=n>" : ">") + column.title + "</th>";
    return html + "</tr>\n";
}

std::string cell(const std::string& text, bool numeric = false)
{
    return (numeric ? "<td class=n>" : "<td>") + text + "</td>";
}

std::string evaluationsHtml(const json& evaluations)
{
    std::string html = "<h2>Accuracy</h2>\n" + tableHead({{"network", false},
                                                          {"W bits", true},
                                                          {"A bits", true},
                                                          {"top-1 %", true},
                                                          {"top-5 %", true},
                                                          {"agreement %", true},
                                                          {"logit SQNR dB", true},
                                                          {"size MB", true},
                                                          {"images", true},
                                                          {"coverage", false}});
    for (const auto& e : evaluations) {
        const std::string preset = textOf(e, "preset");
        html += "<tr>" + cell(preset.empty() ? "float" : preset) + cell(number(e, "mean_weight_bits", "%.1f"), true) +
                cell(number(e, "mean_activation_bits", "%.1f"), true) + cell(number(e, "top1", "%.1f", 100), true) +
                cell(number(e, "top5", "%.1f", 100), true) + cell(number(e, "agreement", "%.1f", 100), true) +
                cell(number(e, "logit_sqnr_db", "%.1f"), true) + cell(number(e, "model_bytes", "%.2f", 1e-6), true) +
                cell(number(e, "images", "%.0f"), true) + cell(textOf(e, "coverage")) + "</tr>\n";
    }
    return html + "</table>\n<p class=note>Agreement: share of images with the float network's top-1. Coverage says "
                  "which sites are quantized; the rest computes in float.</p>\n";
}

std::string sitesHtml(const json& sites)
{
    double best = 1;
    for (const auto& s : sites)
        if (s.contains("sqnr_db") && s["sqnr_db"].is_number())
            best = std::max(best, s["sqnr_db"].get<double>());
    std::string html = "<h2>Sites</h2>\n<p class=note>Isolated error: only this site quantized.</p>\n" +
                       tableHead({{"site", false},
                                  {"role", false},
                                  {"bits", true},
                                  {"range", true},
                                  {"clipped %", true},
                                  {"SQNR dB", true},
                                  {"", false}});
    for (const auto& s : sites) {
        const double sqnr = s.contains("sqnr_db") && s["sqnr_db"].is_number() ? s["sqnr_db"].get<double>() : 0;
        const std::string bar =
            "<span class=bar style=\"width:" + formatted(8 * std::max(0.0, sqnr) / best, "%.2f") + "rem\"></span>";
        html += "<tr>" + cell(textOf(s, "site")) + cell(textOf(s, "role")) + cell(number(s, "bits", "%.0f"), true) +
                cell(number(s, "low", "%.3g") + " … " + number(s, "high", "%.3g"), true) +
                cell(number(s, "clipped_share", "%.2f", 100), true) + cell(number(s, "sqnr_db", "%.1f"), true) +
                cell(bar) + "</tr>\n";
    }
    return html + "</table>\n";
}

std::string exportHtml(const json& exported)
{
    std::string html = "<h2>Export</h2>\n<p>" + textOf(exported, "path") + ", " +
                       number(exported, "file_bytes", "%.2f", 1e-6) + " MB, opset " + textOf(exported, "opset") +
                       ", " + number(exported, "int8_mac_share", "%.1f", 100) +
                       " % of the multiply-accumulates run as int8 kernels in ONNX Runtime (CPU).</p>\n";
    if (const auto it = exported.find("verified"); it != exported.end())
        html += "<p>Re-loaded and compared on " + number(*it, "images", "%.0f") + " images: top-1 equal on " +
                number(*it, "top1_agreement", "%.1f", 100) + " %, " +
                (it->value("passed", false) ? "passed" : "NOT passed") + ".</p>\n";
    html +=
        tableHead({{"node", false}, {"operator", false}, {"runs in", false}, {"because", false}, {"MMACs", true}});
    for (const auto& n : exported.value("nodes", json::array()))
        html += "<tr>" + cell(textOf(n, "node")) + cell(textOf(n, "op")) + cell(textOf(n, "precision")) +
                cell(textOf(n, "reason")) + cell(number(n, "macs", "%.2f", 1e-6), true) + "</tr>\n";
    return html + "</table>\n";
}

} // namespace

Result<std::string> htmlReport(std::string_view text)
{
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded())
        return fail(ErrorCode::Malformed, "not JSON");
    json evaluations;
    if (document.is_object() && document.contains("evaluations"))
        evaluations = document["evaluations"];
    else if (document.is_object() && document.contains("agreement"))
        evaluations = json::array({document});
    const auto isObject = [](const json& e) { return e.is_object(); };
    if (!evaluations.is_array() || !std::all_of(evaluations.begin(), evaluations.end(), isObject))
        return fail(ErrorCode::InvalidArgument,
                    "holds neither an evaluation nor a list of them (keys 'agreement' or 'evaluations')");

    std::string title = "Quantoscope report";
    if (const auto model = document.find("model"); model != document.end())
        title += ": " + (model->is_object() ? textOf(*model, "file") : textOf(document, "model"));
    std::string html = "<!doctype html>\n<html lang=en><meta charset=utf-8><title>" + title + "</title><style>" +
                       kStyle + "</style>\n<h1>" + title + "</h1>\n" + evaluationsHtml(evaluations);
    if (const auto it = document.find("export"); it != document.end() && it->is_object())
        html += exportHtml(*it);
    if (const auto it = document.find("sites"); it != document.end() && it->is_array())
        html += sitesHtml(*it);
    return html + "</html>\n";
}

} // namespace qs::report
