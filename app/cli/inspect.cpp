#include "app/cli/common.h"
#include "core/base/file.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace qs::cli {

namespace {

nlohmann::json toJson(const onnx::Model& model)
{
    nlohmann::json sites = nlohmann::json::array();
    for (const auto& site : model.sites)
        sites.push_back({{"name", site.name},
                         {"role", graph::roleName(site.role)},
                         {"block", site.block},
                         {"bridge", site.bridge},
                         {"kind", site.kind == graph::SiteKind::Weight ? "weight" : "activation"},
                         {"shape", std::vector<int64_t>(site.shape.begin(), site.shape.end())},
                         {"layer", site.layer},
                         {"node", site.nodeName},
                         {"tensor", site.valueName},
                         {"coverage", site.coverage == graph::Coverage::Full ? "full" : "matmul"},
                         {"macs", site.macs}});
    nlohmann::json bridges = nlohmann::json::array();
    for (std::size_t b = 0; b < model.sites.bridges().size(); ++b) {
        const graph::BridgeBlock& bridge = model.sites.bridges()[b];
        nlohmann::json entry{{"kind", graph::bridgeKindName(bridge.kind)},
                             {"block", bridge.block},
                             {"output", model.graph.value(bridge.output).name},
                             {"nodes", nlohmann::json::array()},
                             {"sites", nlohmann::json::array()}};
        for (const NodeId node : bridge.nodes)
            entry["nodes"].push_back(model.graph.node(node).name);
        for (const SiteId site : model.sites.ofBridge(static_cast<int>(b)))
            entry["sites"].push_back(model.sites[site].name);
        bridges.push_back(std::move(entry));
    }
    const auto& info = model.info;
    return {{"model", info.path.string()},
            {"hash", info.hash},
            {"opset", info.opset},
            {"ir_version", info.irVersion},
            {"producer", info.producer},
            {"file_bytes", info.fileBytes},
            {"nodes", info.fileNodes},
            {"parameters", info.parameters},
            {"dynamic_batch", info.dynamicBatch},
            {"input", {info.channels, info.height, info.width}},
            {"classes", info.classes},
            {"blocks", model.sites.blocks()},
            {"bridges", std::move(bridges)},
            {"sites", std::move(sites)}};
}

/// "  bridge 0, entry: conv, conv2 (12 nodes) -> /stages.2/Reshape_1_output_0"
void printBridge(const onnx::Model& model, int number)
{
    const graph::BridgeBlock& bridge = model.sites.bridges()[static_cast<std::size_t>(number)];
    std::string layers;
    for (const SiteId id : model.sites.ofBridge(number))
        if (model.sites[id].kind == graph::SiteKind::Weight)
            layers += (layers.empty() ? "" : ", ") + model.sites[id].layer;
    std::printf("  bridge %d, %s: %s (%zu nodes) -> %s\n", number,
                std::string(graph::bridgeKindName(bridge.kind)).c_str(), layers.c_str(), bridge.nodes.size(),
                model.graph.value(bridge.output).name.c_str());
}

void print(const onnx::Model& model)
{
    const auto& info = model.info;
    std::printf("%s\n  opset %lld, %zu nodes, %.2f M parameters, %.1f MB, input %lld×%lld×%lld, %lld classes%s\n",
                info.path.c_str(), static_cast<long long>(info.opset), info.fileNodes,
                static_cast<double>(info.parameters) * 1e-6, static_cast<double>(info.fileBytes) * 1e-6,
                static_cast<long long>(info.channels), static_cast<long long>(info.height),
                static_cast<long long>(info.width), static_cast<long long>(info.classes),
                info.dynamicBatch ? ", dynamic batch" : "");
    std::printf("  %zu sites, %d blocks, %zu bridge blocks\n", model.sites.size(), model.sites.blocks(),
                model.sites.bridges().size());
    for (std::size_t b = 0; b < model.sites.bridges().size(); ++b)
        printBridge(model, static_cast<int>(b));
    std::printf("\n");
    std::printf("%-28s %-16s %-6s %-11s %-16s %10s\n", "site", "role", "block", "kind", "shape", "MMACs");
    for (const auto& site : model.sites)
        if (site.coverage == graph::Coverage::MatMul)
            std::printf("%-28s %-16s %-6d %-11s %-16s %10.2f\n", site.name.c_str(),
                        std::string(graph::roleName(site.role)).c_str(), site.block,
                        site.kind == graph::SiteKind::Weight ? "weight" : "activation", site.shape.text().c_str(),
                        static_cast<double>(site.macs) * 1e-6);
}

} // namespace

Command addInspect(CLI::App& app)
{
    struct Options {
        std::string model, json;
    };
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "ONNX file")->required();
    app.add_option("--json", options->json, "Write the sites as JSON");
    return [options]() -> Result<void> {
        QS_ASSIGN(const auto model, onnx::importModel(options->model));
        for (const auto& warning : model.info.warnings)
            warn(warning);
        print(model);
        if (!options->json.empty())
            QS_CHECK(writeAtomically(options->json, toJson(model).dump(2) + "\n"));
        return {};
    };
}

} // namespace qs::cli
