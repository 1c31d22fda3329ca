#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/base/number_text.h"
#include "core/base/write_file.h"
#include "core/onnx/file_quantization.h"
#include "core/quant/doubts.h"
#include "core/quant/fold.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe_json.h"
#include "core/quant/smoothing.h"
#include "core/quant/zero_point.h"
#include "core/stats/calibrate.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string json, recipeOut;
    std::vector<int> bits{8};
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RunOptions run;
};

/// Where smoothing (SQ-b, RepQ-ViT) and noise of a site go so that the float network stays the same.
struct Folding {
    const char* place = "none"; ///< normalization, value, explicit or none
    std::string reason;         ///< why not folded, or why not at all
};

Folding foldingOf(const onnx::Model& model, const graph::Site& site)
{
    const auto target = quant::findFold(model, site);
    if (!target)
        return {"none", target.error().message};
    switch (target->place) {
    case quant::FoldPlace::LayerNorm:
        return {"normalization", ""};
    case quant::FoldPlace::Value:
        return {"value", ""};
    default:
        return {"explicit", target->reason};
    }
}

bool hasFolding(const graph::Site& site)
{
    return site.kind == graph::SiteKind::Activation && site.coverage == graph::Coverage::MatMul;
}

/// How many sites go where, and why the others do not.
void printFoldings(const onnx::Model& model)
{
    std::map<std::string, std::size_t> counts;
    for (const auto& site : model.sites) {
        if (!hasFolding(site))
            continue;
        const Folding folding = foldingOf(model, site);
        const std::string_view place = folding.place;
        ++counts[place == "normalization" ? "folded into the normalization before"
                 : place == "value"       ? "folded into the projection of V"
                 : place == "explicit"    ? "as an operation of its own: " + folding.reason
                                          : "not: " + folding.reason];
    }
    std::printf("\nsmoothing and noise, by activations\n");
    for (const auto& [what, count] : counts)
        std::printf("%6zu  %s\n", count, what.c_str());
}

/// What the plain rule, zero point = rne(-low / scale) of the range as it is, gives at so many bits.
struct ZeroPoints {
    int bits = 8;
    int ofTensor = 0;
    std::size_t overflowing = 0; ///< channels whose own zero point would not be a code
    bool isCode() const { return isCode(ofTensor); }
    bool isCode(int zeroPoint) const { return zeroPoint >= 0 && zeroPoint < 1 << bits; }
};

ZeroPoints zeroPointsOf(const stats::SiteStatistics& statistics, int bits)
{
    const auto plain = [&](double low, double high) {
        return quant::uniformNumbers(low, high, bits, quant::Scheme::Asymmetric, quant::ZeroPoint::Wide).zeroPoint;
    };
    ZeroPoints result{bits, plain(statistics.low(), statistics.high()), 0};
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c)
        result.overflowing += result.isCode(plain(statistics.minimum[c], statistics.maximum[c])) ? 0 : 1;
    return result;
}

nlohmann::json rangesOf(const stats::SiteStatistics& statistics, std::span<const int> widths)
{
    nlohmann::json zeroPoints = nlohmann::json::array();
    for (const int bits : widths) {
        const ZeroPoints found = zeroPointsOf(statistics, bits);
        zeroPoints.push_back({{"bits", bits},
                              {"zero_point", found.ofTensor},
                              {"overflows", !found.isCode()},
                              {"channels_overflowing", found.overflowing}});
    }
    return {{"low", statistics.low()},
            {"high", statistics.high()},
            {"channels", statistics.minimum.size()},
            {"dynamic_range", quant::zeroPointReport(statistics).dynamicRange},
            {"zero_points", std::move(zeroPoints)}};
}

nlohmann::json outputsToJson(const onnx::ModelInfo& info)
{
    nlohmann::json list = nlohmann::json::array();
    for (const auto& output : info.outputs)
        list.push_back({{"name", output.name},
                        {"type", dtypeName(output.dtype)},
                        {"shape", std::vector<int64_t>(output.shape.dims().begin(), output.shape.dims().end())},
                        {"meaning", output.meaning}});
    return list;
}

nlohmann::json toJson(const onnx::Model& model, const stats::Calibration* calibration, std::span<const int> widths)
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
    for (const auto& site : model.sites)
        if (hasFolding(site)) {
            const Folding folding = foldingOf(model, site);
            sites[site.id.index()]["smoothing"] = {{"place", folding.place}, {"reason", folding.reason}};
        }
    if (calibration)
        for (const auto& site : model.sites)
            if (const auto& statistics = calibration->sites[site.id.index()]; !statistics.minimum.empty())
                sites[site.id.index()]["ranges"] = rangesOf(statistics, widths);
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
    nlohmann::json quantized;
    if (info.quantization)
        quantized = {{"form", info.quantization->form},
                     {"summary", info.quantization->summary},
                     {"sites", info.quantization->sites},
                     {"notes", info.quantization->notes}};
    return {{"model", info.path.string()},
            {"quantized", std::move(quantized)},
            {"hash", info.hash},
            {"opset", info.opset},
            {"ir_version", info.irVersion},
            {"producer", info.producer},
            {"file_bytes", info.fileBytes},
            {"nodes", info.fileNodes},
            {"parameters", info.parameters},
            {"dynamic_batch", info.dynamicBatch},
            {"input", {info.channels, info.height, info.width}},
            {"input_bytes", info.bytes},
            {"input_channels_last", info.channelsLast},
            {"classes", info.classes},
            {"outputs", outputsToJson(info)},
            {"counted", info.counted},
            {"expanded", info.expanded},
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
    const std::string classes = info.classes > 0 ? std::to_string(info.classes) + " classes" : "no class scores";
    std::printf("%s\n  opset %lld, %zu nodes, %.2f M parameters, %.1f MB, input %lld×%lld×%lld, %s%s\n",
                info.path.c_str(), static_cast<long long>(info.opset), info.fileNodes,
                static_cast<double>(info.parameters) * 1e-6, static_cast<double>(info.fileBytes) * 1e-6,
                static_cast<long long>(info.channels), static_cast<long long>(info.height),
                static_cast<long long>(info.width), classes.c_str(), info.dynamicBatch ? ", dynamic batch" : "");
    for (const auto& output : info.outputs)
        if (info.outputs.size() > 1 || info.classes == 0)
            std::printf("  output %s%s: %s %s, %s\n", output.name.c_str(),
                        std::ranges::find(info.counted, output.name) != info.counted.end() ? " (counts)" : "",
                        std::string(dtypeName(output.dtype)).c_str(), output.shape.text().c_str(),
                        output.meaning.c_str());
    for (const auto& [op, count] : info.expanded)
        std::printf("  %d × %s expanded into simpler operators\n", count, op.c_str());
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

/// Ranges and zero points of the activations, and where these overflow.
void print(const onnx::Model& model, const stats::Calibration& calibration, std::span<const int> widths)
{
    std::printf(
        "\nranges of %zu calibration images. dynamic range: widest over narrowest channel. z: zero point of the "
        "plain rule rne(-low / scale), ! where it is no code; over: channels whose own is none\n\n"
        "%-28s %-6s %10s %10s %13s",
        calibration.images, "activation", "bridge", "low", "high", "dynamic range");
    for (const int bits : widths)
        std::printf("  %8s %8s", ("A" + std::to_string(bits) + " z").c_str(), "over");
    std::printf("\n");
    std::vector<std::size_t> overflowing(widths.size());
    std::size_t sites = 0;
    for (const auto& site : model.sites) {
        const stats::SiteStatistics& statistics = calibration.sites[site.id.index()];
        if (site.coverage != graph::Coverage::MatMul || statistics.minimum.empty())
            continue;
        ++sites;
        std::printf("%-28s %-6s %s %s %13.4g", site.name.c_str(),
                    site.bridge >= 0 ? std::to_string(site.bridge).c_str() : "",
                    numberText(statistics.low(), "%10.4g").c_str(), numberText(statistics.high(), "%10.4g").c_str(),
                    quant::zeroPointReport(statistics).dynamicRange);
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const ZeroPoints found = zeroPointsOf(statistics, widths[i]);
            overflowing[i] += found.isCode() ? 0 : 1;
            std::printf(
                "  %8s %8s", (std::to_string(found.ofTensor) + (found.isCode() ? " " : "!")).c_str(),
                (std::to_string(found.overflowing) + "/" + std::to_string(statistics.minimum.size())).c_str());
        }
        std::printf("\n");
    }
    for (std::size_t i = 0; i < widths.size(); ++i)
        std::printf("%s%zu of %zu zero points overflow at A%d", i == 0 ? "" : ", ", overflowing[i], sites, widths[i]);
    std::printf("\n");
}

/// What the file did, and what a recipe cannot say of it.
void print(const onnx::FileQuantization& file)
{
    constexpr std::size_t kShown = 12;
    std::printf("\nalready quantized (%s): %s\n%6zu  sites are quantized by its recipe (--recipe-out)\n",
                file.form.c_str(), file.summary.c_str(), file.sites);
    std::printf("%6zu  things that the recipe cannot say%s\n", file.notes.size(), file.notes.empty() ? "" : ":");
    for (std::size_t i = 0; i < file.notes.size() && i < kShown; ++i)
        std::printf("        %s\n", file.notes[i].c_str());
    if (file.notes.size() > kShown)
        std::printf("        and %zu more (--json lists all)\n", file.notes.size() - kShown);
}

Result<void> inspect(const Options& options)
{
    QS_ASSIGN(const auto model, options.model.open());
    for (const auto& warning : model.info.warnings)
        warn(warning);
    std::shared_ptr<const stats::Calibration> calibration;
    std::vector<Doubt> doubts = model.info.assumed;
    if (options.calibration.given()) {
        Run run(options.run);
        QS_ASSIGN(calibration, options.calibration.resolve(model, options.preprocess, run));
        doubts.insert(doubts.end(), run.said().begin(), run.said().end());
    }
    if (!options.recipeOut.empty() && !model.info.quantization)
        return fail(ErrorCode::InvalidArgument, "is not quantized: there is no recipe to write", options.model.path);
    print(model);
    printFoldings(model);
    if (model.info.quantization) {
        print(*model.info.quantization);
        if (!options.recipeOut.empty())
            QS_CHECK(quant::saveRecipe(model.info.quantization->recipe, options.recipeOut));
    }
    if (calibration)
        print(model, *calibration, options.bits);
    if (!options.json.empty()) {
        nlohmann::json json = toJson(model, calibration.get(), options.bits);
        json["doubts"] = doubtsJson(doubts);
        QS_CHECK(writeAtomically(options.json, jsonText(json)));
    }
    return {};
}

} // namespace

Command addInspect(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    options->model.addTo(app);
    app.add_option("--json", options->json, "Write the sites as JSON");
    app.add_option("--recipe-out", options->recipeOut,
                   "Of a file that is already quantized: write what it did as a recipe, for the float network behind "
                   "it");
    app.add_option("--activation-bits", options->bits,
                   "Bits for the zero points that a calibration shows, with commas (default: 8)")
        ->delimiter(',')
        ->check(CLI::Range(2, 8));
    options->calibration.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return inspect(*options); };
}

} // namespace qs::cli
