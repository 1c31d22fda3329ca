#include "core/exec/simulation.h"

#include <algorithm>
#include <cstddef>

namespace qs::exec {

graph::Node simulatedNode(const graph::Graph& graph, NodeId id, const Simulation& simulation)
{
    graph::Node node = graph.node(id);
    if (const auto it = simulation.operators.find(id); it != simulation.operators.end())
        node.op = it->second;
    for (auto it = simulation.constants.lower_bound(graph::Use{id, 0});
         it != simulation.constants.end() && it->first.node == id; ++it) {
        const auto input = static_cast<std::size_t>(it->first.input);
        node.inputs.resize(std::max(node.inputs.size(), input + 1));
        if (!node.inputs[input].valid())
            node.inputs[input] = TensorId(std::size_t{0});
    }
    return node;
}

} // namespace qs::exec
