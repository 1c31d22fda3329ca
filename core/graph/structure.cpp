#include "core/graph/structure.h"

#include <algorithm>
#include <array>
#include <set>

namespace qs::graph {

namespace {

template <std::size_t n>
bool isOneOf(const std::string& op, const std::array<std::string_view, n>& list)
{
    return std::find(list.begin(), list.end(), op) != list.end();
}

/// Nodes that one walk looks at: far more than lie between two layers of a network, and an end to hostile chains.
constexpr std::size_t kMaxWalk = 200;

bool isConstant(const Graph& graph, TensorId id)
{
    return id.valid() && graph.value(id).isConstant();
}

} // namespace

bool isLayer(const Graph& graph, const Node& node)
{
    if (node.op == "Linear" || node.op == "Conv")
        return isConstant(graph, node.inputs[1]);
    return node.op == "MatMul" && !isConstant(graph, node.inputs[0]) && !isConstant(graph, node.inputs[1]);
}

bool isMovement(const Node& node)
{
    static constexpr std::array<std::string_view, 12> kOps = {"Reshape", "Transpose", "Slice",  "Split",
                                                              "Gather",  "Expand",    "Cast",   "Pad",
                                                              "Concat",  "Tile",      "Resize", "FakeQuantize"};
    return isOneOf(node.op, kOps);
}

bool isActivation(const Node& node)
{
    static constexpr std::array<std::string_view, 11> kOps = {"Gelu",        "Relu",      "Silu",    "HardSwish",
                                                              "HardSigmoid", "LeakyRelu", "Elu",     "Clip",
                                                              "Sigmoid",     "Tanh",      "Softplus"};
    return isOneOf(node.op, kOps);
}

std::vector<NodeId> layersBefore(const Graph& graph, TensorId from, bool (*through)(const Node&))
{
    std::set<NodeId> seen, found;
    std::vector<TensorId> stack = {from};
    while (!stack.empty() && seen.size() < kMaxWalk) {
        const TensorId id = stack.back();
        stack.pop_back();
        if (!id.valid() || !graph.value(id).producer.valid() || !seen.insert(graph.value(id).producer).second)
            continue;
        const Node& node = graph.node(graph.value(id).producer);
        if (isLayer(graph, node))
            found.insert(graph.value(id).producer);
        else if (through(node))
            stack.insert(stack.end(), node.inputs.begin(), node.inputs.end());
    }
    return {found.begin(), found.end()};
}

std::vector<Use> readersAfter(const Graph& graph, TensorId from, bool (*through)(const Node&))
{
    std::set<TensorId> seen;
    std::set<Use> found;
    std::vector<TensorId> stack = {from};
    while (!stack.empty() && seen.size() < kMaxWalk) {
        const TensorId id = stack.back();
        stack.pop_back();
        if (!seen.insert(id).second)
            continue;
        for (const Use& use : graph.value(id).uses) {
            const Node& node = graph.node(use.node);
            if (!isLayer(graph, node) && through(node))
                stack.insert(stack.end(), node.outputs.begin(), node.outputs.end());
            else
                found.insert(use);
        }
    }
    return {found.begin(), found.end()};
}

Structure findStructure(const Graph& graph)
{
    Structure structure;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n)
        if (isLayer(graph, graph.nodes()[n]))
            structure.layers.push_back(NodeId(n));
    findAttention(graph, structure);
    findRoles(graph, structure);
    findBlocks(graph, structure);
    return structure;
}

} // namespace qs::graph
