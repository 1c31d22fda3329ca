#include "core/search/hybrid_units.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <span>

namespace qs::search {

namespace {

/// Sets of nodes that grow together.
class Groups {
public:
    explicit Groups(std::size_t nodes) : m_parent(nodes) { std::iota(m_parent.begin(), m_parent.end(), 0); }

    std::size_t of(std::size_t node)
    {
        while (m_parent[node] != node)
            node = m_parent[node] = m_parent[m_parent[node]];
        return node;
    }
    void join(std::size_t a, std::size_t b) { m_parent[std::max(of(a), of(b))] = std::min(of(a), of(b)); }

private:
    std::vector<std::size_t> m_parent;
};

/// Inputs and outputs of a unit whose nodes are known.
void connect(const graph::Graph& graph, std::span<const graph::BridgeBlock> bridges, HybridUnit& unit)
{
    std::set<TensorId> made;
    std::set<TensorId> read;
    for (const NodeId node : unit.nodes)
        made.insert(graph.node(node).outputs.begin(), graph.node(node).outputs.end());
    for (const NodeId node : unit.nodes)
        for (const TensorId id : graph.node(node).inputs)
            if (id.valid() && !graph.value(id).isConstant() && !made.contains(id))
                read.insert(id);
    unit.inputs.assign(read.begin(), read.end());
    std::set<NodeId> inside;
    for (const int number : unit.bridges) {
        const graph::BridgeBlock& bridge = bridges[static_cast<std::size_t>(number)];
        inside.insert(bridge.nodes.begin(), bridge.nodes.end());
        unit.outputs.push_back(bridge.output);
    }
    for (const NodeId node : unit.nodes)
        if (!inside.contains(node))
            unit.outputs.push_back(graph.node(node).outputs[0]);
}

} // namespace

std::vector<HybridUnit> hybridUnits(const graph::Network& network,
                                    const std::function<bool(const graph::Site&)>& searched)
{
    const auto bridges = network.sites.bridges();
    Groups groups(network.graph.nodes().size());
    for (const graph::BridgeBlock& bridge : bridges)
        for (const NodeId node : bridge.nodes)
            groups.join(node.index(), bridge.nodes.front().index());
    for (const graph::Site& site : network.sites)
        for (const graph::Use& use : site.uses)
            groups.join(use.node.index(), site.uses.front().node.index());

    std::map<std::size_t, HybridUnit> units; // by group
    for (const graph::Site& site : network.sites)
        if (!site.uses.empty() && searched(site))
            units[groups.of(site.uses.front().node.index())].sites.push_back(site.id);
    std::set<NodeId> wanted; // of units: readers of sites and all of bridges
    for (const graph::Site& site : network.sites)
        for (const graph::Use& use : site.uses)
            wanted.insert(use.node);
    for (std::size_t b = 0; b < bridges.size(); ++b) {
        wanted.insert(bridges[b].nodes.begin(), bridges[b].nodes.end());
        if (const auto unit = units.find(groups.of(bridges[b].nodes.front().index())); unit != units.end())
            unit->second.bridges.push_back(static_cast<int>(b));
    }
    for (const NodeId node : wanted)
        if (const auto unit = units.find(groups.of(node.index())); unit != units.end())
            unit->second.nodes.push_back(node);
    std::vector<HybridUnit> result;
    for (auto& [group, unit] : units) {
        std::ranges::sort(unit.nodes);
        connect(network.graph, bridges, unit);
        result.push_back(std::move(unit));
    }
    return result;
}

} // namespace qs::search
