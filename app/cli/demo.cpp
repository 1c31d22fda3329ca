#include "app/cli/common.h"
#include "app/cli/tables.h"
#include "app/cli/task_options.h"
#include "core/base/json_write.h"
#include "core/base/write_file.h"
#include "core/project/demos.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/report/html.h"
#include "core/report/results.h"
#include "core/search/mixed_precision.h"
#include "core/stats/calibrate.h"

#include <cstdio>
#include <filesystem>

namespace qs::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string output; ///< empty: named after the demo
    std::string task{project::demos().front().task};
    RunOptions run;
};

/// What is tried on a demo.
struct Road {
    std::vector<std::string_view> presets;
    std::vector<int> bits;
    std::optional<double> meanBits; ///< of a greedy search that starts from the last preset
};

Road roadOf(const project::DemoDef& demo)
{
    if (demo.task == "classification")
        return {{"minmax", "percentile"}, {8, 6, 4}, {}};
    return {{"minmax", "percentile", "mptq-vit"}, {8, 6, 4}, 5.0};
}

/// A demo that is open, and what was found so far.
struct Opened {
    onnx::Model model;
    std::shared_ptr<const stats::Calibration> calibration;
    std::shared_ptr<const exec::ImageSource> calibrationImages;
    TaskImages test;
    quant::FloatReference reference;
    std::shared_ptr<exec::WeightCache> weights = exec::makeWeightCache();
};

Result<Opened> open(const project::DemoDef& demo, Run& run)
{
    QS_ASSIGN(const fs::path folder, project::demoFolder(QUANTOSCOPE_SOURCE_RESOURCES));
    const project::DemoFiles files = project::demoFiles(folder, demo);
    QS_ASSIGN(auto model, onnx::importModel(files.model));
    PreprocessOptions preprocess;
    preprocess.preset = "crop-only";
    QS_ASSIGN(const auto transform, preprocess.resolve(model.info));
    TaskOptions task;
    task.name = demo.task;
    if (files.masks)
        task.masks = files.masks->string();
    const Context& context = run.context();
    QS_ASSIGN(auto calibrationImages, openSource({files.calibration.string()}, preprocess, model.info, run));
    QS_ASSIGN(auto test, openForTask(task, {files.test.string(), 0, true}, preprocess, model, run));
    QS_ASSIGN(auto calibration,
              stats::calibrate(model, *calibrationImages, calibrationOptions(model, transform), context));
    QS_ASSIGN(auto reference,
              quant::evaluationReference(model, *test.images, test.images->size(), context, test.task));
    return Opened{std::move(model), std::move(calibration), std::move(calibrationImages), std::move(test),
                  std::move(reference)};
}

/// `plan` null: the float network.
Result<quant::Evaluation> measure(const Opened& demo, const quant::Plan* plan, const Run& run)
{
    return quant::evaluate(demo.model, plan, *demo.test.images, demo.test.images->size(), &demo.reference,
                           demo.weights, run.context(), demo.test.task);
}

Result<std::shared_ptr<const quant::Plan>> planOf(const Opened& demo, const quant::Recipe& recipe, const Run& run)
{
    return quant::resolve(demo.model, demo.calibration, recipe, nullptr, run.context());
}

/// Enough for networks as small as the demos: with 64 images the whole segmentation demo takes twice as
/// long.
constexpr std::size_t kSearchImages = 16;

/// The recipe that a greedy search finds on some of the calibration images.
Result<quant::Recipe> searched(const Opened& demo, std::string_view preset, double meanBits, const Run& run)
{
    QS_ASSIGN(const auto start, quant::presetRecipe(preset, 8, 8));
    search::Options options;
    options.budget.meanWeightBits = meanBits;
    options.budget.meanActivationBits = meanBits;
    options.images = kSearchImages;
    options.task = demo.test.task.chosen;
    QS_ASSIGN(search::Outcome outcome,
              search::greedyMixedPrecision(demo.model, demo.calibration, start, *demo.calibrationImages, demo.weights,
                                           options, run.context()));
    if (outcome.cancelled)
        return fail(ErrorCode::Cancelled, "stopped", "demo");
    return std::move(outcome.recipe);
}

/// Evaluates what `road` says; the plan that is shipped is that of the first preset and bits, or what the search
/// found.
Result<std::shared_ptr<const quant::Plan>> drive(const Opened& demo, const Road& road,
                                                 std::vector<quant::Evaluation>& evaluations, const Run& run)
{
    QS_ASSIGN(auto floats, measure(demo, nullptr, run));
    evaluations.push_back(std::move(floats));
    std::shared_ptr<const quant::Plan> shipped;
    for (const std::string_view preset : road.presets)
        for (const int bits : road.bits) {
            QS_ASSIGN(const auto recipe, quant::presetRecipe(preset, bits, bits));
            QS_ASSIGN(const auto plan, planOf(demo, recipe, run));
            QS_ASSIGN(auto evaluation, measure(demo, plan.get(), run));
            evaluations.push_back(std::move(evaluation));
            if (!shipped)
                shipped = plan;
        }
    if (road.meanBits) {
        QS_ASSIGN(const auto recipe, searched(demo, road.presets.back(), *road.meanBits, run));
        QS_ASSIGN(shipped, planOf(demo, recipe, run));
        QS_ASSIGN(auto evaluation, measure(demo, shipped.get(), run));
        evaluation.preset += ", searched";
        evaluations.push_back(std::move(evaluation));
    }
    return shipped;
}

std::string defaultFolder(const project::DemoDef& demo)
{
    const bool first = &demo == project::demos().data();
    return "quantoscope-demo" + (first ? std::string() : "-" + std::string(demo.task));
}

/// "demo_vit_w8a8.onnx"; of a search "demo_vit_mixed.onnx".
std::string exportedName(const project::DemoDef& demo, const Road& road)
{
    return fs::path(demo.model).stem().string() + (road.meanBits ? "_mixed.onnx" : "_w8a8.onnx");
}

Result<void> runDemo(const Options& options)
{
    const project::DemoDef& def = *project::findDemo(options.task);
    const Road road = roadOf(def);
    const fs::path folder = options.output.empty() ? defaultFolder(def) : options.output;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return fail(ErrorCode::Io, "cannot create the folder: " + error.message(), folder.string());

    Run run(options.run);
    QS_ASSIGN(const Opened demo, open(def, run));
    report::Results results;
    results.model = &demo.model;
    QS_ASSIGN(const auto shipped, drive(demo, road, results.evaluations, run));
    results.plan = shipped.get();
    const fs::path file = folder / exportedName(def, road);
    QS_ASSIGN(results.exported, onnx::exportModel(demo.model, *shipped, file, {}));
    QS_ASSIGN(results.verified,
              onnx::verifyExport(demo.model, *shipped, file, *demo.test.images, {.images = 64}, run.context()));

    const auto json = report::resultsToJson(results);
    QS_ASSIGN(const auto html, report::htmlReport(JsonReader::of(json)));
    const fs::path resultsFile = folder / "results.json";
    const fs::path reportFile = folder / "report.html";
    QS_CHECK(writeAtomically(resultsFile, jsonText(json)));
    QS_CHECK(writeAtomically(reportFile, html));

    std::printf("Built-in demo, %s: %zu calibration images, %zu test images with %s, coverage matmul.\n\n",
                std::string(def.task).c_str(), demo.calibrationImages->size(), demo.test.images->size(),
                def.masks.empty() ? "labels" : "masks");
    printEvaluations(results.evaluations);
    std::printf("\n");
    printExport(*results.exported, results.verified, demo.model.info.classes > 0);
    std::printf("\nQuantized model  %s\nReport           %s\nFigures          %s\n", fs::absolute(file).c_str(),
                fs::absolute(reportFile).c_str(), fs::absolute(resultsFile).c_str());
    if (!results.verified->passed)
        return fail(ErrorCode::Internal, "the exported file does not compute what the simulation computes",
                    file.string());
    return {};
}

} // namespace

Command addDemo(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    std::vector<std::string> tasks;
    for (const project::DemoDef& demo : project::demos())
        tasks.emplace_back(demo.task);
    app.add_option("--task", options->task,
                   "Which demo: classes of images, or classes of pixels with a search for bits")
        ->check(CLI::IsMember(tasks))
        ->capture_default_str();
    app.add_option("-o,--out", options->output,
                   "Folder for the exported model and the report (default: quantoscope-demo, of other demos "
                   "than the first with -TASK behind)");
    options->run.addTo(app);
    return [options] { return runDemo(*options); };
}

} // namespace qs::cli
