#include "core/graph/structure.h"

#include <algorithm>

namespace qs::graph {

namespace {

/// Between Q·Kᵀ and softmax: scale, mask, position bias, and their reshapes. Talking heads: small convolutions.
bool isScoreStep(const Node& node)
{
    return isMovement(node) || node.op == "Mul" || node.op == "Div" || node.op == "Add" || node.op == "Sub" ||
           node.op == "Where" || node.op == "Clip" || node.op == "BatchNormalization";
}

/// Between the projections and the products: split into heads, scale, normalise, activate.
bool isOperandStep(const Node& node)
{
    return isMovement(node) || isActivation(node) || node.op == "Mul" || node.op == "Div" || node.op == "Add" ||
           node.op == "LayerNormalization" || node.op == "BatchNormalization" || node.op == "AveragePool";
}

/// Between A·V and the projection: join the heads, activate, add a local branch.
bool isJoinStep(const Node& node)
{
    return isMovement(node) || isActivation(node) || node.op == "Add" || node.op == "BatchNormalization";
}

/// After the softmax of a separable attention: context = sum(softmax · K), then V · context.
bool isSeparableStep(const Node& node)
{
    return isMovement(node) || node.op == "Mul" || node.op == "ReduceSum" || node.op == "Relu";
}

bool isMatMul(const Graph& graph, NodeId id)
{
    return graph.node(id).op == "MatMul";
}

/// The product whose result the softmax normalises. Convolutions on the way (talking heads) are walked through.
NodeId productBefore(const Graph& graph, TensorId id)
{
    for (int convolutions = 0; convolutions < 3; ++convolutions) {
        const std::vector<NodeId> layers = layersBefore(graph, id, isScoreStep);
        for (const NodeId layer : layers)
            if (isMatMul(graph, layer))
                return layer;
        if (layers.size() != 1 || graph.node(layers.front()).op != "Conv")
            return {};
        id = graph.node(layers.front()).inputs[0];
    }
    return {};
}

std::optional<Use> productAfter(const Graph& graph, TensorId id)
{
    for (int convolutions = 0; convolutions < 3; ++convolutions) {
        const std::vector<Use> readers = readersAfter(graph, id, isScoreStep);
        for (const Use& use : readers)
            if (isMatMul(graph, use.node))
                return use;
        if (readers.size() != 1 || graph.node(readers.front().node).op != "Conv")
            return std::nullopt;
        id = graph.node(readers.front().node).outputs[0];
    }
    return std::nullopt;
}

bool contains(const std::vector<NodeId>& list, NodeId id)
{
    return std::find(list.begin(), list.end(), id) != list.end();
}

/// Linear layers and convolutions that feed an operand: the nearest one on its way.
std::vector<NodeId> projections(const Graph& graph, TensorId operand)
{
    std::vector<NodeId> layers = layersBefore(graph, operand, isOperandStep);
    std::erase_if(layers, [&](NodeId id) { return isMatMul(graph, id); });
    return layers;
}

void assign(Structure& structure, NodeId layer, Role role, int attention)
{
    if (structure.roles.emplace(layer, role).second)
        structure.attentionOf.emplace(layer, attention);
}

/// One projection that feeds softmax, keys and values; products element by element; one projection after.
void findSeparableAttention(const Graph& graph, NodeId softmax, Structure& structure)
{
    const Node& node = graph.node(softmax);
    const std::vector<NodeId> before = layersBefore(graph, node.inputs[0], isMovement);
    const std::vector<Use> after = readersAfter(graph, node.outputs[0], isSeparableStep);
    if (before.size() != 1 || after.size() != 1 || isMatMul(graph, before.front()) || after.front().input != 0 ||
        !isLayer(graph, graph.node(after.front().node)) || isMatMul(graph, after.front().node) ||
        structure.roles.contains(before.front()) || structure.roles.contains(after.front().node))
        return;
    const int index = static_cast<int>(structure.attention.size());
    structure.attention.push_back({{}, softmax, {}, 0});
    assign(structure, before.front(), Role::Qkv, index);
    assign(structure, after.front().node, Role::Proj, index);
}

/// Convolutions and linear layers between the first layer of an attention and its projection belong to it too:
/// talking heads, local branches, strided keys and values.
void adoptLayers(Structure& structure)
{
    std::vector<std::pair<NodeId, NodeId>> spans(structure.attention.size());
    for (const auto& [layer, attention] : structure.attentionOf) {
        auto& [first, last] = spans[static_cast<std::size_t>(attention)];
        first = first.valid() ? std::min(first, layer) : layer;
        last = std::max(last, layer);
    }
    std::size_t a = 0;
    std::sort(spans.begin(), spans.end());
    for (const NodeId layer : structure.layers) {
        while (a < spans.size() && spans[a].second < layer)
            ++a;
        if (a < spans.size() && spans[a].first < layer && !structure.attentionOf.contains(layer)) {
            const auto inside = std::find_if(structure.attentionOf.begin(), structure.attentionOf.end(),
                                             [&](const auto& entry) { return entry.first == spans[a].first; });
            structure.attentionOf.emplace(layer, inside->second);
        }
    }
}

} // namespace

void findAttention(const Graph& graph, Structure& structure)
{
    std::vector<NodeId> others;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& softmax = graph.nodes()[n];
        if (softmax.op != "Softmax")
            continue;
        const NodeId product = productBefore(graph, softmax.inputs[0]);
        if (!product.valid())
            others.push_back(NodeId(n));
        const auto sum = productAfter(graph, softmax.outputs[0]);
        if (!product.valid() || !sum || structure.attentionOf.contains(product) ||
            structure.attentionOf.contains(sum->node) || product == sum->node)
            continue;
        const int index = static_cast<int>(structure.attention.size());
        structure.attention.push_back({product, NodeId(n), sum->node, sum->input});
        structure.attentionOf[product] = index;
        structure.attentionOf[sum->node] = index;
    }
    for (std::size_t a = 0; a < structure.attention.size(); ++a) {
        const Attention& attention = structure.attention[a];
        const int index = static_cast<int>(a);
        const Node& product = graph.node(attention.product);
        const Node& sum = graph.node(attention.sum);
        const auto query = projections(graph, product.inputs[0]);
        const auto key = projections(graph, product.inputs[1]);
        const auto value = projections(graph, sum.inputs[static_cast<std::size_t>(1 - attention.softmaxSlot)]);
        for (const NodeId layer : query)
            assign(structure, layer, contains(key, layer) || contains(value, layer) ? Role::Qkv : Role::Query, index);
        for (const NodeId layer : key)
            assign(structure, layer, contains(value, layer) ? Role::Qkv : Role::Key, index);
        for (const NodeId layer : value)
            assign(structure, layer, Role::Value, index);
        const auto readers = readersAfter(graph, sum.outputs[0], isJoinStep);
        for (const Use& use : readers)
            if (isLayer(graph, graph.node(use.node)) && !isMatMul(graph, use.node) && use.input == 0)
                assign(structure, use.node, Role::Proj, index);
    }
    for (const NodeId softmax : others)
        findSeparableAttention(graph, softmax, structure);
    adoptLayers(structure);
}

} // namespace qs::graph
