// road MODEL IMAGES COUNT FOLDER [PRESET or q-hyvit.. [WEIGHT_BITS ACTIVATION_BITS [full]]]
// The whole road of one model: import, calibrate on COUNT images of the folder IMAGES, resolve, simulate, export,
// re-load. Writes into FOLDER: pixels, float_logits, simulated_logits (raw float32), quantized.onnx, and report.json
// with what was found; tests/judge/model_road.py judges them. Exit status: 0, or 2 with the step that failed and why.
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/graph/outputs.h"
#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "core/onnx/export.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/search/hybrid_methods.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

namespace {

using namespace qs;
namespace fs = std::filesystem;
using nlohmann::json;

void write(const fs::path& path, std::span<const float> values)
{
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

/// 10 log10 of the power of `signal` over that of the difference.
double sqnrDb(std::span<const float> signal, std::span<const float> other)
{
    double power = 0, noise = 0;
    for (std::size_t i = 0; i < signal.size(); ++i) {
        const double difference = static_cast<double>(signal[i]) - other[i];
        power += static_cast<double>(signal[i]) * signal[i];
        noise += difference * difference;
    }
    return noise > 0 ? 10 * std::log10(power / noise) : 999;
}

json structureOf(const onnx::Model& model)
{
    std::map<std::string, int> roles;
    for (const graph::Site& site : model.sites)
        if (site.kind == graph::SiteKind::Weight)
            ++roles[std::string(graph::roleName(site.role))];
    return {{"nodes", model.graph.nodes().size()},
            {"sites", model.sites.size()},
            {"blocks", model.sites.blocks()},
            {"bridges", model.sites.bridges().size()},
            {"weights_by_role", roles}};
}

struct Road {
    onnx::Model model;
    std::shared_ptr<const exec::ImageSource> images;
    Context context;
    fs::path folder;
    json report = {};
    std::string step = "import";

    Result<void> run(const quant::Recipe& recipe)
    {
        report["structure"] = structureOf(model);
        for (const graph::OutputSpan& output : graph::outputLayout(model.graph))
            report["outputs"].push_back({output.name, output.size});
        step = "float";
        std::vector<float> pixels(images->size() * imageElements());
        for (std::size_t i = 0; i < images->size(); ++i)
            QS_CHECK(images->load(i, std::span(pixels).subspan(i * imageElements(), imageElements())));
        write(folder / "pixels", pixels);
        QS_ASSIGN(const auto program, exec::Program::compile(model));
        QS_ASSIGN(const Tensor floats, exec::runImages(program, *images, 0, images->size(), context, step));
        write(folder / "float_logits", floats.floats());

        step = "calibrate";
        stats::CalibrationOptions options;
        options.images = images->size();
        QS_ASSIGN(const auto calibration, stats::calibrate(model, *images, options, context));
        step = "resolve";
        QS_ASSIGN(const auto plan, quant::resolve(model, calibration, recipe, nullptr, context));
        step = "simulate";
        QS_ASSIGN(const auto simulation, exec::Program::compile(model, plan->simulation, {}));
        QS_ASSIGN(const Tensor simulated, exec::runImages(simulation, *images, 0, images->size(), context, step));
        write(folder / "simulated_logits", simulated.floats());
        report["sqnr_db"] = sqnrDb(floats.floats(), simulated.floats());

        step = "export";
        QS_ASSIGN(const auto exported, onnx::exportModel(model, *plan, folder / "quantized.onnx", {}));
        report["int8_share"] = exported.int8MacShare();
        report["int8_kernels"] = std::ranges::count_if(exported.nodes, [](const onnx::NodePrecision& node) {
            return node.precision == onnx::Precision::Int8 && node.macs > 0;
        });
        report["file_bytes"] = exported.fileBytes;
        report["warnings"] = exported.warnings;
        step = "re-load";
        QS_ASSIGN(const auto verified,
                  onnx::verifyExport(model, *plan, exported.path, *images, {images->size()}, context));
        report["verified"] = {{"passed", verified.passed},
                              {"weights", verified.weightsCompared},
                              {"sqnr_db", std::min(verified.logitSqnrDb, 999.0)}};
        return {};
    }

private:
    std::size_t imageElements() const
    {
        return static_cast<std::size_t>(model.info.channels * model.info.height * model.info.width);
    }
};

/// A preset, or what a short search of Q-HyViT makes of the images.
Result<quant::Recipe> recipeOf(const std::string& method, int weightBits, int activationBits, const Road& road)
{
    const auto* hybrid = search::findHybridMethod(method);
    if (!hybrid)
        return quant::presetRecipe(method, weightBits, activationBits);
    search::HybridOptions options = search::hybridOptions(*hybrid);
    options.grid = {0.3, 1.2, 6, 1, false};
    options.images = 2;
    QS_ASSIGN(const auto calibration, stats::calibrate(road.model, *road.images, {}, road.context));
    QS_ASSIGN(const auto start, search::hybridStart(*hybrid, weightBits, activationBits));
    QS_ASSIGN(auto found, search::searchHybrid(road.model, calibration, start, *road.images, options, road.context));
    return std::move(found.recipe);
}

int failWith(const Error& error, const std::string& step)
{
    std::fprintf(stderr, "%s: %s\n", step.c_str(), error.text().c_str());
    return 2;
}

} // namespace

int main(int count, char** arguments)
{
    if (count < 5)
        return 2;
    auto model = onnx::importModel(arguments[1]);
    if (!model)
        return failWith(model.error(), "import");
    const auto preprocess = images::preprocessPreset("imagenet", static_cast<int>(model->info.height),
                                                     static_cast<int>(model->info.width));
    images::FolderOptions spread;
    spread.count = static_cast<std::size_t>(std::atoi(arguments[3]));
    auto folder = images::openFolder(arguments[2], spread);
    const auto bits = [&](int argument) { return count > argument ? std::atoi(arguments[argument]) : 8; };
    if (!preprocess)
        return failWith(preprocess.error(), "images");
    if (!folder)
        return failWith(folder.error(), "images");

    ThreadPool pool(2);
    Context context;
    context.pool = &pool;
    Road road{std::move(*model), images::makeSource(std::move(*folder), *preprocess), context, arguments[4]};
    auto recipe = recipeOf(count > 5 ? arguments[5] : "minmax", bits(6), bits(7), road);
    if (!recipe)
        return failWith(recipe.error(), "recipe");
    if (count > 8 && std::string_view(arguments[8]) == "full")
        recipe->coverage = graph::Coverage::Full;
    const auto start = std::chrono::steady_clock::now();
    const auto done = road.run(*recipe);
    road.report["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::ofstream(road.folder / "report.json") << road.report.dump(2) << "\n";
    return done ? 0 : failWith(done.error(), road.step);
}
