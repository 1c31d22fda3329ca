#include "core/quant/resolve.h"
#include "core/graph/op_traits.h"
#include "core/quant/bias_stage.h"
#include "core/quant/choices.h"
#include "core/quant/cost.h"
#include "core/quant/for_each.h"
#include "core/quant/guard.h"
#include "core/quant/layer_plan.h"
#include "core/quant/noise.h"
#include "core/quant/output_error.h"
#include "core/quant/plan.h"
#include "core/quant/quantizers.h"
#include "core/quant/site_resolver.h"
#include "core/quant/smoothed_network.h"
#include "core/quant/smoothing_stage.h"
#include "core/quant/stale_sites.h"
#include "core/quant/zero_point.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

/// Clipping of more than this share of the values is worth a warning: at 1 % it costs accuracy on every model tried.
constexpr double kMuchClipping = 0.01;

class Resolver {
public:
    Resolver(const graph::Network& network, std::shared_ptr<const stats::Calibration> calibration,
             const Recipe& recipe, std::vector<SiteSettings> settings, const Plan* previous, const Context& context)
        : m_network(network), m_previous(usable(previous, calibration, network.sites)), m_context(context),
          m_settings(std::move(settings)), m_smoothing(network, calibration.get(), m_settings, m_previous),
          m_biases(network, m_smoothing, m_previous)
    {
        m_plan.recipe = recipe;
        m_plan.calibration = std::move(calibration);
    }

    Result<std::shared_ptr<Plan>> run()
    {
        if (m_plan.calibration && m_plan.calibration->sites.size() != m_network.sites.size())
            return fail(ErrorCode::InvalidArgument, "the calibration is of another model");
        QS_CHECK(m_smoothing.run(m_context));
        m_plan.warnings = m_smoothing.warnings();
        m_plan.sites.resize(m_network.sites.size());
        if (m_previous)
            m_stale =
                findStale(m_network, *m_previous, m_settings, [this](SiteId id) { return m_smoothing.smooths(id); });
        QS_CHECK(resolveSites());
        QS_CHECK(searchLayers());
        QS_CHECK(resolveNoise());
        m_plan.smoothed = m_smoothing.network();
        QS_CHECK(m_biases.run(m_plan, m_context));
        simulate();
        simulateIntegerNorms();
        m_plan.findLanes();
        computeCost(m_network, m_plan);
        warn();
        return std::make_shared<Plan>(std::move(m_plan));
    }

private:
    static const Plan* usable(const Plan* previous, const std::shared_ptr<const stats::Calibration>& calibration,
                              const graph::SiteTable& sites)
    {
        return previous && previous->calibration == calibration && previous->sites.size() == sites.size() ? previous
                                                                                                          : nullptr;
    }

    const stats::SiteStatistics* statisticsOf(SiteId id) const
    {
        return m_plan.calibration && id.valid() ? &m_plan.calibration->sites[id.index()] : nullptr;
    }

    SiteId inputOf(const graph::Site& weight) const { return quant::inputOf(m_network.sites, weight); }

    /// Whether a site can be taken over from the previous plan.
    bool keep(const graph::Site& site) const { return m_previous && !m_stale.numbers[site.id.index()]; }

    bool wantsNoise(const graph::Site& site) const
    {
        const SiteSettings& wanted = m_settings[site.id.index()];
        return site.kind == graph::SiteKind::Activation && wanted.noise.on && !wanted.isFloat();
    }

    Result<void> resolveSites()
    {
        // Those with noise first: V is seen with the noise of the projection that reads it.
        for (const bool noise : {true, false}) {
            for (const graph::Site& site : m_network.sites)
                if (wantsNoise(site) == noise && keep(site))
                    m_plan.sites[site.id.index()] = m_previous->sites[site.id.index()];
            m_smoothing.addNoise(m_plan.sites);
        }
        std::vector<SiteId> todo;
        for (const graph::Site& site : m_network.sites)
            if (!m_plan.sites[site.id.index()])
                todo.push_back(site.id);
        QS_CHECK(forEach(m_context, todo, [&](SiteId id, std::size_t) { return resolveOne(id); }));
        // The same numbers, but a smoothing object of its own.
        for (const graph::Site& site : m_network.sites)
            if (auto& plan = m_plan.sites[site.id.index()]; plan->smoothing != m_smoothing.of(site.id)) {
                SitePlan changed = *plan;
                changed.smoothing = m_smoothing.of(site.id);
                plan = std::make_shared<const SitePlan>(std::move(changed));
            }
        return {};
    }

    Result<void> resolveOne(SiteId id)
    {
        QS_ASSIGN(SitePlan plan, resolved(m_network.sites[id]));
        plan.smoothing = m_smoothing.of(id);
        m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(plan));
        return {};
    }

    Result<SitePlan> resolved(const graph::Site& site)
    {
        const SiteSettings& wanted = m_settings[site.id.index()];
        const FloatConstants constants(m_network.graph, &m_smoothing.weights());
        if (site.kind == graph::SiteKind::Weight)
            return resolveWeight(constants, site, m_smoothing.statistics(inputOf(site)), wanted);
        static const stats::SiteStatistics kNone;
        const stats::SiteStatistics* statistics = m_smoothing.statistics(site.id);
        return resolveActivation(constants, site, statistics ? *statistics : kNone, wanted,
                                 gridOf(m_smoothing.of(site.id).get(), wanted));
    }

    /// Ranges that are found by layers take the place of those that sites found by themselves.
    Result<void> searchLayers()
    {
        if (!m_plan.calibration)
            return {};
        const FloatConstants smoothed(m_network.graph, &m_smoothing.weights());
        const LayerInputs inputs{smoothed,
                                 m_network.sites,
                                 m_settings,
                                 *m_plan.calibration,
                                 [this](SiteId id) { return m_smoothing.statistics(id); },
                                 [this](SiteId id) { return m_smoothing.smooths(id); }};
        // Layers go by shapes, which smoothing leaves as they are: no statistics have to be made for those that are
        // kept.
        LayerInputs plain = inputs;
        plain.statistics = [this](SiteId id) { return statisticsOf(id); };
        std::vector<SearchedLayer> todo = searchedLayers(plain);
        std::erase_if(todo, [&](const SearchedLayer& layer) {
            return m_previous && std::ranges::none_of(layer.searched, [&](SiteId id) { return m_stale[id]; });
        });
        std::vector<std::vector<std::pair<SiteId, SitePlan>>> found(todo.size());
        std::vector<std::optional<Error>> errors(todo.size());
        const auto one = [&](std::size_t index, int) {
            if (auto result = resolveLayer(inputs, todo[index], m_plan.sites, m_context))
                found[index] = std::move(*result);
            else
                errors[index] = std::move(result.error());
        };
        // Few layers: each on all threads.
        if (m_context.pool && todo.size() >= static_cast<std::size_t>(m_context.threads()))
            m_context.pool->parallelFor(todo.size(), one);
        else
            for (std::size_t i = 0; i < todo.size(); ++i)
                one(i, 0);
        for (std::size_t i = 0; i < todo.size(); ++i) {
            if (errors[i])
                return tl::unexpected<Error>(std::move(*errors[i]));
            for (auto& [id, plan] : found[i]) {
                plan.smoothing = m_smoothing.of(id);
                m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(plan));
                m_justSearched.insert(id);
            }
        }
        return {};
    }

    /// On top of the quantizers that are found; then V, where noise goes through it, by itself.
    Result<void> resolveNoise()
    {
        std::vector<SiteId> todo;
        for (const graph::Site& site : m_network.sites)
            if (wantsNoise(site) && !m_plan[site.id].noise)
                todo.push_back(site.id);
        QS_CHECK(forEach(m_context, todo, [&](SiteId id, std::size_t) -> Result<void> {
            SitePlan changed = m_plan[id];
            addNoise(m_network.sites[id], changed);
            m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(changed));
            return {};
        }));
        m_smoothing.addNoise(m_plan.sites);
        std::vector<SiteId> values;
        for (const graph::Site& site : m_network.sites) {
            const SitePlan& plan = m_plan[site.id];
            if (!wantsNoise(site) || !plan.transform() || plan.transform()->target.place != FoldPlace::Value)
                continue;
            const SiteId value = plan.transform()->target.value;
            if (std::ranges::find(todo, site.id) != todo.end() || m_justSearched.contains(value))
                values.push_back(value);
        }
        return forEach(m_context, values, [&](SiteId id, std::size_t) { return resolveOne(id); });
    }

    void addNoise(const graph::Site& site, SitePlan& plan)
    {
        const FloatConstants constants(m_network.graph, &m_smoothing.weights());
        const stats::SiteStatistics& statistics = *m_smoothing.statistics(site.id);
        plan.noise = planNoise(constants, m_network.sites, site, statistics, plan, plan.smoothing.get());
        if (!plan.noise->noise.empty())
            plan.error.outputError =
                activationOutputError(constants, site, statistics, *makeNoiseMap(plan.noise->noise, plan.map));
    }

    void simulate()
    {
        exec::Simulation& simulation = m_plan.simulation;
        simulation.constants = m_biases.constants();
        simulation.activations = m_plan.smoothed.activations;
        for (const graph::Site& site : m_network.sites) {
            const SitePlan& plan = m_plan[site.id];
            if (site.kind == graph::SiteKind::Activation && plan.map) {
                auto& map = simulation.activations[site.id.index()];
                map = map ? makeSmoothingMap(plan.transform()->transform, plan.map) : plan.map;
            } else if (plan.quantized())
                for (const graph::Use& use : site.uses)
                    simulation.constants[use] = plan.dequantized;
        }
        m_biases.simulate(m_plan);
    }

    /// The first activation with one step that reads the value, as it is or moved; invalid if there is none.
    SiteId readerOf(TensorId value, int moves = 12) const
    {
        for (const graph::Use& use : m_network.graph.value(value).uses) {
            const SiteId site = m_network.sites.at(use);
            if (site.valid() && m_network.sites[site].kind == graph::SiteKind::Activation)
                return m_plan[site].grid.scale.size() == 1 ? site : SiteId();
        }
        for (const graph::Use& use : m_network.graph.value(value).uses)
            if (const graph::Node& node = m_network.graph.node(use.node);
                moves > 0 && graph::has(node, graph::OpTrait::Moves))
                for (const TensorId output : node.outputs)
                    if (const SiteId found = output.valid() ? readerOf(output, moves - 1) : SiteId(); found.valid())
                        return found;
        return {};
    }

    static bool computesIntegers(const SiteSettings& settings)
    {
        const QuantizerDef* quantizer = findQuantizer(settings.quantizer);
        return quantizer && quantizer->integerNorm;
    }

    /// Steps of what LayerNormalizations in integers read and give.
    void simulateIntegerNorms()
    {
        for (const graph::Site& site : m_network.sites) {
            const SitePlan& plan = m_plan[site.id];
            if (site.kind != graph::SiteKind::Activation || !plan.quantized() || site.uses.empty() ||
                !computesIntegers(plan.settings))
                continue;
            const NodeId node = site.uses[0].node;
            const SiteId reader = readerOf(m_network.graph.node(node).outputs[0]);
            const auto& place = reader.valid() ? m_plan[reader].transform() : nullptr;
            if (!reader.valid() || (place && place->target.place != FoldPlace::LayerNorm)) {
                m_plan.warnings.push_back(site.name + ": its LayerNorm computes in float: what reads it has not one "
                                                      "step, or smoothing or noise of its own");
                continue;
            }
            auto& constants = m_plan.simulation.constants;
            std::vector<float> steps = plan.grid.scale;
            steps.resize(static_cast<std::size_t>(site.layout.channels), steps[0]);
            const Shape channels{site.layout.channels};
            constants[{node, 3}] = Tensor::fromFloats(channels, steps);
            constants[{node, 4}] = Tensor::fromFloats(Shape{1}, m_plan[reader].grid.scale);
            m_plan.simulation.operators[node] = "IntegerLayerNormalization";
        }
    }

    void warn()
    {
        for (const graph::Site& site : m_network.sites) {
            const SitePlan& plan = m_plan[site.id];
            if (plan.masked && !plan.settings.isFloat())
                warnOfMasks(site);
            if (!plan.quantized())
                continue;
            if (plan.error.clippedShare > kMuchClipping) {
                char share[32];
                std::snprintf(share, sizeof share, "%.1f", 100 * plan.error.clippedShare);
                m_plan.warnings.push_back(site.name + ": " + share + " % of the values are clipped");
            }
            if (plan.noise && !plan.noise->refusal.empty())
                m_plan.warnings.push_back(site.name + ": no noise: " + plan.noise->refusal);
            if (plan.raisedForBias)
                m_plan.warnings.push_back(site.name + ": scales were raised because the bias would overflow");
            if (site.kind == graph::SiteKind::Activation) {
                const stats::SiteStatistics* statistics = statisticsOf(site.id);
                if (statistics && statistics->low() == statistics->high())
                    m_plan.warnings.push_back(site.name + ": the activation is constant");
                if (statistics)
                    warnOfZeroPoint(site, *statistics);
            } else if (const int64_t zeros = zeroChannels(site); zeros > 0) {
                m_plan.warnings.push_back(site.name + ": " + std::to_string(zeros) + " of " +
                                          std::to_string(site.layout.channels) + " output channels are all zero");
            }
        }
    }

    void warnOfMasks(const graph::Site& site)
    {
        const stats::SiteStatistics& statistics = *statisticsOf(site.id);
        char share[32];
        std::snprintf(share, sizeof share, "%.1f",
                      100 * static_cast<double>(statistics.masked) /
                          static_cast<double>(statistics.masked + statistics.values));
        m_plan.warnings.push_back(site.name + ": " + share +
                                  " % of the values are -inf (a mask), for which there is "
                                  "no code: left in float");
    }

    void warnOfZeroPoint(const graph::Site& site, const stats::SiteStatistics& statistics)
    {
        const SiteSettings& settings = m_plan[site.id].settings;
        if (settings.scheme != Scheme::Asymmetric || settings.zeroPoint != ZeroPoint::Clamped ||
            !settings.isUniform())
            return;
        const ZeroPointReport report = zeroPointReport(statistics);
        const bool byChannel = settings.granularity == Granularity::Channel;
        if (byChannel ? report.overflowing == 0 : !report.tensorOverflows)
            return;
        m_plan.warnings.push_back(site.name + ": zero-point overflow" +
                                  (byChannel ? " in " + std::to_string(report.overflowing) + " of " +
                                                   std::to_string(report.channels) + " channels"
                                             : std::string()) +
                                  ": the range does not contain 0, and the clamped grid does not cover it");
    }

    int64_t zeroChannels(const graph::Site& site) const
    {
        const auto weight = m_network.graph.value(site.tensor).constant.floats();
        const auto& layout = site.layout;
        int64_t zeros = 0;
        for (int64_t c = 0; c < layout.channels; ++c) {
            bool zero = true;
            for (int64_t o = 0; zero && o < layout.outer; ++o) {
                const float* run = weight.data() + (o * layout.channels + c) * layout.inner;
                zero = std::all_of(run, run + layout.inner, [](float value) { return value == 0; });
            }
            zeros += zero ? 1 : 0;
        }
        return zeros;
    }

    const graph::Network& m_network;
    const Plan* m_previous;
    const Context& m_context;
    Plan m_plan;
    std::vector<SiteSettings> m_settings; ///< by SiteId
    StaleSites m_stale;                   ///< of the previous plan
    std::set<SiteId> m_justSearched;
    SmoothingStage m_smoothing;
    BiasStage m_biases;
};

} // namespace

Result<std::shared_ptr<Plan>> resolveSettings(const graph::Network& network,
                                              std::shared_ptr<const stats::Calibration> calibration,
                                              const Recipe& recipe, std::vector<SiteSettings> settings,
                                              const Plan* previous, const Context& context)
{
    return Resolver(network, std::move(calibration), recipe, std::move(settings), previous, context).run();
}

Result<std::shared_ptr<const Plan>> resolve(const graph::Network& network,
                                            std::shared_ptr<const stats::Calibration> calibration,
                                            const Recipe& recipe, const Plan* previous, const Context& context)
{
    if (recipe.guard)
        return resolveGuarded(network, std::move(calibration), recipe, previous, context);
    Choices choices = choicesOf(recipe, network.sites, calibration.get());
    QS_ASSIGN(auto plan, resolveSettings(network, std::move(calibration), recipe, std::move(choices.settings),
                                         previous, context));
    std::ranges::move(choices.warnings, std::back_inserter(plan->warnings));
    return plan;
}

} // namespace qs::quant
