#include "core/quant/smoothing_stage.h"
#include "core/quant/smoothed_network.h"

#include "core/quant/for_each.h"
#include "core/quant/smoothing_plan.h"
#include "core/quant/stale_sites.h"

#include <algorithm>
#include <set>
#include <utility>

namespace qs::quant {

std::vector<SiteSettings> SmoothingStage::readersOf(const graph::Site& site) const
{
    std::vector<SiteSettings> result;
    for (const graph::Use& use : site.uses) {
        const SiteId weight = m_network.sites.at({use.node, 1});
        SiteSettings settings;
        settings.bits = kFloatBits;
        result.push_back(weight.valid() ? m_settings[weight.index()] : settings);
    }
    return result;
}

Result<void> SmoothingStage::run(const Context& context)
{
    m_smoothings.resize(m_network.sites.size());
    const std::vector<bool> stale = m_previous ? staleSmoothings(m_network.sites, *m_previous, m_settings)
                                               : std::vector<bool>(m_network.sites.size(), true);
    std::vector<SiteId> todo;
    for (const graph::Site& site : m_network.sites) {
        const SiteSettings& wanted = m_settings[site.id.index()];
        const SmoothingKind kind = wanted.smoothing.kind;
        if (site.kind != graph::SiteKind::Activation || kind == SmoothingKind::None ||
            (kind == SmoothingKind::Reparameterize && wanted.isFloat()))
            continue;
        // One that was refused says so again.
        if (!stale[site.id.index()] && (*m_previous)[site.id].smoothing)
            m_smoothings[site.id.index()] = (*m_previous)[site.id].smoothing;
        else
            todo.push_back(site.id);
    }
    std::vector<std::string> refused(todo.size());
    QS_CHECK(forEach(context, todo, [&](SiteId id, std::size_t index) -> Result<void> {
        if (!m_calibration)
            return fail(ErrorCode::InvalidArgument, "smoothing needs a calibration", m_network.sites[id].name);
        auto plan = planSmoothing(m_network, m_network.sites[id], m_calibration->sites[id.index()],
                                  m_settings[id.index()], readersOf(m_network.sites[id]));
        if (plan)
            m_smoothings[id.index()] = std::move(*plan);
        else
            refused[index] = plan.error().message;
        return {};
    }));
    for (std::size_t i = 0; i < todo.size(); ++i)
        if (!refused[i].empty())
            m_warnings.push_back(m_network.sites[todo[i]].name + ": not smoothed: " + refused[i]);
    m_transforms = m_smoothings;
    m_lanes = lanesOf(m_smoothings, m_transforms);
    for (const auto& lane : m_lanes)
        m_smooths.push_back(lane != nullptr);
    makeWeights();
    return {};
}

namespace {

using Plans = std::vector<std::shared_ptr<const SmoothingPlan>>;

/// What transforms make of one input of the nodes that they change; taken from `before` where the node had the very
/// same ones.
std::map<graph::Use, Tensor> constantsOf(int input, const graph::Network& network, const Plans& now,
                                         const Plans* before, const std::map<graph::Use, Tensor>* constantsBefore)
{
    const auto changed = nodesChanged(network.sites, now);
    const auto old = before ? nodesChanged(network.sites, *before) : decltype(changed){};
    std::set<NodeId> todo;
    for (const auto& [node, plans] : changed)
        if (const auto same = old.find(node); same == old.end() || same->second != plans)
            todo.insert(node);
    auto constants = smoothedConstants(network, now, todo);
    std::erase_if(constants, [&](const auto& entry) { return entry.first.input != input; });
    if (constantsBefore)
        for (const auto& [use, tensor] : *constantsBefore)
            if (use.input == input && changed.contains(use.node) && !todo.contains(use.node))
                constants[use] = tensor;
    return constants;
}

} // namespace

void SmoothingStage::makeWeights()
{
    const Plans before = m_previous ? smoothingsOf(*m_previous) : Plans();
    m_weights = constantsOf(1, m_network, m_smoothings, m_previous ? &before : nullptr,
                            m_previous ? &m_previous->smoothed.constants : nullptr);
}

void SmoothingStage::addNoise(std::span<const std::shared_ptr<const SitePlan>> sites)
{
    for (std::size_t i = 0; i < sites.size(); ++i)
        if (sites[i] && sites[i]->noise && sites[i]->noise->transform) {
            m_transforms[i] = sites[i]->noise->transform;
            if (m_transforms[i]->target.place == FoldPlace::Value)
                m_statistics.erase(m_transforms[i]->target.value); // counted without
        }
    m_lanes = lanesOf(m_smoothings, m_transforms);
}

exec::Simulation SmoothingStage::network() const
{
    const Plans before = m_previous ? transformsOf(*m_previous) : Plans();
    exec::Simulation network;
    network.constants = constantsOf(2, m_network, m_transforms, m_previous ? &before : nullptr,
                                    m_previous ? &m_previous->smoothed.constants : nullptr);
    network.constants.insert(m_weights.begin(), m_weights.end());
    network.activations.resize(m_network.sites.size());
    for (std::size_t i = 0; i < m_transforms.size(); ++i)
        if (m_transforms[i] && m_transforms[i]->target.place == FoldPlace::Explicit)
            network.activations[i] = makeSmoothingMap(m_transforms[i]->transform, nullptr);
    return network;
}

const stats::SiteStatistics* SmoothingStage::statistics(SiteId id)
{
    if (!m_calibration || !id.valid())
        return nullptr;
    const stats::SiteStatistics& statistics = m_calibration->sites[id.index()];
    const ChannelTransform* transform = lanes(id);
    if (!transform || statistics.lanes.empty())
        return &statistics;
    const std::lock_guard lock(m_mutex);
    auto& slot = m_statistics[id];
    if (!slot)
        slot = std::make_unique<stats::SiteStatistics>(transformed(statistics, *transform));
    return slot.get();
}

} // namespace qs::quant
