#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/base/locked_file.h"
#include "core/base/number_text.h"
#include "core/quant/accuracy.h"
#include "core/report/comparison.h"
#include "core/stats/calibrate.h"

#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "app/cli/task_options.h"
#include "core/base/file.h"
#include "core/base/write_file.h"
#include "core/quant/doubts.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    FolderChoice folder;
    std::vector<std::string> presets, recipes, bits{"4/4", "6/6", "8/8"}, coverages{"own"}, calibrations,
        corrections{"own"}, outputs;
    std::string resume, searchFolder;
    search::HybridOptions search;
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RunOptions run;
    TaskOptions task;
};

struct Bits {
    int weights = 8;
    int activations = 8;
};

/// "4/6": bits of weights and of activations.
Result<Bits> parseBits(const std::string& text)
{
    Bits bits;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, bits.weights);
    if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
        const auto second = std::from_chars(first.ptr + 1, end, bits.activations);
        if (second.ec == std::errc{} && second.ptr == end)
            return bits;
    }
    return fail(ErrorCode::InvalidArgument, "expects WEIGHTS/ACTIVATIONS, e.g. 4/4, got '" + text + "'", "--bits");
}

/// A recipe's own bits give way, but for those of single sites and rules.
Result<quant::Recipe> recipeOf(const std::string& name, const Bits& bits)
{
    QS_ASSIGN(auto recipe, quant::loadRecipe(name));
    recipe.weight.bits = bits.weights;
    recipe.activation.bits = bits.activations;
    return recipe;
}

struct Titled {
    std::shared_ptr<const stats::Calibration> calibration;
    std::string title;
};

Result<std::vector<Titled>> calibrationsOf(const Options& options, const onnx::Model& model, Run& run)
{
    std::vector<Titled> result;
    if (options.calibrations.empty()) {
        if (!options.calibration.given())
            return fail(ErrorCode::InvalidArgument, "needs --calibration or --calib-images", "compare");
        QS_ASSIGN(auto calibration, options.calibration.resolve(model, options.preprocess, run));
        result.push_back({std::move(calibration), ""});
        return result;
    }
    for (const std::string& file : options.calibrations) {
        CalibrationOptions one;
        one.file = file;
        QS_ASSIGN(auto calibration, one.resolve(model, options.preprocess, run));
        const std::string title = std::filesystem::path(file).stem().string();
        result.push_back({std::move(calibration), options.calibrations.size() > 1 ? title : ""});
    }
    return result;
}

/// Images for Q-HyViT's search: a folder of their own, or the calibration images. None where there are neither.
Result<report::HybridSearch> searchOf(const Options& options, const onnx::Model& model, Run& run)
{
    report::HybridSearch search{options.search, nullptr};
    const bool own = !options.searchFolder.empty();
    const std::string& folder = own ? options.searchFolder : options.calibration.images;
    if (folder.empty())
        return search;
    PreprocessOptions preprocess = options.preprocess;
    if (!options.calibration.resize.empty())
        preprocess.resize = options.calibration.resize;
    QS_ASSIGN(search.images, openSource({folder, own ? 0 : options.calibration.count}, preprocess, model.info, run));
    return search;
}

Result<std::vector<report::Candidate>> candidatesOf(const Options& options, const std::vector<Titled>& calibrations,
                                                    const report::HybridSearch& search)
{
    std::vector<std::pair<std::string, bool>> methods;
    for (const std::string& preset : options.presets)
        methods.emplace_back(preset, true);
    for (const std::string& recipe : options.recipes)
        methods.emplace_back(recipe, false);
    if (methods.empty())
        for (const quant::Preset& preset : quant::presets())
            methods.emplace_back(preset.name, true);
    std::vector<report::Candidate> candidates;
    for (const std::string& text : options.bits) {
        QS_ASSIGN(const Bits bits, parseBits(text));
        for (const std::string& coverage : options.coverages)
            for (const auto& [name, isPreset] : methods)
                for (const std::string& correction : options.corrections)
                    for (const Titled& one : calibrations) {
                        std::optional<graph::Coverage> sites;
                        if (coverage != "own")
                            sites = coverage == "full" ? graph::Coverage::Full : graph::Coverage::MatMul;
                        QS_ASSIGN(report::Candidate candidate,
                                  report::candidateOf(isPreset ? name : "minmax", bits.weights, bits.activations,
                                                      sites, one.calibration, search));
                        candidate.calibrationTitle = one.title;
                        if (!isPreset) {
                            candidate.method = std::filesystem::path(name).stem().string();
                            QS_ASSIGN(candidate.recipe, recipeOf(name, bits));
                            candidate.recipe.coverage = sites.value_or(candidate.recipe.coverage);
                        }
                        if (correction != "own")
                            candidate.recipe.weight.biasCorrection = correction == "on";
                        if (correction == "on")
                            candidate.method += " + bias correction";
                        candidates.push_back(std::move(candidate));
                    }
    }
    return candidates;
}

std::optional<stats::Interval> floatInterval(const report::Comparison& comparison)
{
    const std::size_t labelled = comparison.rows.empty() || comparison.rows.front().labelled == 0
                                     ? comparison.images
                                     : comparison.rows.front().labelled;
    return stats::wilson(stats::hitsOf(*comparison.floatTop1, labelled), labelled);
}

void print(const report::ComparisonRow& row)
{
    std::printf("%-38s %-16s W%d A%d %-6s ", row.method.c_str(), row.calibration.c_str(), row.weightBits,
                row.activationBits, row.coverage == graph::Coverage::Full ? "full" : "matmul");
    if (row.top1)
        std::printf("top-1 %6.2f %%  ", *row.top1 * 100);
    if (row.scores)
        std::printf("agreement %6.2f %%  KL %s  ", row.agreement * 100,
                    numberText(row.klDivergence, "%8.4f").c_str());
    else if (row.headline)
        std::printf("%s %s  ", row.headline->title.c_str(), tasks::figureText(*row.headline).c_str());
    std::printf("SQNR %s dB  %6.2f MB (%.2f packed)  int8 %3.0f %%  search %5.1f s",
                numberText(row.logitSqnrDb, "%5.1f").c_str(), static_cast<double>(row.fileBytes) * 1e-6,
                static_cast<double>(row.modelBytes) * 1e-6, row.int8Share * 100, row.resolveSeconds);
    std::printf("%s%s\n", row.failure.empty() ? "" : "  ", row.failure.c_str());
    std::fflush(stdout);
}

/// The table as JSON, with what was doubtful of the images.
std::string withDoubts(const report::Comparison& comparison, std::span<const Doubt> doubts)
{
    auto json = report::comparisonValue(comparison);
    json["doubts"] = doubtsJson(doubts);
    return jsonText(json);
}

Result<void> write(const report::Comparison& comparison, std::span<const Doubt> doubts, const std::string& path)
{
    const std::string extension = std::filesystem::path(path).extension().string();
    if (extension == ".csv")
        return writeAtomically(path, report::comparisonToCsv(comparison));
    if (extension == ".html")
        return writeAtomically(path, report::comparisonToHtml(comparison));
    return writeAtomically(path, withDoubts(comparison, doubts));
}

/// The lines that a file has already; an empty one has none.
Result<report::Comparison> resumed(const LockedFile& file, const std::string& name)
{
    QS_ASSIGN(const std::string text, file.read());
    if (text.empty())
        return report::Comparison{};
    auto saved = report::comparisonFromJson(text);
    if (!saved)
        return tl::unexpected(inFile(std::move(saved.error()), name));
    return saved;
}

Result<void> compare(const Options& options)
{
    for (const std::string& path : options.outputs)
        if (const auto extension = std::filesystem::path(path).extension();
            extension != ".csv" && extension != ".html" && extension != ".json")
            return fail(ErrorCode::InvalidArgument, "the table is written as .csv, .html or .json", path);
    QS_ASSIGN(const auto model, options.model.open());
    Run run(options.run);
    QS_ASSIGN(const TaskImages opened, openForTask(options.task, options.folder, options.preprocess, model, run));
    const auto& [images, task] = opened;
    report::Comparison comparison;
    std::optional<LockedFile> kept;
    if (!options.resume.empty()) {
        QS_ASSIGN(kept, LockedFile::open(options.resume));
        QS_ASSIGN(comparison, resumed(*kept, options.resume));
    }
    QS_ASSIGN(const auto calibrations, calibrationsOf(options, model, run));
    QS_ASSIGN(auto search, searchOf(options, model, run));
    search.options.task = task.chosen;
    QS_ASSIGN(const auto candidates, candidatesOf(options, calibrations, search));

    Result<void> saved;
    const auto grew = [&](const report::Comparison& now, const report::ComparisonRow& row) {
        if (kept && saved)
            saved = kept->replace(report::comparisonToJson(now));
        print(row);
    };
    QS_CHECK(report::compare(model, candidates, *images, images->size(), comparison, grew, run.context(), task));
    run.say(comparison.doubts);
    QS_CHECK(std::move(saved));
    if (comparison.floatTop1)
        std::printf("float top-1 %s on %zu images; the intervals of the lines are about as wide\n",
                    quant::withInterval(*comparison.floatTop1, floatInterval(comparison)).c_str(), comparison.images);
    for (const std::string& path : options.outputs)
        QS_CHECK(write(comparison, run.said(), path));
    return {};
}

} // namespace

Command addCompare(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    options->model.addTo(app);
    app.add_option("--images", options->folder.folder, "Folder of test images")->required();
    options->folder.addLabelsTo(app);
    options->task.addTaskTo(app);
    options->task.addTruthsTo(app);
    app.add_option("--count", options->folder.count, "Images to use, spread over the folder (default: all)")
        ->check(atLeastOne());
    app.add_option("--presets", options->presets,
                   "Presets, and q-hyvit-scale, q-hyvit-granularity, q-hyvit (searches, minutes a line), with commas "
                   "(default: all presets, where no recipe is given)")
        ->delimiter(',');
    app.add_option("--recipes", options->recipes, "Recipe files, with commas; --bits replaces their general bits")
        ->delimiter(',');
    app.add_option("--bits", options->bits, "WEIGHTS/ACTIVATIONS, with commas (default: 4/4,6/6,8/8)")
        ->delimiter(',');
    app.add_option("--coverage", options->coverages,
                   "matmul, full, or both with a comma (default: as the preset or recipe has it)")
        ->delimiter(',')
        ->check(CLI::IsMember({"matmul", "full"}));
    app.add_option("--bias-correction", options->corrections,
                   "off, on, or both with a comma (default: as the preset or recipe has it)")
        ->delimiter(',')
        ->check(CLI::IsMember({"off", "on"}));
    auto* several = app.add_option("--calibrations", options->calibrations,
                                   "Calibration files (.qcal), with commas: every method is tried with each");
    several->delimiter(',');
    app.add_option("-o,--out", options->outputs, "Table to write (.csv, .html, .json); may be repeated");
    app.add_option("--resume", options->resume,
                   "JSON file that keeps every finished line; lines that are there already are not made again");
    app.add_option(
        "--search-images", options->searchFolder,
        "Folder for the searches of q-hyvit (default: the calibration images; others than those choose better)");
    app.add_option("--search-count", options->search.images, "Images to search on (default: 32)")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--search-candidates", options->search.grid.count, "Steps that a search tries (default: 100)")
        ->check(CLI::Range(1, 1000));
    app.add_option("--search-rounds", options->search.grid.rounds, "Rounds of a search (default: 3)")
        ->check(CLI::Range(1, 10));
    options->calibration.addTo(app);
    for (const char* other : {"--calibration", "--calib-images"})
        several->excludes(app.get_option(other));
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return compare(*options); };
}

} // namespace qs::cli
