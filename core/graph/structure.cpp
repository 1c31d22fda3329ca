#include "core/graph/structure.h"

#include "core/graph/op_traits.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

namespace qs::graph {

namespace {

/// Nodes (or values) that one walk goes through: far more than lie between two layers of a network, and an end to
/// hostile chains.
constexpr std::size_t kMaxWalk = 200;
/// What one walk looks at and what it returns, nodes met twice and constants included: an end to hostile fans.
constexpr std::size_t kMaxLooks = 1000;

/// Adds what is not in the list yet. The lists of a walk are short: faster than a tree.
template <typename T>
bool addNew(std::vector<T>& list, T value)
{
    if (std::find(list.begin(), list.end(), value) != list.end())
        return false;
    list.push_back(value);
    return true;
}

void push(std::vector<TensorId>& stack, const std::vector<TensorId>& values)
{
    const std::size_t room = kMaxLooks - std::min(stack.size(), kMaxLooks);
    stack.insert(stack.end(), values.begin(),
                 values.begin() + static_cast<std::ptrdiff_t>(std::min(room, values.size())));
}

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

bool isDepthwise(const Graph& graph, const Node& node)
{
    return node.op == "Conv" && node.attributes.integer("group", 1) > 1 && graph.value(node.inputs[1]).shape[1] == 1;
}

bool isMovement(const Node& node)
{
    return has(node, OpTrait::Moves) || has(node, OpTrait::Represents);
}

bool isActivation(const Node& node)
{
    return has(node, OpTrait::Activation);
}

namespace {

/// Products of a sum that Einsum computes for one output element: the sizes of the labels that its result lacks.
int64_t summedProducts(const Graph& graph, const Node& node)
{
    const std::string equation = node.attributes.text("equation", "");
    const std::size_t arrow = equation.find("->");
    const std::string result = arrow == std::string::npos ? "" : equation.substr(arrow + 2);
    std::map<char, int64_t> sizes;
    std::map<char, int> times;
    std::size_t input = 0;
    std::size_t axis = 0;
    for (const char c : equation.substr(0, arrow)) {
        if (c == ',') {
            ++input;
            axis = 0;
        } else if (c == '.') {
            return 0; // an ellipsis: not counted
        } else if (c != ' ' && input < node.inputs.size()) {
            const Shape& shape = graph.value(node.inputs[input]).shape;
            sizes[c] = axis < shape.rank() ? shape[axis] : 1;
            ++times[c];
            ++axis;
        }
    }
    int64_t products = 1;
    for (const auto& [label, size] : sizes)
        if (arrow == std::string::npos ? times[label] > 1 : result.find(label) == std::string::npos)
            products *= size;
    return products;
}

} // namespace

int64_t multiplyAccumulates(const Graph& graph, const Node& node)
{
    if (!has(node, OpTrait::Product) || node.inputs.size() < 2 || !node.inputs[1].valid())
        return 0;
    const Shape& left = graph.value(node.inputs[0]).shape;
    const Shape& right = graph.value(node.inputs[1]).shape;
    const int64_t outputs = graph.value(node.outputs[0]).shape.elements();
    const int64_t images = std::max<int64_t>(graph.batch(), 1);
    if (node.op == "Linear" || node.op == "MatMul")
        return left.rank() > 0 ? outputs * left.back() / images : 0;
    if (node.op == "Conv")
        return outputs * right.product(1, right.rank()) / images;
    if (node.op == "ConvTranspose") // every input element meets the weights of its channel
        return left.elements() * right.product(1, right.rank()) / images;
    return outputs * summedProducts(graph, node) / images;
}

std::vector<NodeId> layersBefore(const Graph& graph, TensorId from, bool (*through)(const Node&))
{
    std::vector<NodeId> seen, found;
    std::vector<TensorId> stack = {from};
    for (std::size_t looks = 0; !stack.empty() && seen.size() < kMaxWalk && looks < kMaxLooks; ++looks) {
        const TensorId id = stack.back();
        stack.pop_back();
        if (!id.valid() || !graph.value(id).producer.valid() || !addNew(seen, graph.value(id).producer))
            continue;
        const Node& node = graph.node(graph.value(id).producer);
        if (isLayer(graph, node))
            found.push_back(graph.value(id).producer);
        else if (through(node))
            push(stack, node.inputs);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<Use> readersAfter(const Graph& graph, TensorId from, bool (*through)(const Node&))
{
    std::vector<TensorId> seen, stack = {from};
    std::vector<Use> found;
    std::size_t looks = 0;
    while (!stack.empty() && seen.size() < kMaxWalk) {
        const TensorId id = stack.back();
        stack.pop_back();
        if (!addNew(seen, id))
            continue;
        for (const Use& use : graph.value(id).uses) {
            if (++looks > kMaxLooks)
                break;
            const Node& node = graph.node(use.node);
            if (!isLayer(graph, node) && through(node))
                push(stack, node.outputs);
            else
                found.push_back(use);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
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
