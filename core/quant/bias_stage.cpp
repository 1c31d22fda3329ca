#include "core/quant/bias_stage.h"

#include "core/quant/bias.h"
#include "core/quant/site_resolver.h"

#include <memory>
#include <utility>
#include <vector>

namespace qs::quant {

SiteId inputOf(const graph::SiteTable& sites, const graph::Site& weight)
{
    return weight.uses.empty() ? SiteId() : sites.at({weight.uses.front().node, 0});
}

BiasStage::BiasStage(const graph::Network& network, SmoothingStage& smoothing, const Plan* previous)
    : m_network(network), m_smoothing(smoothing), m_previous(previous)
{
}

Result<void> BiasStage::run(Plan& plan, const Context& context)
{
    m_constants = plan.smoothed.constants;
    const auto changes = biasChanges(m_network, plan.sites);
    for (const BiasChange& one : changes)
        change(plan, one);
    while (raise(plan, changes))
        if (context.stopRequested())
            return cancelled();
    for (const BiasNode& node :
         biasNodes(FloatConstants(m_network.graph, &m_constants), m_network.sites, plan.sites)) {
        if (keeps(plan, node.node))
            plan.biases[node.node] = m_previous->biases.at(node.node);
        else
            plan.biases[node.node] = std::make_shared<const BiasPlan>(
                quantizeBias(node.bias.floats(), plan[node.input].grid.scale[0], plan[node.weight].grid.scale));
    }
    return {};
}

/// Scales of weights whose biases would overflow; whether there were any. All readers of a weight count.
bool BiasStage::raise(Plan& plan, const std::vector<BiasChange>& changes)
{
    std::map<SiteId, std::vector<float>> wanted;
    for (const BiasNode& node :
         biasNodes(FloatConstants(m_network.graph, &m_constants), m_network.sites, plan.sites)) {
        auto& scales = wanted.try_emplace(node.weight, plan[node.weight].grid.scale).first->second;
        scales = scalesForBias(node.bias.floats(), plan[node.input].grid.scale[0], scales);
    }
    bool raised = false;
    for (auto& [id, scales] : wanted) {
        if (scales == plan[id].grid.scale)
            continue;
        raiseScales(plan, id, std::move(scales));
        raised = true;
        for (const BiasChange& one : changes)
            if (one.weight == id)
                change(plan, one);
    }
    return raised;
}

void BiasStage::raiseScales(Plan& plan, SiteId weight, std::vector<float> scales) const
{
    SitePlan changed = plan[weight];
    changed.grid.scale = std::move(scales);
    changed.raisedForBias = true;
    quantizeWeight(FloatConstants(m_network.graph, &plan.smoothed.constants), m_network.sites[weight],
                   m_smoothing.statistics(inputOf(m_network.sites, m_network.sites[weight])), changed);
    plan.sites[weight.index()] = std::make_shared<const SitePlan>(std::move(changed));
}

void BiasStage::change(const Plan& plan, const BiasChange& change)
{
    Tensor& bias = m_constants[{change.node, 2}];
    const bool integer = m_previous && m_previous->biases.contains(change.node);
    if (keeps(plan, change.node) && !integer)
        bias = m_previous->simulation.constants.at({change.node, 2});
    else
        bias = changedBias(FloatConstants(m_network.graph, &plan.smoothed.constants), change, plan.sites,
                           change.input.valid() ? m_smoothing.statistics(change.input) : nullptr);
}

/// Whether a node has the bias of the previous plan: its input, weight and float bias are those of then.
bool BiasStage::keeps(const Plan& plan, NodeId node) const
{
    if (!m_previous || !m_previous->simulation.constants.contains({node, 2}))
        return false;
    for (const int input : {0, 1})
        if (const SiteId id = m_network.sites.at({node, input});
            id.valid() && m_previous->sites[id.index()] != plan.sites[id.index()])
            return false;
    const graph::Use use{node, 2};
    return FloatConstants(m_network.graph, &m_previous->smoothed.constants).of(use).storageKey() ==
           FloatConstants(m_network.graph, &plan.smoothed.constants).of(use).storageKey();
}

void BiasStage::simulate(Plan& plan) const
{
    for (const auto& [node, bias] : plan.biases) {
        const graph::Use use{node, 2};
        // The same storage as before where nothing changed: caches of packed weights go by it.
        if (m_previous) {
            const auto old = m_previous->biases.find(node);
            const auto constant = m_previous->simulation.constants.find(use);
            if (old != m_previous->biases.end() && old->second == bias &&
                constant != m_previous->simulation.constants.end()) {
                plan.simulation.constants[use] = constant->second;
                continue;
            }
        }
        plan.simulation.constants[use] = dequantizeBias(*bias);
    }
}

} // namespace qs::quant
