#include "core/report/page.h"
#include "core/report/report.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace qs::report {

namespace {

using nlohmann::json;

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

std::string evaluationsHtml(const json& evaluations)
{
    std::string html = "<h2>Accuracy</h2>\n" + tableHead({{"network", false},
                                                          {"W bits", true},
                                                          {"A bits", true},
                                                          {"top-1 %", true},
                                                          {"top-5 %", true},
                                                          {"agreement %", true},
                                                          {"logit SQNR dB", true},
                                                          {"packed MB", true},
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
    if (const auto it = exported.find("verified"); it != exported.end()) {
        html += "<p>Re-loaded and compared on " + number(*it, "images", "%.0f") + " images: top-1 equal on " +
                number(*it, "top1_agreement", "%.1f", 100) + " %, " +
                (it->value("passed", false) ? "passed" : "NOT passed") + ".</p>\n";
        for (const auto& o : it->value("opinions", json::array()))
            html += "<p>" + textOf(o, "judge") + " on the " + textOf(o, "question") + ", " +
                    number(o, "images", "%.0f") + " images: top-1 equal on " +
                    number(o, "top1_agreement", "%.1f", 100) + " %, SQNR " + number(o, "sqnr_db", "%.1f") +
                    " dB.</p>\n";
    }
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
    std::string body = evaluationsHtml(evaluations);
    if (const auto it = document.find("export"); it != document.end() && it->is_object())
        body += exportHtml(*it);
    if (const auto it = document.find("sites"); it != document.end() && it->is_array())
        body += sitesHtml(*it);
    return page(title, body);
}

} // namespace qs::report
