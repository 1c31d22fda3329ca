// Based on: Q-HyViT (arXiv 2303.12557), algorithm 1, from digests of the paper.
// Deviations: see the header.
#include "core/search/hybrid_search.h"
#include "core/base/csv.h"
#include "core/quant/resolve.h"

#include "core/base/stopwatch.h"
#include "core/exec/gradient.h"
#include "core/exec/record_values.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/scaled_grid.h"
#include "core/quant/search_grid.h"
#include "core/search/candidate_race.h"
#include "core/search/hybrid_unit_error.h"
#include "core/search/hybrid_units.h"
#include "core/search/sampled_images.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace qs::search {

namespace {

using quant::Granularity;
using quant::Scheme;

constexpr std::size_t kImageBytes = std::size_t{256} << 20;

struct Candidate {
    Scheme scheme;
    Granularity granularity;
    double factor;
};

quant::SitePatch patchOf(const Candidate& candidate)
{
    quant::SitePatch patch;
    patch.scheme = candidate.scheme;
    patch.granularity = candidate.granularity;
    patch.estimator = quant::Estimator{};
    patch.estimator->kind = quant::EstimatorKind::Scaled;
    patch.estimator->factor = candidate.factor;
    patch.objective = quant::Objective::InputError;
    return patch;
}

class HybridSearch {
public:
    HybridSearch(const graph::Network& network, const quant::Plan& plan, const SampledImages& images,
                 const HybridOptions& options, const Context& context)
        : m_network(network), m_plan(plan), m_images(images), m_options(options), m_context(context)
    {
        m_result.recipe = plan.recipe;
        m_result.factors = quant::searchFactors(options.grid);
        for (const graph::Site& site : network.sites)
            m_operands[site.id] = {plan[site.id].map, plan[site.id].dequantized};
    }

    Result<HybridResult> run()
    {
        m_units = hybridUnits(m_network, [this](const graph::Site& site) { return searched(site); });
        if (!m_options.bridges)
            splitBridges();
        for (const HybridUnit& unit : m_units)
            m_total += unit.sites.size();
        if (m_total == 0)
            return fail(ErrorCode::InvalidArgument,
                        "there is nothing to search: no site is quantized uniformly and unlocked");
        QS_CHECK(measureLoss());
        for (std::size_t begin = 0; begin < m_units.size();) {
            const std::size_t end = groupEnd(begin);
            QS_CHECK(searchGroup(begin, end));
            begin = end;
        }
        m_result.evaluations = m_runs / std::max<std::size_t>(runsOfImages(), 1);
        writeRecipe();
        return std::move(m_result);
    }

private:
    bool searched(const graph::Site& site) const
    {
        const quant::SiteSettings& settings = m_plan[site.id].settings;
        return !settings.isFloat() && settings.isUniform() && !m_plan.recipe.locked.contains(site.name);
    }

    /// Every operator for itself.
    void splitBridges()
    {
        std::vector<graph::Site> plain(m_network.sites.begin(), m_network.sites.end());
        const graph::Network split{m_network.graph, graph::SiteTable(std::move(plain))};
        m_units = hybridUnits(split, [this](const graph::Site& site) { return searched(site); });
    }

    std::size_t bytesOf(const HybridUnit& unit) const
    {
        std::size_t elements = 0;
        for (const TensorId id : unit.inputs)
            elements += static_cast<std::size_t>(m_network.graph.value(id).shape.elements());
        for (const TensorId id : unit.outputs)
            elements += 2 * static_cast<std::size_t>(m_network.graph.value(id).shape.elements());
        return elements * sizeof(float) * runsOfImages();
    }

    std::size_t runsOfImages() const
    {
        const auto batch = static_cast<std::size_t>(m_network.graph.batch());
        return (m_images.size() + batch - 1) / batch;
    }

    std::size_t groupEnd(std::size_t begin) const
    {
        std::size_t end = begin + 1;
        std::size_t bytes = bytesOf(m_units[begin]);
        while (end < m_units.size() && bytes + bytesOf(m_units[end]) <= m_options.memoryBytes)
            bytes += bytesOf(m_units[end++]);
        return end;
    }

    Result<void> measureLoss()
    {
        const AddsSeconds watch(m_result.secondsRecording);
        QS_ASSIGN(const quant::FloatReference reference,
                  quant::floatReference(m_network, m_images, m_images.size(), m_context));
        m_reference = *reference.logits;
        QS_ASSIGN(const quant::Evaluation evaluation,
                  quant::evaluate(m_network, &m_plan, m_images, m_images.size(), &reference, nullptr, m_context,
                                  {m_options.task, nullptr}));
        m_result.loss = evaluation.loss();
        return {};
    }

    Result<void> searchGroup(std::size_t begin, std::size_t end)
    {
        QS_ASSIGN(auto runs, record(begin, end));
        if (m_options.importance)
            QS_CHECK(weigh(begin, end, runs));
        const AddsSeconds watch(m_result.secondsCandidates);
        const std::size_t first = m_result.choices.size();
        for (std::size_t u = begin; u < end; ++u)
            for (const SiteId site : m_units[u].sites)
                m_result.choices.push_back(startChoice(m_units[u], site));
        std::size_t choice = first;
        for (std::size_t u = begin; u < end; ++u) {
            QS_CHECK(searchUnit(m_units[u], runs[u - begin], std::span(m_result.choices).subspan(choice)));
            choice += m_units[u].sites.size();
        }
        return {};
    }

    /// All rounds: units do not depend on each other. A site whose unit is as it was when it was last searched has
    /// its best candidate already.
    Result<void> searchUnit(const HybridUnit& unit, std::span<const UnitRun> runs, std::span<HybridChoice> choices)
    {
        UnitError error(m_network, unit, runs, m_operands);
        std::size_t unchanged = 0; // sites in a row, up to the present one
        for (int round = 0; round < m_options.grid.rounds; ++round)
            for (std::size_t s = 0; s < unit.sites.size(); ++s) {
                m_context.progress("searching", m_done++, m_total * static_cast<std::size_t>(m_options.grid.rounds));
                if (unchanged >= unit.sites.size())
                    continue;
                bool changed = false;
                QS_CHECK(searchSite(error, unit.sites[s], choices[s], changed));
                unchanged = changed ? 1 : unchanged + 1;
            }
        return {};
    }

    Result<std::vector<std::vector<UnitRun>>> record(std::size_t begin, std::size_t end)
    {
        const AddsSeconds watch(m_result.secondsRecording);
        std::vector<TensorId> wanted;
        for (std::size_t u = begin; u < end; ++u) {
            wanted.insert(wanted.end(), m_units[u].inputs.begin(), m_units[u].inputs.end());
            wanted.insert(wanted.end(), m_units[u].outputs.begin(), m_units[u].outputs.end());
        }
        QS_ASSIGN(auto recorded, exec::recordValues(m_network.graph, m_images, 0, m_images.size(), wanted, m_context,
                                                    "recording values of layers"));
        std::vector<std::vector<UnitRun>> runs(end - begin);
        for (std::vector<Tensor>& values : recorded) {
            auto next = values.begin();
            for (std::size_t u = begin; u < end; ++u) {
                UnitRun& run = runs[u - begin].emplace_back();
                for (std::size_t i = 0; i < m_units[u].inputs.size(); ++i)
                    run.inputs.push_back(*next++);
                for (std::size_t o = 0; o < m_units[u].outputs.size(); ++o)
                    run.outputs.push_back(*next++);
            }
        }
        return runs;
    }

    /// Squared gradients of the units' outputs.
    Result<void> weigh(std::size_t begin, std::size_t end, std::vector<std::vector<UnitRun>>& runs)
    {
        const AddsSeconds watch(m_result.secondsGradients);
        std::vector<TensorId> wanted;
        for (std::size_t u = begin; u < end; ++u)
            wanted.insert(wanted.end(), m_units[u].outputs.begin(), m_units[u].outputs.end());
        QS_ASSIGN(const auto program,
                  exec::GradientProgram::compile(m_network, m_plan.simulation, std::move(wanted)));
        const auto batch = static_cast<std::size_t>(m_network.graph.batch());
        const auto take = [&](const exec::GradientBatch& gradients) -> Result<void> {
            auto next = gradients.gradients.begin();
            for (std::size_t u = begin; u < end; ++u)
                for (std::size_t o = 0; o < m_units[u].outputs.size(); ++o) {
                    Tensor squares = *next++;
                    for (float& value : squares.mutableData<float>())
                        value *= value;
                    runs[u - begin][gradients.first / batch].importance.push_back(std::move(squares));
                }
            return {};
        };
        tasks::ChosenTask task = m_options.task;
        if (!task.task) {
            QS_ASSIGN(task, tasks::makeTask({}, tasks::outputsOf(m_network.graph)));
        }
        exec::RowLoss ofRow; // of classification: KL of logits, or of the logarithms of probabilities
        if (!task.def->ofClasses)
            ofRow = [&task](std::span<const float> reference, std::span<const float> row, std::span<float> gradient) {
                return task.task->loss(reference, row, gradient);
            };
        QS_ASSIGN([[maybe_unused]] const double loss,
                  exec::lossGradients(program, m_images, 0, m_images.size(), m_reference, m_context, "gradients",
                                      take, ofRow));
        return {};
    }

    HybridChoice startChoice(const HybridUnit& unit, SiteId site) const
    {
        const quant::SiteSettings& settings = m_plan[site].settings;
        HybridChoice choice;
        choice.site = site;
        choice.bridge = unit.bridges.empty() ? -1 : unit.bridges.front();
        choice.scheme = settings.scheme;
        choice.granularity = settings.granularity;
        return choice;
    }

    /// Granularities and schemes to try, and for each its first candidate.
    std::vector<HybridCurve> curvesOf(SiteId id) const
    {
        const quant::SiteSettings& settings = m_plan[id].settings;
        const bool activation = m_network.sites[id].kind == graph::SiteKind::Activation;
        std::vector<Granularity> granularities{settings.granularity};
        if (m_options.granularity && (!activation || m_options.channelActivations))
            granularities = {Granularity::Tensor, Granularity::Channel};
        std::vector<Scheme> schemes{settings.scheme};
        if (m_options.scheme)
            schemes = {Scheme::Symmetric, Scheme::Asymmetric};
        std::vector<HybridCurve> curves;
        for (const Granularity granularity : granularities)
            for (const Scheme scheme : schemes)
                curves.push_back({scheme, granularity, {}});
        return curves;
    }

    Result<SiteOperand> operandOf(SiteId id, const Candidate& candidate) const
    {
        const graph::Site& site = m_network.sites[id];
        quant::SiteSettings settings = m_plan[id].settings;
        patchOf(candidate).applyTo(settings);
        if (site.kind == graph::SiteKind::Weight) {
            QS_ASSIGN(Tensor values, quant::scaledWeight(quant::FloatConstants(m_network.graph), site, settings));
            return SiteOperand{nullptr, std::move(values)};
        }
        QS_ASSIGN(quant::UniformGrid grid, quant::scaledGrid(m_plan.calibration->sites[id.index()], settings));
        return SiteOperand{quant::makeUniformMap(std::move(grid)), {}};
    }

    Result<void> searchSite(UnitError& unit, SiteId site, HybridChoice& choice, bool& changed)
    {
        QS_CHECK(unit.choose(site, m_context));
        const bool first = choice.curves.empty();
        choice.curves = curvesOf(site);
        std::vector<Candidate> candidates;
        for (const HybridCurve& curve : choice.curves)
            for (const double factor : m_result.factors)
                candidates.push_back({curve.scheme, curve.granularity, factor});
        const auto contender = [&](std::size_t i) -> Result<RunError> {
            SiteOperand operand = m_operands.at(site); // the last one is what the site has
            if (i < candidates.size()) {
                QS_ASSIGN(operand, operandOf(site, candidates[i]));
            }
            return RunError(
                [&unit, operand = std::move(operand)](std::size_t run) { return unit.error(operand, run); });
        };
        QS_ASSIGN(const RaceResult found,
                  race(candidates.size() + 1, unit.runs(), contender, m_options.wholeCurves, m_context));
        m_runs += found.evaluations;
        for (std::size_t c = 0; c < choice.curves.size(); ++c) {
            const auto begin = found.errors.begin() + static_cast<std::ptrdiff_t>(c * m_result.factors.size());
            choice.curves[c].errors.assign(begin, begin + static_cast<std::ptrdiff_t>(m_result.factors.size()));
        }
        if (first)
            choice.before = found.errors.back();
        choice.after = found.errors[found.best];
        if (found.best == candidates.size())
            return {};
        const Candidate& best = candidates[found.best];
        changed = true;
        choice.changed = true;
        choice.scheme = best.scheme;
        choice.granularity = best.granularity;
        choice.factor = best.factor;
        QS_ASSIGN(m_operands[site], operandOf(site, best));
        return {};
    }

    void writeRecipe()
    {
        for (const HybridChoice& choice : m_result.choices)
            if (choice.changed)
                m_result.recipe = quant::edited(m_result.recipe, m_network.sites, std::array{choice.site},
                                                patchOf({choice.scheme, choice.granularity, choice.factor}));
    }

    const graph::Network& m_network;
    const quant::Plan& m_plan;
    const SampledImages& m_images;
    const HybridOptions& m_options;
    const Context& m_context;
    std::vector<HybridUnit> m_units;
    std::map<SiteId, SiteOperand> m_operands; ///< of all sites, as they were last chosen
    Tensor m_reference;                       ///< logits of the float network
    HybridResult m_result;
    std::size_t m_runs = 0;              ///< that candidates saw
    std::size_t m_done = 0, m_total = 0; ///< sites, for progress
};

Result<void> checkStart(const graph::SiteTable& sites, const quant::Plan& plan)
{
    for (const graph::Site& site : sites)
        if (const auto& settings = plan[site.id].settings;
            settings.smoothing.kind != quant::SmoothingKind::None || settings.noise.on)
            return fail(ErrorCode::InvalidArgument,
                        "Q-HyViT's search starts from a recipe without smoothing and noise", site.name);
    return {};
}

} // namespace

Result<HybridResult> searchHybrid(const graph::Network& network,
                                  std::shared_ptr<const stats::Calibration> calibration, const quant::Recipe& recipe,
                                  const exec::ImageSource& images, const HybridOptions& options,
                                  const Context& context)
{
    QS_CHECK(quant::checkGrid(options.grid));
    if (options.images == 0 || images.size() == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to search on");
    QS_ASSIGN(const auto plan, quant::resolve(network, std::move(calibration), recipe, nullptr, context));
    QS_CHECK(checkStart(network.sites, *plan));
    const std::size_t elements =
        static_cast<std::size_t>(network.graph.value(network.graph.input()).shape.elements() / network.graph.batch());
    QS_ASSIGN(const SampledImages sampled,
              SampledImages::create(images, std::min(options.images, images.size()), elements, kImageBytes, context));
    return HybridSearch(network, *plan, sampled, options, context).run();
}

std::string choicesToCsv(const graph::SiteTable& sites, const HybridResult& result)
{
    std::string csv = "site,bridge,scheme,granularity,factor,error_before,error_after\n";
    for (const HybridChoice& choice : result.choices) {
        csv += csvLine({sites[choice.site].name, choice.bridge >= 0 ? std::to_string(choice.bridge) : "",
                        choice.scheme == Scheme::Symmetric ? "symmetric" : "asymmetric",
                        choice.granularity == Granularity::Channel ? "channel" : "tensor", csvNumber(choice.factor),
                        csvNumber(choice.before), csvNumber(choice.after)});
    }
    return csv;
}

} // namespace qs::search
