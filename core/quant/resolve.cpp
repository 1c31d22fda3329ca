#include "core/quant/bias.h"
#include "core/quant/cost.h"
#include "core/quant/plan.h"
#include "core/quant/site_resolver.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

namespace qs::quant {

namespace {

/// Clipping of more than this share of the values is worth a warning: at 1 % it costs accuracy on every model tried.
constexpr double kMuchClipping = 0.01;

class Resolver {
public:
    Resolver(const graph::Graph& graph, const graph::SiteTable& sites,
             std::shared_ptr<const stats::Calibration> calibration, const Recipe& recipe, const Plan* previous,
             const Context& context)
        : m_graph(graph), m_sites(sites), m_previous(previous), m_context(context)
    {
        m_plan.recipe = recipe;
        m_plan.calibration = std::move(calibration);
        if (m_previous && (m_previous->calibration != m_plan.calibration || m_previous->sites.size() != sites.size()))
            m_previous = nullptr;
    }

    Result<std::shared_ptr<const Plan>> run()
    {
        if (m_plan.calibration && m_plan.calibration->sites.size() != m_sites.size())
            return fail(ErrorCode::InvalidArgument, "the calibration is of another model");
        QS_CHECK(resolveSites());
        QS_CHECK(resolveBiases());
        simulate();
        computeCost(m_graph, m_sites, m_plan);
        warn();
        return std::make_shared<const Plan>(std::move(m_plan));
    }

private:
    const stats::SiteStatistics* statisticsOf(SiteId id) const
    {
        return m_plan.calibration && id.valid() ? &m_plan.calibration->sites[id.index()] : nullptr;
    }

    SiteId inputOf(const graph::Site& weight) const
    {
        return weight.uses.empty() ? SiteId() : m_sites.at({weight.uses.front().node, 0});
    }

    bool unchanged(const graph::Site& site, const SiteSettings& settings) const
    {
        return m_previous && (*m_previous)[site.id].settings == settings;
    }

    Result<void> resolveSites()
    {
        m_plan.sites.resize(m_sites.size());
        std::vector<SiteSettings> settings;
        for (const graph::Site& site : m_sites)
            settings.push_back(settingsOf(m_plan.recipe, site));

        std::vector<SiteId> todo;
        for (const graph::Site& site : m_sites) {
            bool keep = unchanged(site, settings[site.id.index()]);
            // A scale that was raised for a bias belongs to the input scales of then.
            if (keep && (*m_previous)[site.id].raisedForBias)
                for (const graph::Use& use : site.uses)
                    if (const SiteId input = m_sites.at({use.node, 0}); input.valid())
                        keep = keep && unchanged(m_sites[input], settings[input.index()]);
            if (keep)
                m_plan.sites[site.id.index()] = m_previous->sites[site.id.index()];
            else
                todo.push_back(site.id);
        }

        std::vector<std::optional<Error>> errors(todo.size());
        const auto one = [&](std::size_t index, int) {
            if (m_context.stopRequested())
                return;
            const graph::Site& site = m_sites[todo[index]];
            const SiteSettings& wanted = settings[site.id.index()];
            static const stats::SiteStatistics kNone;
            const stats::SiteStatistics* own = statisticsOf(site.id);
            auto plan = site.kind == graph::SiteKind::Weight
                            ? resolveWeight(m_graph, site, statisticsOf(inputOf(site)), wanted)
                            : resolveActivation(m_graph, site, own ? *own : kNone, wanted);
            if (plan)
                m_plan.sites[site.id.index()] = std::make_shared<const SitePlan>(std::move(*plan));
            else
                errors[index] = std::move(plan.error());
        };
        if (m_context.pool)
            m_context.pool->parallelFor(todo.size(), one);
        else
            for (std::size_t i = 0; i < todo.size(); ++i)
                one(i, 0);
        if (m_context.stopRequested())
            return cancelled();
        for (std::optional<Error>& error : errors)
            if (error)
                return tl::unexpected<Error>(std::move(*error));
        return {};
    }

    Result<void> resolveBiases()
    {
        const auto nodes = biasNodes(m_graph, m_sites, m_plan.sites);
        // All readers of a weight first: each may ask for larger scales.
        std::map<SiteId, std::vector<float>> raised;
        for (const BiasNode& node : nodes) {
            const SitePlan& weight = m_plan[node.weight];
            auto& scales = raised.try_emplace(node.weight, weight.grid.scale).first->second;
            scales =
                scalesForBias(m_graph.value(node.bias).constant.floats(), m_plan[node.input].grid.scale[0], scales);
        }
        for (auto& [id, scales] : raised) {
            if (m_context.stopRequested())
                return cancelled();
            if (scales == m_plan[id].grid.scale)
                continue;
            SitePlan changed = m_plan[id];
            changed.grid.scale = std::move(scales);
            changed.raisedForBias = true;
            quantizeWeight(m_graph, m_sites[id], statisticsOf(inputOf(m_sites[id])), changed);
            m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(changed));
        }
        for (const BiasNode& node : nodes) {
            if (keepBias(node))
                continue;
            m_plan.biases[node.node] = std::make_shared<const BiasPlan>(
                quantizeBias(m_graph.value(node.bias).constant.floats(), m_plan[node.input].grid.scale[0],
                             m_plan[node.weight].grid.scale));
        }
        return {};
    }

    bool keepBias(const BiasNode& node)
    {
        if (!m_previous || m_previous->sites[node.input.index()] != m_plan.sites[node.input.index()] ||
            m_previous->sites[node.weight.index()] != m_plan.sites[node.weight.index()])
            return false;
        const auto found = m_previous->biases.find(node.node);
        if (found == m_previous->biases.end())
            return false;
        m_plan.biases[node.node] = found->second;
        return true;
    }

    void simulate()
    {
        exec::Simulation& simulation = m_plan.simulation;
        simulation.activations.resize(m_sites.size());
        for (const graph::Site& site : m_sites) {
            const SitePlan& plan = m_plan[site.id];
            if (site.kind == graph::SiteKind::Activation)
                simulation.activations[site.id.index()] = plan.map;
            else if (plan.quantized())
                for (const graph::Use& use : site.uses)
                    simulation.constants[use] = plan.dequantized;
        }
        for (const auto& [node, bias] : m_plan.biases) {
            const graph::Use use{node, 2};
            // The same storage as before where nothing changed: caches of packed weights go by it.
            if (m_previous) {
                const auto old = m_previous->biases.find(node);
                const auto constant = m_previous->simulation.constants.find(use);
                if (old != m_previous->biases.end() && old->second == bias &&
                    constant != m_previous->simulation.constants.end()) {
                    simulation.constants[use] = constant->second;
                    continue;
                }
            }
            simulation.constants[use] = dequantizeBias(*bias);
        }
    }

    void warn()
    {
        for (const graph::Site& site : m_sites) {
            const SitePlan& plan = m_plan[site.id];
            if (!plan.quantized())
                continue;
            if (plan.error.clippedShare > kMuchClipping) {
                char share[32];
                std::snprintf(share, sizeof share, "%.1f", 100 * plan.error.clippedShare);
                m_plan.warnings.push_back(site.name + ": " + share + " % of the values are clipped");
            }
            if (plan.raisedForBias)
                m_plan.warnings.push_back(site.name + ": scales were raised because the bias would overflow");
            if (site.kind == graph::SiteKind::Activation) {
                const stats::SiteStatistics* statistics = statisticsOf(site.id);
                if (statistics && statistics->low() == statistics->high())
                    m_plan.warnings.push_back(site.name + ": the activation is constant");
            } else if (const int64_t zeros = zeroChannels(site); zeros > 0) {
                m_plan.warnings.push_back(site.name + ": " + std::to_string(zeros) + " of " +
                                          std::to_string(site.layout.channels) + " output channels are all zero");
            }
        }
    }

    int64_t zeroChannels(const graph::Site& site) const
    {
        const auto weight = m_graph.value(site.tensor).constant.floats();
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

    const graph::Graph& m_graph;
    const graph::SiteTable& m_sites;
    const Plan* m_previous;
    const Context& m_context;
    Plan m_plan;
};

} // namespace

Result<std::shared_ptr<const Plan>> resolve(const graph::Graph& graph, const graph::SiteTable& sites,
                                            std::shared_ptr<const stats::Calibration> calibration,
                                            const Recipe& recipe, const Plan* previous, const Context& context)
{
    return Resolver(graph, sites, std::move(calibration), recipe, previous, context).run();
}

} // namespace qs::quant
