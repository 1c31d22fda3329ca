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
                         {"kind", site.kind == graph::SiteKind::Weight ? "weight" : "activation"},
                         {"shape", std::vector<int64_t>(site.shape.begin(), site.shape.end())},
                         {"layer", site.layer},
                         {"node", site.nodeName},
                         {"tensor", site.valueName},
                         {"coverage", site.coverage == graph::Coverage::Full ? "full" : "matmul"},
                         {"macs", site.macs}});
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
            {"sites", std::move(sites)}};
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
    std::printf("  %zu sites, %d blocks\n\n", model.sites.size(), model.sites.blocks());
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
