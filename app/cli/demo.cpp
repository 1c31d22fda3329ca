#include "app/cli/common.h"
#include "app/cli/tables.h"
#include "core/base/file.h"
#include "core/base/json_write.h"
#include "core/quant/presets.h"
#include "core/report/report.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace qs::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string output = "quantoscope-demo";
    RunOptions run;
};

/// QUANTOSCOPE_RESOURCES, the installed place, the source tree: the first that has the demo.
Result<fs::path> demoFolder()
{
    std::error_code ignored;
    std::vector<fs::path> places;
    if (const char* fromEnvironment = std::getenv("QUANTOSCOPE_RESOURCES"))
        places.emplace_back(fromEnvironment);
    const fs::path binary = fs::read_symlink("/proc/self/exe", ignored);
    places.push_back(binary.parent_path() / "../share/quantoscope");
    places.emplace_back(QUANTOSCOPE_SOURCE_RESOURCES);
    for (const auto& place : places)
        if (fs::exists(place / "demo" / "demo_vit.onnx", ignored))
            return place / "demo";
    return fail(ErrorCode::NotFound, "the built-in demo is not installed (set QUANTOSCOPE_RESOURCES)", "demo");
}

Result<void> runDemo(const Options& options)
{
    QS_ASSIGN(const auto demo, demoFolder());
    std::error_code error;
    fs::create_directories(options.output, error);
    if (error)
        return fail(ErrorCode::Io, "cannot create the folder: " + error.message(), options.output);

    QS_ASSIGN(const auto model, onnx::importModel(demo / "demo_vit.onnx"));
    PreprocessOptions preprocess;
    preprocess.resize = "none";
    QS_ASSIGN(const auto transform, preprocess.resolve(model.info));
    Run run(options.run);
    QS_ASSIGN(const auto calibImages, openSource({(demo / "images/calib").string()}, preprocess, model.info, run));
    QS_ASSIGN(const auto testImages,
              openSource({(demo / "images/test").string(), 0, true}, preprocess, model.info, run));
    const Context& context = run.context();
    QS_ASSIGN(const auto calibration, stats::calibrate(model.graph, model.sites, *calibImages,
                                                       calibrationOptions(model, transform), context));
    QS_ASSIGN(const auto reference,
              quant::evaluationReference(model.graph, model.sites, *testImages, testImages->size(), context));
    const auto weights = exec::makeWeightCache();
    report::Results results;
    results.model = &model;
    const auto measure = [&](const quant::Plan* plan) -> Result<void> {
        QS_ASSIGN(auto evaluation, quant::evaluate(model.graph, model.sites, plan, *testImages, testImages->size(),
                                                   &reference, weights, context));
        results.evaluations.push_back(std::move(evaluation));
        return {};
    };
    QS_CHECK(measure(nullptr));
    std::shared_ptr<const quant::Plan> shipped;
    for (const char* preset : {"minmax", "percentile"})
        for (const int bits : {8, 6, 4}) {
            QS_ASSIGN(const auto recipe, quant::presetRecipe(preset, bits, bits));
            QS_ASSIGN(const auto plan,
                      quant::resolve(model.graph, model.sites, calibration, recipe, nullptr, context));
            QS_CHECK(measure(plan.get()));
            if (!shipped)
                shipped = plan;
        }
    results.plan = shipped.get();
    const fs::path file = fs::path(options.output) / "demo_vit_w8a8.onnx";
    QS_ASSIGN(results.exported, onnx::exportModel(model, *shipped, file, {}));
    QS_ASSIGN(results.verified, onnx::verifyExport(model, *shipped, file, *testImages, {.images = 64}, context));

    const auto json = report::resultsToJson(results);
    QS_ASSIGN(const auto html, report::htmlReport(JsonReader::of(json)));
    const fs::path resultsFile = fs::path(options.output) / "results.json";
    const fs::path reportFile = fs::path(options.output) / "report.html";
    QS_CHECK(writeAtomically(resultsFile, jsonText(json)));
    QS_CHECK(writeAtomically(reportFile, html));

    std::printf("Built-in demo: %zu calibration images, %zu labelled test images, coverage matmul.\n\n",
                calibImages->size(), testImages->size());
    printEvaluations(results.evaluations);
    std::printf("\n");
    printExport(*results.exported, results.verified);
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
    app.add_option("-o,--out", options->output, "Folder for the exported model and the report");
    options->run.addTo(app);
    return [options] { return runDemo(*options); };
}

} // namespace qs::cli
