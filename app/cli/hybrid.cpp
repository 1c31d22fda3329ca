#include "core/search/hybrid_search.h"
#include "core/stats/calibrate.h"

#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "app/cli/task_options.h"
#include "core/base/write_file.h"
#include "core/quant/recipe_json.h"

#include <cstdio>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string output, choices;
    FolderChoice folder;
    search::HybridOptions search;
    bool keepGranularity = false, keepScheme = false, tensorActivations = false, plainError = false,
         noBridges = false;
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RecipeOptions recipe;
    RunOptions run;
    TaskOptions task;
};

void print(const search::HybridResult& result, const graph::SiteTable& sites)
{
    std::size_t changed = 0;
    std::size_t channels = 0;
    std::size_t asymmetric = 0;
    std::size_t bridged = 0;
    for (const search::HybridChoice& choice : result.choices) {
        changed += choice.changed ? 1 : 0;
        channels += choice.granularity == quant::Granularity::Channel ? 1 : 0;
        asymmetric += choice.scheme == quant::Scheme::Asymmetric ? 1 : 0;
        bridged += choice.bridge >= 0 ? 1 : 0;
    }
    std::printf(
        "%zu sites, %zu of them in %zu bridge blocks; %zu changed, %zu with a scale a channel, %zu asymmetric\n",
        result.choices.size(), bridged, sites.bridges().size(), changed, channels, asymmetric);
    std::printf("  loss of the start %.4f (KL, of other tasks their own); %zu evaluations; recording %.1f s, "
                "gradients %.1f s, candidates %.1f s\n",
                result.loss, result.evaluations, result.secondsRecording, result.secondsGradients,
                result.secondsCandidates);
}

Result<void> searchHybrid(const Options& options)
{
    search::HybridOptions settings = options.search;
    settings.granularity = !options.keepGranularity;
    settings.scheme = !options.keepScheme;
    settings.channelActivations = !options.tensorActivations;
    settings.importance = !options.plainError;
    settings.bridges = !options.noBridges;
    QS_ASSIGN(const auto model, options.model.open());
    RecipeOptions start = options.recipe;
    if (start.preset.empty() && start.file.empty())
        start.preset = "minmax";
    QS_ASSIGN(auto recipe, start.resolve(model.sites));
    if (!recipe)
        return fail(ErrorCode::InvalidArgument, "needs a recipe that quantizes something", "hybrid");
    CalibrationOptions statistics = options.calibration;
    if (!statistics.given()) {
        statistics.images = options.folder.folder;
        statistics.count = settings.images;
    }
    search::HybridResult result;
    {
        Run run(options.run);
        QS_ASSIGN(settings.task, options.task.choose(model, run));
        QS_ASSIGN(const auto source, openSource(options.folder, options.preprocess, model.info, run));
        QS_ASSIGN(const auto calibration, statistics.resolve(model, options.preprocess, run));
        QS_ASSIGN(result, search::searchHybrid(model, calibration, *recipe, *source, settings, run.context()));
    }
    QS_CHECK(quant::saveRecipe(result.recipe, options.output));
    if (!options.choices.empty())
        QS_CHECK(writeAtomically(options.choices, search::choicesToCsv(model.sites, result)));
    print(result, model.sites);
    return {};
}

} // namespace

Command addHybrid(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    search::HybridOptions& search = options->search;
    options->model.addTo(app);
    app.add_option("--images", options->folder.folder, "Folder of images to search on")->required();
    app.add_option("--count", search.images, "Images to search on, spread over the folder (default: 32)")
        ->check(CLI::Range(1, 100'000));
    app.add_option("-o,--out", options->output, "Recipe file to write")->required();
    app.add_option("--choices", options->choices, "Write what was chosen for every site as CSV");
    app.add_option("--candidates", search.grid.count, "Steps to try (default: 100)")->check(CLI::Range(1, 1000));
    app.add_option("--low", search.grid.low, "Smallest step, of that of the whole range (default: 0.01)");
    app.add_option("--high", search.grid.high, "Largest step (default: 1.2)");
    app.add_option("--rounds", search.grid.rounds, "Rounds over all layers (default: 3)")->check(CLI::Range(1, 10));
    app.add_flag("--keep-granularity", options->keepGranularity, "Granularity stays as in the recipe");
    app.add_flag("--keep-scheme", options->keepScheme, "Schemes stay as in the recipe");
    app.add_flag("--tensor-activations", options->tensorActivations,
                 "One scale for each activation, as integer kernels need it");
    app.add_flag("--plain-error", options->plainError, "Squared errors without gradients as weights");
    app.add_flag("--no-bridges", options->noBridges, "Every layer by its own output, bridge blocks too");
    options->task.addTaskTo(app);
    options->calibration.addTo(app);
    options->recipe.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return searchHybrid(*options); };
}

} // namespace qs::cli
