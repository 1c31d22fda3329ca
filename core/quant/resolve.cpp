#include "core/quant/bias.h"
#include "core/quant/cost.h"
#include "core/quant/layer_plan.h"
#include "core/quant/plan.h"
#include "core/quant/site_resolver.h"
#include "core/quant/smoothing_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
        QS_CHECK(resolveSmoothings());
        smooth();
        QS_CHECK(resolveSites());
        QS_CHECK(searchLayers());
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

    bool unchanged(const graph::Site& site) const
    {
        return m_previous && (*m_previous)[site.id].settings == m_settings[site.id.index()];
    }

    std::vector<SiteSettings> readersOf(const graph::Site& site) const
    {
        std::vector<SiteSettings> result;
        for (const graph::Use& use : site.uses) {
            const SiteId weight = m_sites.at({use.node, 1});
            SiteSettings settings;
            settings.bits = kFloatBits;
            result.push_back(weight.valid() ? m_settings[weight.index()] : settings);
        }
        return result;
    }

    /// A smoothing depends on its own settings; where alpha is searched, on those of the site and its readers too.
    bool keepSmoothing(const graph::Site& site) const
    {
        if (!m_previous)
            return false;
        const Smoothing& wanted = m_settings[site.id.index()].smoothing;
        if ((*m_previous)[site.id].settings.smoothing != wanted)
            return false;
        return !wanted.searchAlpha || (unchanged(site) && std::ranges::all_of(site.uses, [&](const graph::Use& use) {
                                           const SiteId weight = m_sites.at({use.node, 1});
                                           return !weight.valid() || unchanged(m_sites[weight]);
                                       }));
    }

    Result<void> resolveSmoothings()
    {
        for (const graph::Site& site : m_sites)
            m_settings.push_back(settingsOf(m_plan.recipe, site));
        m_smoothings.resize(m_sites.size());
        std::vector<SiteId> todo;
        for (const graph::Site& site : m_sites) {
            if (site.kind != graph::SiteKind::Activation ||
                m_settings[site.id.index()].smoothing.kind == SmoothingKind::None)
                continue;
            if (keepSmoothing(site))
                m_smoothings[site.id.index()] = (*m_previous)[site.id].smoothing;
            else
                todo.push_back(site.id);
        }
        std::vector<std::string> refused(todo.size());
        QS_CHECK(forEach(todo, [&](SiteId id, std::size_t index) -> Result<void> {
            const stats::SiteStatistics* statistics = statisticsOf(id);
            if (!statistics)
                return fail(ErrorCode::InvalidArgument, "smoothing needs a calibration", m_sites[id].name);
            auto plan = planSmoothing(m_graph, m_sites, m_sites[id], *statistics, m_settings[id.index()],
                                      readersOf(m_sites[id]));
            if (plan)
                m_smoothings[id.index()] = std::move(*plan);
            else
                refused[index] = plan.error().message;
            return {};
        }));
        for (std::size_t i = 0; i < todo.size(); ++i)
            if (!refused[i].empty())
                m_plan.warnings.push_back(m_sites[todo[i]].name + ": not smoothed: " + refused[i]);
        return {};
    }

    /// The float network with the smoothings in it. Constants of nodes that did not change keep their storage: caches
    /// of packed weights go by it.
    void smooth()
    {
        const auto changed = nodesChanged(m_sites, m_smoothings);
        std::map<NodeId, std::vector<const SmoothingPlan*>> before;
        if (m_previous) {
            std::vector<std::shared_ptr<const SmoothingPlan>> old;
            for (const auto& site : m_previous->sites)
                old.push_back(site->smoothing);
            before = nodesChanged(m_sites, old);
        }
        std::set<NodeId> todo;
        for (const auto& [node, plans] : changed) {
            const auto same = before.find(node);
            if (same == before.end() || same->second != plans)
                todo.insert(node);
        }
        auto& constants = m_plan.smoothed.constants;
        constants = smoothedConstants(m_graph, m_sites, m_smoothings, todo);
        if (m_previous)
            for (const auto& [use, tensor] : m_previous->smoothed.constants)
                if (changed.contains(use.node) && !todo.contains(use.node))
                    constants[use] = tensor;
        m_plan.smoothed.activations.resize(m_sites.size());
        for (const graph::Site& site : m_sites) {
            const auto& smoothing = m_smoothings[site.id.index()];
            if (smoothing && smoothing->target.place == FoldPlace::Explicit)
                m_plan.smoothed.activations[site.id.index()] = makeSmoothingMap(smoothing->transform, nullptr);
        }
    }

    /// What smoothing does to the lanes of a site; null where nothing does.
    const ChannelTransform* lanesOf(SiteId id) const
    {
        if (m_smoothings[id.index()])
            return &m_smoothings[id.index()]->transform;
        for (const auto& smoothing : m_smoothings)
            if (smoothing && smoothing->target.place == FoldPlace::Value && smoothing->target.value == id)
                return &smoothing->lanes;
        return nullptr;
    }

    /// Statistics of the smoothed network: of a site that needs them, computed once.
    const stats::SiteStatistics* smoothedStatistics(SiteId id)
    {
        const stats::SiteStatistics* statistics = statisticsOf(id);
        const ChannelTransform* transform = id.valid() ? lanesOf(id) : nullptr;
        if (!statistics || !transform || statistics->lanes.empty())
            return statistics;
        const std::lock_guard lock(m_mutex);
        auto& slot = m_statistics[id];
        if (!slot)
            slot = std::make_unique<stats::SiteStatistics>(transformed(*statistics, *transform));
        return slot.get();
    }

    /// Whether a site can be taken over from the previous plan.
    bool keep(const graph::Site& site) const
    {
        if (!unchanged(site))
            return false;
        const SitePlan& old = (*m_previous)[site.id];
        if (site.kind == graph::SiteKind::Activation) {
            const ChannelTransform* now = lanesOf(site.id);
            const ChannelTransform* before = m_previous->laneTransform(site.id);
            // A changed Ŵ matters to the output error only, which the same transform leaves as it is.
            return now == before || (now && before && *now == *before);
        }
        for (const graph::Use& use : site.uses) {
            const auto& now = m_plan.smoothed.constants;
            const auto& before = m_previous->smoothed.constants;
            const auto a = now.find(use);
            const auto b = before.find(use);
            if ((a == now.end()) != (b == before.end()) ||
                (a != now.end() && a->second.floats().data() != b->second.floats().data()))
                return false;
            // A scale that was raised for a bias belongs to the input scales of then.
            if (const SiteId input = m_sites.at({use.node, 0});
                old.raisedForBias && input.valid() && !unchanged(m_sites[input]))
                return false;
        }
        return true;
    }

    /// Runs `one(id, index)` on all threads; the error of the first that failed.
    template <class One>
    Result<void> forEach(const std::vector<SiteId>& ids, One one)
    {
        std::vector<std::optional<Error>> errors(ids.size());
        const auto guarded = [&](std::size_t index, int) {
            if (m_context.stopRequested())
                return;
            if (Result<void> done = one(ids[index], index); !done)
                errors[index] = std::move(done.error());
        };
        if (m_context.pool)
            m_context.pool->parallelFor(ids.size(), guarded);
        else
            for (std::size_t i = 0; i < ids.size(); ++i)
                guarded(i, 0);
        if (m_context.stopRequested())
            return cancelled();
        for (std::optional<Error>& error : errors)
            if (error)
                return tl::unexpected<Error>(std::move(*error));
        return {};
    }

    Result<void> resolveSites()
    {
        m_plan.sites.resize(m_sites.size());
        std::vector<SiteId> todo;
        for (const graph::Site& site : m_sites)
            if (keep(site))
                m_plan.sites[site.id.index()] = m_previous->sites[site.id.index()];
            else
                todo.push_back(site.id);
        QS_CHECK(forEach(todo, [&](SiteId id, std::size_t) -> Result<void> {
            const graph::Site& site = m_sites[id];
            const SiteSettings& wanted = m_settings[id.index()];
            static const stats::SiteStatistics kNone;
            const bool weight = site.kind == graph::SiteKind::Weight;
            const stats::SiteStatistics* statistics = smoothedStatistics(weight ? inputOf(site) : id);
            QS_ASSIGN(SitePlan plan,
                      weight ? resolveWeight(constants(), site, statistics, wanted)
                             : resolveActivation(constants(), site, statistics ? *statistics : kNone, wanted));
            plan.smoothing = m_smoothings[id.index()];
            m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(plan));
            return {};
        }));
        // The same numbers, but a smoothing object of its own.
        for (const graph::Site& site : m_sites)
            if (auto& plan = m_plan.sites[site.id.index()]; plan->smoothing != m_smoothings[site.id.index()]) {
                SitePlan changed = *plan;
                changed.smoothing = m_smoothings[site.id.index()];
                plan = std::make_shared<const SitePlan>(std::move(changed));
            }
        return {};
    }

    /// Ranges that are found by layers take the place of those that sites found by themselves. A layer is kept where
    /// all its members are: each range belongs to those of its partners.
    Result<void> searchLayers()
    {
        if (!m_plan.calibration)
            return {};
        const FloatConstants smoothed = constants();
        const LayerInputs inputs{smoothed,
                                 m_sites,
                                 m_settings,
                                 *m_plan.calibration,
                                 [this](SiteId id) { return smoothedStatistics(id); },
                                 [this](SiteId id) { return lanesOf(id) != nullptr; }};
        std::vector<SearchedLayer> todo = searchedLayers(inputs);
        std::erase_if(todo, [&](const SearchedLayer& layer) {
            return std::ranges::all_of(layer.members, [&](SiteId id) {
                return m_previous && m_plan.sites[id.index()] == m_previous->sites[id.index()];
            });
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
                plan.smoothing = m_smoothings[id.index()];
                m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(plan));
            }
        }
        return {};
    }

    FloatConstants constants() const { return FloatConstants(m_graph, &m_plan.smoothed.constants); }

    Result<void> resolveBiases()
    {
        const auto nodes = biasNodes(constants(), m_sites, m_plan.sites);
        // All readers of a weight first: each may ask for larger scales.
        std::map<SiteId, std::vector<float>> raised;
        for (const BiasNode& node : nodes) {
            const SitePlan& weight = m_plan[node.weight];
            auto& scales = raised.try_emplace(node.weight, weight.grid.scale).first->second;
            scales = scalesForBias(node.bias.floats(), m_plan[node.input].grid.scale[0], scales);
        }
        for (auto& [id, scales] : raised) {
            if (m_context.stopRequested())
                return cancelled();
            if (scales == m_plan[id].grid.scale)
                continue;
            SitePlan changed = m_plan[id];
            changed.grid.scale = std::move(scales);
            changed.raisedForBias = true;
            quantizeWeight(constants(), m_sites[id], smoothedStatistics(inputOf(m_sites[id])), changed);
            m_plan.sites[id.index()] = std::make_shared<const SitePlan>(std::move(changed));
        }
        for (const BiasNode& node : nodes) {
            if (keepBias(node))
                continue;
            m_plan.biases[node.node] = std::make_shared<const BiasPlan>(
                quantizeBias(node.bias.floats(), m_plan[node.input].grid.scale[0], m_plan[node.weight].grid.scale));
        }
        return {};
    }

    bool keepBias(const BiasNode& node)
    {
        if (!m_previous || m_previous->sites[node.input.index()] != m_plan.sites[node.input.index()] ||
            m_previous->sites[node.weight.index()] != m_plan.sites[node.weight.index()])
            return false;
        const auto found = m_previous->biases.find(node.node);
        const FloatConstants before(m_graph, &m_previous->smoothed.constants);
        if (found == m_previous->biases.end() ||
            before.of({node.node, 2}).floats().data() != node.bias.floats().data())
            return false;
        m_plan.biases[node.node] = found->second;
        return true;
    }

    void simulate()
    {
        exec::Simulation& simulation = m_plan.simulation;
        simulation = m_plan.smoothed;
        for (const graph::Site& site : m_sites) {
            const SitePlan& plan = m_plan[site.id];
            if (site.kind == graph::SiteKind::Activation && plan.map) {
                auto& map = simulation.activations[site.id.index()];
                map = map ? makeSmoothingMap(plan.smoothing->transform, plan.map) : plan.map;
            } else if (plan.quantized())
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
    std::vector<SiteSettings> m_settings;                           ///< by SiteId
    std::vector<std::shared_ptr<const SmoothingPlan>> m_smoothings; ///< by SiteId
    std::mutex m_mutex;
    std::map<SiteId, std::unique_ptr<stats::SiteStatistics>> m_statistics; ///< of smoothed sites
};

} // namespace

const ChannelTransform* Plan::laneTransform(SiteId id) const
{
    if (sites[id.index()]->smoothing)
        return &sites[id.index()]->smoothing->transform;
    for (const auto& site : sites)
        if (site->smoothing && site->smoothing->target.place == FoldPlace::Value &&
            site->smoothing->target.value == id)
            return &site->smoothing->lanes;
    return nullptr;
}

Result<std::shared_ptr<const Plan>> resolve(const graph::Graph& graph, const graph::SiteTable& sites,
                                            std::shared_ptr<const stats::Calibration> calibration,
                                            const Recipe& recipe, const Plan* previous, const Context& context)
{
    return Resolver(graph, sites, std::move(calibration), recipe, previous, context).run();
}

} // namespace qs::quant
