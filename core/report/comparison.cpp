#include "core/report/comparison.h"
#include "core/quant/resolve.h"

#include "core/base/file.h"
#include "core/base/stopwatch.h"
#include "core/onnx/export.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"
#include "core/search/hybrid_methods.h"
#include "core/stats/image_names.h"

#include <algorithm>

namespace qs::report {

namespace {

/// What a search depends on, beside the recipe.
std::string describe(const HybridSearch& search)
{
    const search::HybridOptions& o = search.options;
    std::string text = std::to_string(o.grid.low) + ' ' + std::to_string(o.grid.high);
    for (const std::size_t number :
         {static_cast<std::size_t>(o.grid.count), static_cast<std::size_t>(o.grid.rounds), std::size_t{o.granularity},
          std::size_t{o.scheme}, std::size_t{o.channelActivations}, std::size_t{o.importance}, std::size_t{o.bridges},
          o.images})
        text += ' ' + std::to_string(number);
    return text + '\n' + (search.images ? stats::hashOfNames(*search.images) : "no images");
}

std::string labelsHash(const exec::ImageSource& images, std::size_t count)
{
    std::string text;
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
        const auto label = images.label(i);
        any = any || label;
        text += label ? std::to_string(*label) + ' ' : "- ";
    }
    return any ? contentHash(text) : "";
}

MeasuredOf measuredOf(const onnx::Model& model, const exec::ImageSource& images, std::size_t count,
                      const quant::EvaluationTask& task)
{
    const tasks::Outputs outputs = tasks::outputsOf(model.graph);
    MeasuredOf of;
    of.task = task.chosen.def ? task.chosen.def->name : tasks::guessTask(outputs).name;
    for (const graph::OutputSpan& output : outputs.layout)
        of.outputs += (of.outputs.empty() ? "" : ",") + output.name;
    of.reading = task.chosen.task ? task.chosen.reading : "";
    of.truths = task.truths ? task.truths->key() : labelsHash(images, count);
    return of;
}

/// Errors: InvalidArgument, which says in what a line differs.
Result<void> checkSame(std::span<const ComparisonRow> rows, const MeasuredOf& now)
{
    for (const ComparisonRow& row : rows) {
        if (row.of == now || (row.of == MeasuredOf{} && now.task == "classification"))
            continue;
        const std::string what = row.of.task.empty()             ? "was written without what its truths were"
                                 : row.of.task != now.task       ? "is of the task " + row.of.task
                                 : row.of.outputs != now.outputs ? "is of the outputs " + row.of.outputs
                                 : row.of.truths != now.truths   ? "is of other labels or truths"
                                                                 : "reads the outputs otherwise";
        return fail(ErrorCode::InvalidArgument, "the comparison to go on from cannot be continued: its line '" +
                                                    row.method + "' " + what + "; another file starts anew");
    }
    return {};
}

std::string keyOf(const Comparison& comparison, const Candidate& candidate, const MeasuredOf& of)
{
    const stats::Calibration& calibration = *candidate.calibration;
    std::string importances;
    for (const stats::Importance& importance : calibration.importances)
        importances.append(reinterpret_cast<const char*>(importance.values.data()),
                           importance.values.size() * sizeof(float));
    return contentHash(candidate.method + '\n' + comparison.modelHash + '\n' + comparison.imagesHash + '\n' +
                       calibration.imagesHash + '\n' + std::to_string(calibration.images) + '\n' +
                       calibration.preprocess + '\n' + quant::recipeToJson(candidate.recipe) +
                       (candidate.search ? '\n' + describe(*candidate.search) : "") + importances + '\n' + of.task +
                       '\n' + of.outputs + '\n' + of.reading + '\n' + of.truths);
}

ComparisonRow rowOf(const Candidate& candidate, std::string key, const MeasuredOf& of)
{
    ComparisonRow row;
    row.key = std::move(key);
    row.of = of;
    row.method = candidate.method;
    row.calibration = candidate.calibrationTitle;
    row.calibrationImages = candidate.calibration->images;
    row.weightBits = candidate.weightBits;
    row.activationBits = candidate.activationBits;
    row.coverage = candidate.recipe.coverage;
    return row;
}

/// The candidate's recipe, or what its search makes of it.
Result<quant::Recipe> recipeOf(const onnx::Model& model, const Candidate& candidate, const Context& context)
{
    if (!candidate.search)
        return candidate.recipe;
    const auto& [options, images] = *candidate.search;
    if (!images)
        return fail(ErrorCode::InvalidArgument,
                    "the search needs calibration images, not only the statistics in a calibration file");
    QS_ASSIGN(search::HybridResult result,
              search::searchHybrid(model, candidate.calibration, candidate.recipe, *images, options, context));
    return std::move(result.recipe);
}

/// Errors: what ends the whole comparison; what only this line cannot do is its failure.
Result<void> fill(const onnx::Model& model, const Candidate& candidate, const exec::ImageSource& images,
                  std::size_t count, const quant::FloatReference& reference, ComparisonRow& row,
                  const quant::EvaluationTask& task, const Context& context)
{
    const Stopwatch watch;
    const auto recipe = recipeOf(model, candidate, context);
    if (recipe && candidate.search)
        row.found = *recipe;
    const auto plan = recipe.and_then([&](const quant::Recipe& settings) {
        return quant::resolve(model, candidate.calibration, settings, nullptr, context);
    });
    row.resolveSeconds = watch.seconds();
    if (!plan) {
        if (plan.error().code == ErrorCode::Cancelled)
            return tl::unexpected(plan.error());
        row.failure = plan.error().text();
        return {};
    }
    QS_ASSIGN(const quant::Evaluation evaluation,
              quant::evaluate(model, plan->get(), images, count, &reference, exec::makeWeightCache(), context, task));
    row.scores = evaluation.scores;
    if (const tasks::Figure* headline = evaluation.headline())
        row.headline = *headline;
    row.top1 = evaluation.top1;
    row.labelled = evaluation.labelled;
    row.agreement = evaluation.agreement;
    row.klDivergence = evaluation.klDivergence;
    row.logitSqnrDb = evaluation.logitSqnrDb;
    row.meanWeightBits = evaluation.meanWeightBits;
    row.meanActivationBits = evaluation.meanActivationBits;
    row.modelBytes = evaluation.modelBytes;
    row.evaluateSeconds = evaluation.seconds;
    const auto exported = onnx::previewExport(model, **plan, {});
    if (exported) {
        row.int8Share = exported->int8MacShare();
        row.fileBytes = exported->fileBytes;
    } else {
        row.failure = "no export: " + exported.error().text();
    }
    return {};
}

/// The rows of the candidates first, in their order; then what else was there.
void sort(std::span<const std::string> keys, std::vector<ComparisonRow>& rows)
{
    const auto place = [&](const ComparisonRow& row) { return std::ranges::find(keys, row.key) - keys.begin(); };
    std::ranges::stable_sort(rows, {}, place);
}

} // namespace

std::vector<quant::Preset> comparedMethods()
{
    std::vector<quant::Preset> methods(quant::presets().begin(), quant::presets().end());
    for (const search::HybridMethod& method : search::hybridMethods())
        methods.push_back(method.preset);
    return methods;
}

Result<Candidate> candidateOf(std::string_view method, int weightBits, int activationBits,
                              std::optional<graph::Coverage> coverage,
                              std::shared_ptr<const stats::Calibration> calibration, const HybridSearch& search)
{
    Candidate candidate{std::string(method), weightBits, activationBits, {}, std::move(calibration), {}, {}};
    if (const search::HybridMethod* hybrid = search::findHybridMethod(method)) {
        QS_ASSIGN(candidate.recipe, search::hybridStart(*hybrid, weightBits, activationBits));
        candidate.search = {search::hybridOptions(*hybrid, search.options), search.images};
    } else {
        QS_ASSIGN(candidate.recipe, quant::presetRecipe(method, weightBits, activationBits));
    }
    candidate.recipe.coverage = coverage.value_or(candidate.recipe.coverage);
    return candidate;
}

Result<void> compare(const onnx::Model& model, std::span<const Candidate> candidates, const exec::ImageSource& images,
                     std::size_t count, Comparison& into, const ComparisonGrew& grew, const Context& context,
                     const quant::EvaluationTask& task)
{
    count = std::min(count, images.size());
    const std::string imagesHash = stats::hashOfNames(images, count);
    if (!into.rows.empty() && (into.modelHash != model.info.hash || into.imagesHash != imagesHash))
        return fail(ErrorCode::InvalidArgument,
                    "the comparison to go on from is of another model or of other images");
    const MeasuredOf of = measuredOf(model, images, count, task);
    QS_CHECK(checkSame(into.rows, of));
    into.model = model.info.path.filename().string();
    into.modelHash = model.info.hash;
    into.images = count;
    into.imagesHash = imagesHash;

    std::vector<std::string> keys;
    for (const Candidate& candidate : candidates)
        keys.push_back(keyOf(into, candidate, of));
    sort(keys, into.rows);
    std::optional<quant::FloatReference> reference;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        context.progress("comparing", i, candidates.size());
        if (context.stopRequested())
            return cancelled();
        if (std::ranges::find(into.rows, keys[i], &ComparisonRow::key) != into.rows.end())
            continue;
        if (!reference) {
            QS_ASSIGN(reference, quant::evaluationReference(model, images, count, context, task));
            QS_ASSIGN(const auto evaluation,
                      quant::evaluate(model, nullptr, images, count, &*reference, nullptr, context, task));
            into.floatTop1 = evaluation.top1;
            into.doubts = evaluation.doubts;
        }
        ComparisonRow row = rowOf(candidates[i], keys[i], of);
        QS_CHECK(fill(model, candidates[i], images, count, *reference, row, task, context));
        into.rows.push_back(std::move(row));
        sort(keys, into.rows);
        if (grew)
            grew(into, *std::ranges::find(into.rows, keys[i], &ComparisonRow::key));
    }
    context.progress("comparing", candidates.size(), candidates.size());
    return {};
}

} // namespace qs::report
