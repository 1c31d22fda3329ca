#include "core/graph/structure.h"

#include <algorithm>
#include <map>

namespace qs::graph {

namespace {

constexpr int kStem = -1, kHead = -2;

/// Whether an activation reads the layer's result: then more of the same group of convolutions follows.
bool isActivated(const Graph& graph, const Node& layer)
{
    for (const Use& use : graph.value(layer.outputs[0]).uses)
        if (isActivation(graph.node(use.node)))
            return true;
    return false;
}

/// Fusion of two branches.
bool readsConcat(const Graph& graph, const Node& layer)
{
    const NodeId producer = graph.value(layer.inputs[0]).producer;
    return producer.valid() && graph.node(producer).op == "Concat";
}

bool isKind(const Structure& structure, NodeId id, Role role)
{
    const auto it = structure.roles.find(id);
    return it != structure.roles.end() && it->second == role;
}

/// A 1×1 convolution before a depthwise one: the first half of an inverted bottleneck.
bool startsBottleneck(const Graph& graph, NodeId id)
{
    const Node& node = graph.node(id);
    const Shape& weight = graph.value(node.inputs[1]).shape;
    if (isDepthwise(graph, node) || weight.product(2, weight.rank()) != 1)
        return false;
    for (const Use& use : readersAfter(graph, node.outputs[0], isActivation))
        if (isDepthwise(graph, graph.node(use.node)))
            return true;
    return false;
}

/// Walks over the layers in order. An attention begins a block; what mixes channels after it (MLP, inverted
/// bottleneck), with a depthwise convolution before or inside it, belongs to it. An MLP without attention is a block
/// of its own, with the depthwise convolutions before it. A group of other convolutions is a block and ends with one
/// that no activation follows (a linear bottleneck, a residual).
class BlockFinder {
public:
    BlockFinder(const Graph& graph, Structure& structure) : m_graph(graph), m_structure(structure) {}

    void run()
    {
        for (const NodeId id : m_structure.layers)
            m_structure.blocks[id] = place(id);
    }

private:
    enum class Kind { None, Attention, Mlp, Filters, Convolutions };

    int place(NodeId id)
    {
        if (isKind(m_structure, id, Role::PatchEmbed))
            return kStem;
        if (isKind(m_structure, id, Role::Head))
            return kHead;
        const auto attention = m_structure.attentionOf.find(id);
        if (attention != m_structure.attentionOf.end())
            return ofAttention(attention->second);
        if (isKind(m_structure, id, Role::Fc1))
            beginMlp();
        else if (m_graph.node(id).op == "Conv" && !isKind(m_structure, id, Role::Fc2))
            addConvolution(id);
        m_isMlpOpen = isKind(m_structure, id, Role::Fc1) || (m_isMlpOpen && !isKind(m_structure, id, Role::Fc2));
        return std::max(m_block, kStem);
    }

    int ofAttention(int attention)
    {
        const auto joined = m_structure.joined.find(attention);
        if (joined != m_structure.joined.end())
            attention = joined->second;
        m_kind = Kind::Attention;
        const auto [it, isNew] = m_blockOfAttention.emplace(attention, m_block + 1);
        if (isNew)
            ++m_block;
        return it->second;
    }

    void beginMlp()
    {
        if (m_kind != Kind::Attention && m_kind != Kind::Filters)
            ++m_block;
        m_kind = Kind::Mlp;
    }

    void addConvolution(NodeId id)
    {
        const Node& conv = m_graph.node(id);
        const bool depthwise = isDepthwise(m_graph, conv);
        if (depthwise && (m_isMlpOpen || m_kind == Kind::Attention))
            return;
        const bool goesOn = (m_kind == Kind::Convolutions || m_kind == Kind::Filters) && !m_groupEnded;
        const bool ofAttention = m_kind == Kind::Attention && startsBottleneck(m_graph, id);
        if (!goesOn && !ofAttention)
            ++m_block;
        m_kind = depthwise && (!goesOn || m_kind == Kind::Filters) ? Kind::Filters : Kind::Convolutions;
        m_groupEnded = !depthwise && (!isActivated(m_graph, conv) || readsConcat(m_graph, conv));
    }

    const Graph& m_graph;
    Structure& m_structure;
    Kind m_kind = Kind::None;
    int m_block = -1;
    bool m_groupEnded = false, m_isMlpOpen = false;
    std::map<int, int> m_blockOfAttention;
};

} // namespace

void findBlocks(const Graph& graph, Structure& structure)
{
    BlockFinder(graph, structure).run();
}

} // namespace qs::graph
