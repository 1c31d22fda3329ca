#include "core/report/results.h"

#include "core/quant/evaluation_json.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace qs::report {

namespace {

nlohmann::json finite(double value)
{
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

nlohmann::json siteToJson(const graph::Site& site, const quant::SitePlan& plan)
{
    return {{"site", site.name},
            {"role", graph::roleName(site.role)},
            {"block", site.block},
            {"kind", site.kind == graph::SiteKind::Weight ? "weight" : "activation"},
            {"bits", plan.quantized() ? plan.settings.bits : quant::kFloatBits},
            {"scheme", plan.settings.scheme == quant::Scheme::Symmetric ? "symmetric" : "asymmetric"},
            {"low", finite(plan.range.low)},
            {"high", finite(plan.range.high)},
            {"sqnr_db", plan.quantized() ? finite(plan.error.sqnrDb) : nlohmann::json()},
            {"clipped_share", plan.error.clippedShare},
            {"output_error", finite(plan.error.outputError)}};
}

std::string_view precisionName(onnx::Precision precision)
{
    switch (precision) {
    case onnx::Precision::Int8:
        return "int8";
    case onnx::Precision::Float:
        return "float";
    case onnx::Precision::Moves:
        return "moves data";
    }
    return "";
}

/// `scores`: the outputs are class scores; otherwise nothing is said of the largest.
nlohmann::json verifiedToJson(const onnx::VerifyReport& verified, bool scores)
{
    nlohmann::json opinions = nlohmann::json::array();
    for (const auto& opinion : verified.opinions) {
        nlohmann::json json = {{"judge", opinion.judge},
                               {"question", opinion.question},
                               {"images", opinion.images},
                               {"max_difference", opinion.maxDifference},
                               {"sqnr_db", finite(opinion.sqnrDb)},
                               {"own_sqnr_db", finite(opinion.ownSqnrDb)},
                               {"passed", opinion.passed}};
        if (opinion.scores) {
            json["top1_agreement"] = opinion.top1Agreement;
            json["own_top1_agreement"] = opinion.ownAgreement;
        }
        opinions.push_back(std::move(json));
    }
    nlohmann::json json = {{"images", verified.images},
                           {"passed", verified.passed},
                           {"logit_sqnr_db", finite(verified.logitSqnrDb)},
                           {"weights_compared", verified.weightsCompared},
                           {"opinions", std::move(opinions)}};
    if (scores)
        json["top1_agreement"] = verified.top1Agreement;
    return json;
}

nlohmann::json exportToJson(const onnx::ExportReport& report)
{
    nlohmann::json nodes = nlohmann::json::array();
    for (const auto& node : report.nodes)
        nodes.push_back({{"node", node.node},
                         {"op", node.op},
                         {"layer", node.layer},
                         {"precision", precisionName(node.precision)},
                         {"reason", node.reason},
                         {"macs", node.macs}});
    return {{"path", report.path.string()}, {"file_bytes", report.fileBytes},
            {"opset", report.opset},        {"int8_mac_share", report.int8MacShare()},
            {"warnings", report.warnings},  {"nodes", std::move(nodes)}};
}

} // namespace

nlohmann::json resultsToJson(const Results& results)
{
    nlohmann::json json = {{"format", "quantoscope-results"}, {"version", 1}};
    if (results.model) {
        const auto& info = results.model->info;
        json["model"] = {{"file", info.path.filename().string()},
                         {"hash", info.hash},
                         {"file_bytes", info.fileBytes},
                         {"parameters", info.parameters},
                         {"blocks", results.model->sites.blocks()},
                         {"sites", results.model->sites.size()}};
    }
    json["evaluations"] = nlohmann::json::array();
    for (const auto& evaluation : results.evaluations)
        json["evaluations"].push_back(nlohmann::json(quant::evaluationJson(evaluation)));
    if (results.model && results.plan) {
        json["sites"] = nlohmann::json::array();
        for (const auto& site : results.model->sites)
            if (site.coverage <= results.plan->recipe.coverage)
                json["sites"].push_back(siteToJson(site, (*results.plan)[site.id]));
    }
    if (results.exported)
        json["export"] = exportToJson(*results.exported);
    if (results.exported && results.verified)
        json["export"]["verified"] =
            verifiedToJson(*results.verified, !results.model || results.model->info.classes > 0);
    return json;
}

} // namespace qs::report
