#include "core/stats/calibrate.h"
#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "core/base/stopwatch.h"
#include "core/quant/resolve.h"
#include "core/stats/calibration_file.h"
#include "core/stats/importance.h"

#include <cstdio>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string output;
    FolderChoice folder;
    bool importances = false;
    RecipeOptions recipe;
    PreprocessOptions preprocess;
    RunOptions run;
};

Result<std::shared_ptr<const stats::Calibration>> calibrated(const Options& options)
{
    QS_ASSIGN(const auto model, options.model.open());
    QS_ASSIGN(const auto recipe, options.recipe.resolve(model.sites));
    if (recipe && !options.importances)
        return fail(ErrorCode::InvalidArgument, "a preset or recipe is for --importances alone", "calibrate");
    QS_ASSIGN(const auto transform, options.preprocess.resolve(model.info));
    Run run(options.run);
    QS_ASSIGN(const auto source, openSource(options.folder, options.preprocess, model.info, run));
    QS_ASSIGN(auto calibration,
              stats::calibrate(model, *source, calibrationOptions(model, transform), run.context()));
    if (!options.importances)
        return calibration;
    std::shared_ptr<const quant::Plan> plan;
    if (recipe) {
        QS_ASSIGN(plan, quant::resolve(model, calibration, *recipe, nullptr, run.context()));
    }
    return stats::withImportances(*calibration, model, *source, plan ? &plan->simulation : nullptr, run.context());
}

} // namespace

Command addCalibrate(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    options->model.addTo(app);
    app.add_option("--images", options->folder.folder, "Folder of calibration images")->required();
    app.add_option("--count", options->folder.count, "Images to use, spread over the folder (default: all)")
        ->check(atLeastOne());
    app.add_option("-o,--out", options->output, "Calibration file to write (.qcal)")->required();
    app.add_flag(
        "--importances", options->importances,
        "Also squared gradients of the outputs of layers, for searches with the objective \"hessian\": of the "
        "float network (Fisher information), or with --preset or --recipe of the KL divergence of the network "
        "quantized so");
    options->recipe.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options]() -> Result<void> {
        const Stopwatch watch;
        QS_ASSIGN(const auto calibration, calibrated(*options));
        const double seconds = watch.seconds();
        QS_CHECK(stats::saveCalibration(*calibration, options->output));
        std::printf("%s: %zu images, %zu sites, %.1f s, statistics %.1f MB\n", options->output.c_str(),
                    calibration->images, calibration->sites.size(), seconds,
                    static_cast<double>(calibration->peakBytes) * 1e-6);
        return {};
    };
}

} // namespace qs::cli
