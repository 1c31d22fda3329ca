#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/quant/doubts.h"
#include "core/quant/locks.h"
#include "core/search/mixed_precision.h"
#include "core/stats/calibrate.h"

#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "app/cli/task_options.h"
#include "core/base/write_file.h"
#include "core/quant/recipe_json.h"

#include <cstdio>
#include <map>
#include <vector>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string output, trace, json;
    FolderChoice folder;
    std::optional<double> meanBits;
    search::Options search;
    std::vector<std::string> locks;
    bool noFill = false, wholeTable = false;
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RecipeOptions recipe;
    RunOptions run;
    TaskOptions task;
};

/// "PATTERN=BITS": the bits of the sites that match, fixed.
Result<void> lock(quant::Recipe& recipe, const graph::SiteTable& sites, const std::string& text)
{
    const std::size_t equals = text.rfind('=');
    int bits = 0;
    if (equals != std::string::npos) {
        const std::string number = text.substr(equals + 1);
        if (number == "float")
            bits = quant::kFloatBits;
        else if (number.size() == 1 && number[0] >= '2' && number[0] <= '8')
            bits = number[0] - '0';
    }
    if (bits == 0)
        return fail(ErrorCode::InvalidArgument, "expects PATTERN=BITS with 2 to 8 bits or float, got '" + text + "'",
                    "--lock");
    quant::Selector selector;
    selector.name = text.substr(0, equals);
    std::vector<SiteId> found;
    for (const graph::Site& site : sites)
        if (selector.matches(site))
            found.push_back(site.id);
    if (found.empty())
        return fail(ErrorCode::NotFound, "no site is called '" + *selector.name + "'", "--lock");
    recipe = quant::lockedAt(std::move(recipe), sites, found, bits);
    return {};
}

nlohmann::ordered_json toJson(const search::Outcome& outcome, const graph::SiteTable& sites,
                              std::span<const Doubt> doubts)
{
    const search::Trace& trace = outcome.trace;
    const auto figures = [](const search::Step& step) {
        return nlohmann::ordered_json{{"loss", step.loss},
                                      {"measured", step.measured},
                                      {"score", step.score},
                                      {"cost", step.cost},
                                      {"mean_weight_bits", step.meanWeightBits},
                                      {"mean_activation_bits", step.meanActivationBits},
                                      {"model_bytes", step.modelBytes},
                                      {"bops", step.bops}};
    };
    nlohmann::ordered_json json{{"mode", search::modeName(trace.mode)},
                                {"loss", outcome.loss},
                                {"met", outcome.met},
                                {"cancelled", outcome.cancelled},
                                {"evaluations", trace.evaluations},
                                {"seconds", trace.seconds},
                                {"fill_from", trace.fillFrom},
                                {"start", figures(trace.start)},
                                {"doubts", doubtsJson(doubts)},
                                {"units", nlohmann::json::array()},
                                {"steps", nlohmann::json::array()}};
    const auto bits = trace.bitsAfter(trace.steps.size());
    for (std::size_t i = 0; i < trace.units.size(); ++i)
        json["units"].push_back(
            {{"site", sites[trace.units[i]].name}, {"start_bits", trace.startBits[i]}, {"bits", bits[i]}});
    for (const search::Step& step : trace.steps) {
        nlohmann::ordered_json line{
            {"site", sites[step.site].name}, {"from", step.bitsBefore}, {"to", step.bitsAfter}};
        line.update(figures(step));
        json["steps"].push_back(std::move(line));
    }
    return json;
}

void print(const search::Outcome& outcome, const search::Options& options)
{
    const search::Trace& trace = outcome.trace;
    const search::Step& last = trace.steps.empty() ? trace.start : trace.steps.back();
    const bool classes = !options.task.def || options.task.def->ofClasses;
    const char* unit = options.performance == search::Performance::Top1 ? "wrong top-1"
                       : classes                                        ? "nats KL"
                                                                        : "loss";
    std::printf("%.*s search: %zu units, %zu steps (%zu of them raising), %zu evaluations, %.1f s\n",
                static_cast<int>(search::modeName(trace.mode).size()), search::modeName(trace.mode).data(),
                trace.units.size(), trace.steps.size(), trace.steps.size() - trace.fillFrom, trace.evaluations,
                trace.seconds);
    std::printf("  start W%.3g A%.3g: %.4f %s\n", trace.start.meanWeightBits, trace.start.meanActivationBits,
                trace.start.loss, unit);
    std::printf("  end   W%.4g A%.4g: %.4f %s, %.2f MB, %.2f GBOPs, %.2f %% of the budget\n", last.meanWeightBits,
                last.meanActivationBits, outcome.loss, unit, static_cast<double>(last.modelBytes) * 1e-6,
                last.bops * 1e-9, last.cost * 100);
}

Result<void> searchBits(const Options& options)
{
    search::Options settings = options.search;
    settings.fill = !options.noFill;
    settings.interpolate = !options.wholeTable;
    if (options.meanBits) {
        if (!settings.budget.meanWeightBits)
            settings.budget.meanWeightBits = options.meanBits;
        if (!settings.budget.meanActivationBits)
            settings.budget.meanActivationBits = options.meanBits;
    }
    if (settings.budget == search::Budget{})
        return fail(ErrorCode::InvalidArgument,
                    "needs a budget: --mean-bits, --mean-weight-bits, --mean-activation-bits, --max-bytes or "
                    "--max-bops",
                    "search");
    QS_ASSIGN(const auto model, options.model.open());
    QS_ASSIGN(auto recipe, options.recipe.resolve(model.sites));
    if (!recipe)
        return fail(ErrorCode::InvalidArgument, "needs --preset or --recipe", "search");
    if (!options.calibration.given())
        return fail(ErrorCode::InvalidArgument, "needs --calibration or --calib-images", "search");
    for (const std::string& text : options.locks)
        QS_CHECK(lock(*recipe, model.sites, text));

    search::Outcome outcome;
    std::vector<Doubt> doubts;
    {
        Run run(options.run);
        QS_ASSIGN(settings.task, options.task.choose(model, run));
        QS_ASSIGN(const auto source, openSource(options.folder, options.preprocess, model.info, run));
        QS_ASSIGN(const auto calibration, options.calibration.resolve(model, options.preprocess, run));
        QS_ASSIGN(outcome, search::greedyMixedPrecision(model, calibration, *recipe, *source, exec::makeWeightCache(),
                                                        settings, run.context()));
        run.say(outcome.doubts);
        doubts = run.said();
    }
    QS_CHECK(quant::saveRecipe(outcome.recipe, options.output));
    if (!options.trace.empty())
        QS_CHECK(writeAtomically(options.trace, search::traceToCsv(model.sites, outcome.trace)));
    if (!options.json.empty())
        QS_CHECK(writeAtomically(options.json, jsonText(toJson(outcome, model.sites, doubts))));
    print(outcome, settings);
    if (outcome.cancelled)
        return fail(ErrorCode::Cancelled, "stopped before it was done; what was found is written", options.output);
    if (!outcome.met)
        return fail(ErrorCode::InvalidArgument,
                    "the budget cannot be met with these smallest bits and locks; the nearest is written",
                    options.output);
    return {};
}

} // namespace

Command addSearch(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    search::Options& search = options->search;
    options->model.addTo(app);
    app.add_option("--images", options->folder.folder, "Folder of images to measure with")->required();
    options->folder.addLabelsTo(app);
    app.add_option("--count", search.images, "Images to measure with, spread over the folder (default: 64)")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("-o,--out", options->output, "Recipe file to write")->required();
    app.add_option("--trace", options->trace, "Write every step as CSV");
    app.add_option("--json", options->json, "Write the result and every step as JSON");
    app.add_option("--mean-bits", options->meanBits,
                   "Budget: mean bits of weights and mean bits of activations, each over its elements");
    app.add_option("--mean-weight-bits", search.budget.meanWeightBits, "Budget: mean bits of the weights");
    app.add_option("--mean-activation-bits", search.budget.meanActivationBits, "Budget: mean bits of activations");
    app.add_option("--max-bytes", search.budget.modelBytes, "Budget: bytes of the model");
    app.add_option("--max-bops", search.budget.bops, "Budget: bit operations (macs · bits · bits) of one image");
    const std::map<std::string, search::Mode> modes{
        {"exact", search::Mode::Exact}, {"lazy", search::Mode::Lazy}, {"table", search::Mode::Table}};
    app.add_option("--mode", search.mode,
                   "table (default): every unit alone at a few bit widths, added up; lazy: the best is measured "
                   "again in the present network until it stays the best; exact: every unit in every step")
        ->transform(CLI::CheckedTransformer(modes));
    const std::map<std::string, search::Performance> performances{{"kl", search::Performance::KlDivergence},
                                                                  {"top1", search::Performance::Top1}};
    app.add_option("--performance", search.performance,
                   "kl (default): divergence from the float model; top1: wrong top-1 of the labelled images")
        ->transform(CLI::CheckedTransformer(performances));
    app.add_option("--min-bits", search.minBits, "Smallest bits (default: 3)")->check(CLI::Range(2, 8));
    app.add_option("--max-bits", search.maxBits, "Largest bits, where the search starts (default: 8)")
        ->check(CLI::Range(2, 8));
    app.add_flag("--continue", search.fromRecipe, "Start from the recipe's bits");
    app.add_option("--lock", options->locks, "PATTERN=BITS: sites (* and ? as wildcards) that keep these bits")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--whole-table", options->wholeTable,
                 "table and lazy: measure every bit width, instead of a few with those between interpolated");
    app.add_flag("--no-fill", options->noFill, "Do not use what is left of the budget to raise units again");
    options->task.addTaskTo(app);
    options->calibration.addTo(app);
    // Bits are what is searched; a preset may choose other quantizers for few of them.
    options->recipe.weightBits = 4;
    options->recipe.activationBits = 4;
    options->recipe.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return searchBits(*options); };
}

} // namespace qs::cli
