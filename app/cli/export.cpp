#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "app/cli/tables.h"
#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/base/write_file.h"
#include "core/onnx/onnx_runtime.h"
#include "core/quant/doubts.h"
#include "core/quant/resolve.h"
#include "core/report/results.h"
#include "core/stats/calibrate.h"

#include <cstdio>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string output, json, verifyImages;
    std::size_t verify = 0;
    std::string verifyWith;
    onnx::ExportOptions exporting;
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RecipeOptions recipe;
    RunOptions run;
};

Result<void> exportFile(const Options& options)
{
    QS_ASSIGN(const auto model, options.model.open());
    QS_ASSIGN(const auto recipe, options.recipe.resolve(model.sites));
    if (!recipe)
        return fail(ErrorCode::InvalidArgument, "needs --preset or --recipe", "export");
    if (!options.calibration.given())
        return fail(ErrorCode::InvalidArgument, "needs --calibration or --calib-images", "export");
    const std::string& folder = options.verifyImages.empty() ? options.calibration.images : options.verifyImages;
    if (!options.verifyWith.empty() && options.verify == 0)
        return fail(ErrorCode::InvalidArgument, "needs --verify N", "--verify-with");
    if (options.verify > 0 && folder.empty())
        return fail(ErrorCode::InvalidArgument, "needs --images (or --calib-images) to run both networks on",
                    "--verify");

    Run run(options.run);
    if (options.verifyWith == "onnxruntime")
        QS_CHECK(onnx::onnxRuntimeVersion(onnx::judgePython(), run.context().stop));
    QS_ASSIGN(const auto calibration, options.calibration.resolve(model, options.preprocess, run));
    QS_ASSIGN(const auto plan, quant::resolve(model, calibration, *recipe, nullptr, run.context()));
    report::Results results{&model, {}, plan.get(), {}, {}};
    QS_ASSIGN(results.exported, onnx::exportModel(model, *plan, options.output, options.exporting));
    for (const auto& warning : plan->warnings)
        warn(warning);
    if (options.verify > 0) {
        QS_ASSIGN(const auto source, openSource({folder, options.verify}, options.preprocess, model.info, run));
        onnx::VerifyOptions verifying{.images = source->size()};
        if (options.verifyWith == "onnxruntime")
            verifying.python = onnx::judgePython();
        QS_ASSIGN(results.verified,
                  onnx::verifyExport(model, *plan, options.output, *source, verifying, run.context()));
        QS_CHECK(warnOfHarm(model, *plan, *source, run));
    }
    printExport(*results.exported, results.verified, model.info.classes > 0);
    for (const auto& warning : results.exported->warnings)
        warn(warning);
    if (!options.json.empty()) {
        nlohmann::json json = report::resultsToJson(results);
        json["doubts"] = doubtsJson(run.said());
        QS_CHECK(writeAtomically(options.json, jsonText(json)));
    }
    if (results.verified && !results.verified->passed)
        return fail(ErrorCode::Internal, "the exported file does not compute what the simulation computes",
                    options.output);
    return {};
}

} // namespace

Command addExport(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    options->model.addTo(app);
    app.add_option("-o,--out", options->output, "Quantized ONNX file to write")->required();
    app.add_option("--opset", options->exporting.opset, "17, or 21 for int4 weights")->check(CLI::IsMember({17, 21}));
    app.add_flag("--unsigned-weights", options->exporting.unsignedWeights,
                 "uint8 weights: exact on x86 CPUs without VNNI, slower on those with it");
    app.add_option("--verify", options->verify,
                   "Re-load the file and compare it on so many images (two of them in the reference execution too)")
        ->check(atLeastOne());
    app.add_option(
           "--verify-with", options->verifyWith,
           "onnxruntime: run the file there too (needs Python with onnxruntime: QUANTOSCOPE_PYTHON or python3)")
        ->check(CLI::IsMember({"onnxruntime"}));
    app.add_option("--images", options->verifyImages, "Images for --verify (default: the calibration images)");
    app.add_option("--json", options->json, "Write the node table as JSON");
    options->calibration.addTo(app);
    options->recipe.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return exportFile(*options); };
}

} // namespace qs::cli
