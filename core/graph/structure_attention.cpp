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

/// Between A·V and the projection: join the heads, activate, add a local branch; divide by the sum (linear
/// attention).
bool isJoinStep(const Node& node)
{
    return isMovement(node) || isActivation(node) || node.op == "Add" || node.op == "Div" ||
           node.op == "BatchNormalization";
}

/// After the softmax of a separable attention: context = sum(softmax · K), then V · context.
bool isSeparableStep(const Node& node)
{
    return isMovement(node) || node.op == "Mul" || node.op == "ReduceSum" || node.op == "Relu";
}

/// A product of two activations: one with a constant on either side is no part of an attention.
bool isMatMul(const Graph& graph, NodeId id)
{
    return graph.node(id).op == "MatMul" && isLayer(graph, graph.node(id));
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

/// Whether a layer's result goes into the products of one attention and nowhere else, local branches (depthwise
/// convolutions) apart. A feature map that is queries as it is also goes on to the next convolution.
bool feedsOnly(const Graph& graph, NodeId layer, const Attention& attention)
{
    for (const Use& use : readersAfter(graph, graph.node(layer).outputs[0], isOperandStep)) {
        const Node& reader = graph.node(use.node);
        if (isLayer(graph, reader) && use.node != attention.product && use.node != attention.sum &&
            !isDepthwise(graph, reader))
            return false;
    }
    return true;
}

/// Linear layers and convolutions that feed an operand: the nearest one on its way.
std::vector<NodeId> projections(const Graph& graph, TensorId operand, const Attention& attention)
{
    std::vector<NodeId> layers = layersBefore(graph, operand, isOperandStep);
    std::erase_if(layers, [&](NodeId id) { return isMatMul(graph, id) || !feedsOnly(graph, id, attention); });
    return layers;
}

void assign(Structure& structure, NodeId layer, Role role, int attention)
{
    if (structure.roles.emplace(layer, role).second)
        structure.attentionOf.emplace(layer, attention);
}

void add(Structure& structure, const Attention& attention)
{
    const int index = static_cast<int>(structure.attention.size());
    if (structure.attentionOf.contains(attention.sum) || attention.product == attention.sum ||
        (attention.product.valid() && structure.attentionOf.contains(attention.product)))
        return;
    structure.attention.push_back(attention);
    if (attention.product.valid())
        structure.attentionOf[attention.product] = index;
    structure.attentionOf[attention.sum] = index;
}

/// Q·(Kᵀ·V): a product whose only reader is another one.
void findLinearAttention(const Graph& graph, Structure& structure)
{
    for (const NodeId sum : structure.layers) {
        if (!isMatMul(graph, sum) || structure.attentionOf.contains(sum))
            continue;
        for (const int slot : {0, 1}) {
            const auto before =
                layersBefore(graph, graph.node(sum).inputs[static_cast<std::size_t>(slot)], isMovement);
            if (before.size() != 1 || !isMatMul(graph, before.front()) ||
                structure.attentionOf.contains(before.front()))
                continue;
            const auto readers = readersAfter(graph, graph.node(before.front()).outputs[0], isMovement);
            if (readers.size() == 1)
                add(structure, {before.front(), {}, sum, slot});
            break;
        }
    }
}

void findProjections(const Graph& graph, Structure& structure, std::size_t a)
{
    const Attention& attention = structure.attention[a];
    const int index = static_cast<int>(a);
    const auto before = [&](NodeId product, std::size_t slot) {
        return product.valid() ? projections(graph, graph.node(product).inputs[slot], attention)
                               : std::vector<NodeId>();
    };
    const auto other = static_cast<std::size_t>(1 - attention.softmaxSlot);
    const bool isLinear = !attention.softmax.valid();
    const auto query = isLinear ? before(attention.sum, other) : before(attention.product, 0);
    const auto key = before(attention.product, isLinear ? 0 : 1);
    const auto value = isLinear ? before(attention.product, 1) : before(attention.sum, other);
    for (const NodeId layer : query)
        assign(structure, layer, contains(key, layer) || contains(value, layer) ? Role::Qkv : Role::Query, index);
    for (const NodeId layer : key)
        assign(structure, layer, contains(value, layer) ? Role::Qkv : Role::Key, index);
    for (const NodeId layer : value)
        assign(structure, layer, Role::Value, index);
}

/// Whether the way back from a layer to A·V leads over a sum that others read too: a residual stream.
bool readsStream(const Graph& graph, NodeId layer)
{
    TensorId id = graph.node(layer).inputs[0];
    for (int steps = 0; steps < 50; ++steps) {
        const NodeId producer = graph.value(id).producer;
        if (!producer.valid() || !isJoinStep(graph.node(producer)))
            return false;
        if (graph.node(producer).op == "Add" && graph.value(id).uses.size() > 1)
            return true;
        id = graph.node(producer).inputs[0];
    }
    return false;
}

/// The one layer that reads A·V. Where several do, the sum is a stream that goes on (attention of a feature map to
/// tokens).
void findOutputProjection(const Graph& graph, Structure& structure, std::size_t a)
{
    const Attention& attention = structure.attention[a];
    std::vector<NodeId> readers;
    for (const Use& use : readersAfter(graph, graph.node(attention.sum).outputs[0], isJoinStep)) {
        if (!isLayer(graph, graph.node(use.node)))
            continue;
        const auto role = structure.roles.find(use.node);
        if (role != structure.roles.end() && role->second != Role::Proj)
            continue; // the next head of a cascade
        if (isMatMul(graph, use.node) || use.input != 0)
            return;
        if (!contains(readers, use.node))
            readers.push_back(use.node);
    }
    if (readers.size() != 1 || readsStream(graph, readers.front()))
        return;
    const auto shared = structure.attentionOf.find(readers.front());
    if (shared != structure.attentionOf.end())
        structure.joined[static_cast<int>(a)] = shared->second;
    else
        assign(structure, readers.front(), Role::Proj, static_cast<int>(a));
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

bool anything(const Node&)
{
    return true;
}

/// The one attention whose layers read a layer's result, through nodes that `through` accepts; -1 where others do
/// too.
int onlyReader(const Graph& graph, const Structure& structure, NodeId layer, bool (*through)(const Node&),
               bool layersOnly)
{
    int attention = -1;
    for (const Use& use : readersAfter(graph, graph.node(layer).outputs[0], through)) {
        if (layersOnly && !isLayer(graph, graph.node(use.node)))
            continue;
        const auto it = structure.attentionOf.find(use.node);
        if (it == structure.attentionOf.end() || (attention >= 0 && attention != it->second))
            return -1;
        attention = it->second;
    }
    return attention;
}

/// Convolutions and linear layers that lie, in order, after the first layer of an attention and feed nothing else
/// belong to it too: talking heads, local branches, strided keys and values. So does a depthwise convolution before
/// it (strided queries).
void adoptLayers(const Graph& graph, Structure& structure)
{
    std::vector<NodeId> first(structure.attention.size());
    for (const auto& [layer, attention] : structure.attentionOf) {
        NodeId& id = first[static_cast<std::size_t>(attention)];
        id = id.valid() ? std::min(id, layer) : layer;
    }
    for (auto it = structure.layers.rbegin(); it != structure.layers.rend(); ++it) {
        if (structure.attentionOf.contains(*it))
            continue;
        int attention = onlyReader(graph, structure, *it, anything, true);
        if (attention >= 0 && *it < first[static_cast<std::size_t>(attention)])
            attention = -1;
        if (attention < 0 && isDepthwise(graph, graph.node(*it)))
            attention = onlyReader(graph, structure, *it, isOperandStep, false);
        if (attention >= 0)
            structure.attentionOf[*it] = attention;
    }
}

} // namespace

bool isOperandStep(const Node& node)
{
    return isMovement(node) || isActivation(node) || node.op == "Mul" || node.op == "Div" || node.op == "Add" ||
           node.op == "LayerNormalization" || node.op == "BatchNormalization" || node.op == "AveragePool";
}

void findAttention(const Graph& graph, Structure& structure)
{
    std::vector<NodeId> others;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& softmax = graph.nodes()[n];
        if (softmax.op != "Softmax")
            continue;
        const NodeId product = productBefore(graph, softmax.inputs[0]);
        const auto sum = productAfter(graph, softmax.outputs[0]);
        if (sum)
            add(structure, {product, NodeId(n), sum->node, sum->input});
        else if (!product.valid())
            others.push_back(NodeId(n));
    }
    findLinearAttention(graph, structure);
    // All projections before a product come first: in a cascade, the layer after one head's A·V projects the next
    // head's queries, keys and values.
    for (std::size_t a = 0; a < structure.attention.size(); ++a)
        findProjections(graph, structure, a);
    for (std::size_t a = 0; a < structure.attention.size(); ++a)
        findOutputProjection(graph, structure, a);
    for (const NodeId softmax : others)
        findSeparableAttention(graph, softmax, structure);
    adoptLayers(graph, structure);
}

} // namespace qs::graph
