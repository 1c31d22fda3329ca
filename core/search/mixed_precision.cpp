// Based on: MPTQ-ViT (arXiv 2401.14895), Greedy MP; the paper's text was not to be had, score and fill pass are
// reconstructions.
#include "core/search/mixed_precision.h"
#include "core/quant/resolve.h"

#include "core/base/stopwatch.h"
#include "core/graph/output_form.h"
#include "core/quant/doubts.h"
#include "core/quant/evaluate.h"
#include "core/search/evaluator.h"
#include "core/search/greedy.h"
#include "core/search/network_cost.h"
#include "core/search/network_oracle.h"
#include "core/search/sampled_images.h"

#include <algorithm>
#include <utility>

namespace qs::search {

namespace {

Result<void> checkOptions(const Options& options)
{
    const Budget& budget = options.budget;
    if (!budget.meanWeightBits && !budget.meanActivationBits && !budget.modelBytes && !budget.bops)
        return fail(ErrorCode::InvalidArgument, "a search needs a budget");
    const auto positive = [](const std::optional<double>& value) { return !value || *value > 0; };
    if (!positive(budget.meanWeightBits) || !positive(budget.meanActivationBits) || !positive(budget.bops) ||
        (budget.modelBytes && *budget.modelBytes == 0))
        return fail(ErrorCode::InvalidArgument, "a budget must be positive");
    if (options.minBits < 2 || options.maxBits > 8 || options.minBits > options.maxBits)
        return fail(ErrorCode::InvalidArgument, "a search needs 2 <= smallest bits <= largest bits <= 8");
    return {};
}

std::vector<SiteId> quantized(const graph::SiteTable& sites, const quant::Recipe& recipe, bool locked)
{
    std::vector<SiteId> found;
    for (const graph::Site& site : sites)
        if (!quant::settingsOf(recipe, site).isFloat() && recipe.locked.contains(site.name) == locked)
            found.push_back(site.id);
    return found;
}

/// Does a budget say anything about the unit?
bool touched(const NetworkCost& cost, const Amounts& limits, std::vector<int> bits, std::size_t unit)
{
    const Amounts before = cost.amounts(bits);
    ++bits[unit];
    const Amounts after = cost.amounts(bits);
    for (std::size_t i = 0; i < kCurrencies; ++i)
        if (limits[i] < kNoLimit && after[i] > before[i])
            return true;
    return false;
}

Result<Yardstick> makeYardstick(const graph::Network& network, const exec::ImageSource& images,
                                const Options& options, const Context& context)
{
    const Performance performance = options.performance;
    tasks::ChosenTask task = options.task;
    if (!task.task) {
        QS_ASSIGN(task, tasks::makeTask({}, tasks::outputsOf(network.graph)));
    }
    Yardstick yardstick;
    yardstick.performance = performance;
    const bool scores = task.def->ofClasses;
    if (!scores && performance == Performance::Top1)
        return fail(ErrorCode::InvalidArgument,
                    "the task is " + std::string(task.def->name) + ", no classification: top-1 has no meaning");
    for (std::size_t i = 0; i < images.size(); ++i)
        yardstick.labels.push_back(scores ? images.label(i) : std::nullopt);
    const int64_t classes = graph::outputsPerImage(network.graph);
    for (std::size_t i = 0; i < images.size(); ++i)
        if (const auto& label = yardstick.labels[i]; label && (*label < 0 || *label >= classes))
            return fail(ErrorCode::InvalidArgument, "the label is outside the model's classes", images.name(i));
    if (performance == Performance::Top1) {
        if (std::ranges::none_of(yardstick.labels, [](const auto& label) { return label.has_value(); }))
            return fail(ErrorCode::InvalidArgument, "top-1 needs labelled images");
        return yardstick;
    }
    QS_ASSIGN(const auto reference, quant::floatReference(network, images, images.size(), context));
    QS_ASSIGN(yardstick.loss, quant::OutputLoss::make(network.graph, task, *reference.logits, images.size()));
    return yardstick;
}

/// The trace for people, from the search over numbers.
class TraceWriter {
public:
    TraceWriter(Trace& trace, const NetworkCost& cost) : m_trace(trace), m_cost(cost) {}

    void start(const GreedyResult& result)
    {
        fill(m_trace.start, result.startAmounts);
        m_trace.start.loss = result.startLoss;
        m_trace.start.measured = true;
        m_trace.start.cost = result.startCost;
    }
    const Step& add(const GreedyStep& from)
    {
        Step step;
        step.site = m_trace.units[from.unit];
        step.bitsBefore = from.bitsBefore;
        step.bitsAfter = from.bitsAfter;
        step.loss = from.loss;
        step.measured = from.measured;
        step.cost = from.cost;
        step.score = from.score;
        fill(step, from.amounts);
        m_trace.steps.push_back(step);
        if (step.bitsAfter < step.bitsBefore)
            m_trace.fillFrom = m_trace.steps.size();
        return m_trace.steps.back();
    }

private:
    void fill(Step& step, const Amounts& amounts) const
    {
        step.meanWeightBits = m_cost.meanWeightBits(amounts);
        step.meanActivationBits = m_cost.meanActivationBits(amounts);
        step.modelBytes = static_cast<std::size_t>(amounts[ModelBytes]);
        step.bops = amounts[Bops];
    }

    Trace& m_trace;
    const NetworkCost& m_cost;
};

} // namespace

Result<Outcome> greedyMixedPrecision(const graph::Network& network,
                                     std::shared_ptr<const stats::Calibration> calibration,
                                     const quant::Recipe& recipe, const exec::ImageSource& images,
                                     const std::shared_ptr<exec::WeightCache>& weights, const Options& options,
                                     const Context& context,
                                     const std::function<void(const Trace&, const Step&)>& onStep)
{
    const Stopwatch watch;
    QS_CHECK(checkOptions(options));
    Outcome outcome;
    outcome.recipe = recipe;
    Trace& trace = outcome.trace;
    trace.mode = options.mode;
    trace.units = quantized(network.sites, recipe, false);
    if (trace.units.empty())
        return fail(ErrorCode::InvalidArgument, "there is no quantized site that is not locked: nothing to search");
    if (images.size() == 0 || options.images == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to search with");

    QS_ASSIGN(const auto plan, quant::resolve(network, calibration, recipe, nullptr, context));
    const NetworkCost cost(network, *plan, trace.units);
    GreedyProblem problem;
    problem.minBits = options.minBits;
    problem.maxBits = options.maxBits;
    problem.mode = options.mode;
    problem.interpolate = options.interpolate;
    problem.fill = options.fill;
    problem.cost = [&cost](std::span<const int> bits) { return cost.amounts(bits); };
    problem.limits = cost.limits(options.budget);
    for (const SiteId unit : trace.units)
        trace.startBits.push_back((*plan)[unit].settings.bits);
    if (!options.fromRecipe) {
        const auto own = trace.startBits;
        for (std::size_t unit = 0; unit < own.size(); ++unit)
            if (touched(cost, problem.limits, own, unit))
                trace.startBits[unit] = options.maxBits;
    }
    problem.start = trace.startBits;
    if (options.performance == Performance::KlDivergence)
        problem.reference.assign(trace.units.size(), quant::kFloatBits);

    const auto elements = static_cast<std::size_t>(network.graph.value(network.graph.input()).shape.elements() /
                                                   std::max<int64_t>(1, network.graph.batch()));
    QS_ASSIGN(const auto sample,
              SampledImages::create(images, options.images, elements, options.checkpointBytes, context));
    QS_ASSIGN(auto yardstick, makeYardstick(network, sample, options, context));
    if (auto doubt = quant::outputDoubt(yardstick.loss ? yardstick.loss->form() : exec::OutputForm::Logits))
        outcome.doubts.push_back(std::move(*doubt));
    NetworkOracle oracle({network, calibration, recipe, trace.units, quantized(network.sites, recipe, true)},
                         Evaluator(network, sample, weights, options.checkpointBytes), std::move(yardstick), context);
    TraceWriter writer(trace, cost);
    QS_ASSIGN(const GreedyResult result,
              greedy(problem, oracle, context, [&](const GreedyResult& soFar, const GreedyStep& step) {
                  if (soFar.steps.size() == 1)
                      writer.start(soFar);
                  const Step& added = writer.add(step);
                  trace.evaluations = oracle.evaluations();
                  trace.seconds = watch.seconds();
                  if (onStep)
                      onStep(trace, added);
              }));
    writer.start(result);
    trace.fillFrom = result.fillFrom;
    trace.evaluations = oracle.evaluations();
    trace.seconds = watch.seconds();
    outcome.recipe = withBits(recipe, network.sites, trace.units, result.bits);
    outcome.loss = result.loss;
    outcome.met = result.met;
    outcome.cancelled = result.cancelled;
    return outcome;
}

} // namespace qs::search
