#include "core/graph/bridges.h"
#include "core/graph/op_traits.h"
#include "core/graph/structure.h"

#include <algorithm>
#include <set>

namespace qs::graph {

namespace {

constexpr int kMaxSteps = 100; ///< of one walk along single values

bool anything(const Node&)
{
    return true;
}

class BridgeFinder {
public:
    BridgeFinder(const Graph& graph, const Structure& structure) : m_graph(graph), m_structure(structure)
    {
        m_layersOf.resize(structure.attention.size());
        for (const auto& [layer, attention] : structure.attentionOf) {
            m_layersOf[static_cast<std::size_t>(attention)].push_back(layer);
            m_attentionBlocks.insert(structure.blocks.at(layer));
        }
    }

    std::vector<BridgeBlock> run()
    {
        std::vector<BridgeBlock> bridges;
        for (std::size_t a = 0; a < m_structure.attention.size(); ++a) {
            if (m_layersOf[a].empty())
                continue;
            auto bridge = isCrossing(m_structure.attention[a]) ? crossing(a) : entry(a);
            if (!bridge.nodes.empty())
                bridges.push_back(std::move(bridge));
        }
        std::sort(bridges.begin(), bridges.end(),
                  [](const BridgeBlock& a, const BridgeBlock& b) { return a.nodes.front() < b.nodes.front(); });
        return bridges;
    }

private:
    bool isConv(NodeId id) const { return m_graph.node(id).op == "Conv"; }
    int blockOf(NodeId layer) const { return m_structure.blocks.at(layer); }

    bool comesFromMap(TensorId operand) const
    {
        const auto layers = layersBefore(m_graph, operand, isOperandStep);
        return std::any_of(layers.begin(), layers.end(), [&](NodeId id) { return isConv(id); });
    }

    /// Where Q·Kᵀ has a constant query, tokens that nothing has changed yet, the values decide.
    bool isCrossing(const Attention& attention) const
    {
        if (!attention.softmax.valid() || !attention.sum.valid())
            return false;
        const Node& sum = m_graph.node(attention.sum);
        const auto slot = static_cast<std::size_t>(1 - attention.softmaxSlot);
        if (!attention.product.valid())
            return comesFromMap(sum.inputs[slot]);
        const Node& product = m_graph.node(attention.product);
        return comesFromMap(product.inputs[0]) != comesFromMap(product.inputs[1]);
    }

    BridgeBlock crossing(std::size_t a) const
    {
        const std::vector<NodeId>& layers = m_layersOf[a];
        TensorId end = m_graph.node(*std::max_element(layers.begin(), layers.end())).outputs[0];
        for (int steps = 0; steps < kMaxSteps && m_graph.value(end).uses.size() == 1; ++steps) {
            const NodeId reader = m_graph.value(end).uses.front().node;
            const TensorId next = m_graph.node(reader).outputs[0];
            if (isLayer(m_graph, m_graph.node(reader)) ||
                m_graph.value(next).shape.elements() != m_graph.value(end).shape.elements())
                break;
            end = next;
        }
        return between(BridgeBlock::Kind::Crossing, layers, end);
    }

    BridgeBlock entry(std::size_t a) const
    {
        const std::vector<NodeId>& layers = m_layersOf[a];
        const NodeId first = *std::min_element(layers.begin(), layers.end());
        const TensorId stream = streamBefore(m_graph.node(first).inputs[0]);
        // Sums collect all that was ever added to a stream; what was computed last comes directly before.
        const auto sources = layersBefore(m_graph, stream, anything);
        if (sources.empty())
            return {};
        const NodeId last = sources.back();
        const int block = blockOf(last);
        if (!isConv(last) || block < 0 || m_attentionBlocks.contains(block))
            return {};
        std::vector<NodeId> members;
        for (const NodeId layer : m_structure.layers)
            if (layer <= last && blockOf(layer) == block)
                members.push_back(layer);
        return between(BridgeBlock::Kind::Entry, members, stream);
    }

    bool isSummed(TensorId id) const
    {
        const auto& uses = m_graph.value(id).uses;
        return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
            const Node& node = m_graph.node(use.node);
            return node.op == "Add" && !m_graph.value(node.inputs[0]).isConstant() &&
                   !m_graph.value(node.inputs[1]).isConstant();
        });
    }

    /// From the input of an attention's first layer back over what has one computed input to the value that a
    /// residual branch reads as well.
    TensorId streamBefore(TensorId id) const
    {
        for (int steps = 0; steps < kMaxSteps && !isSummed(id); ++steps) {
            const NodeId producer = m_graph.value(id).producer;
            if (!producer.valid() || isLayer(m_graph, m_graph.node(producer)))
                break;
            const Node& node = m_graph.node(producer);
            TensorId computed;
            int inputs = 0;
            for (const TensorId input : node.inputs)
                if (input.valid() && !m_graph.value(input).isConstant()) {
                    computed = input;
                    ++inputs;
                }
            if (inputs != 1 || !(isMovement(node) || has(node, OpTrait::Normalises) || isActivation(node) ||
                                 node.op == "Add" || node.op == "Mul" || node.op == "AveragePool"))
                break;
            id = computed;
        }
        return id;
    }

    /// The nodes on the ways from the layers to the value, the layers included.
    BridgeBlock between(BridgeBlock::Kind kind, const std::vector<NodeId>& layers, TensorId end) const
    {
        const NodeId first = *std::min_element(layers.begin(), layers.end());
        const NodeId last = std::max(*std::max_element(layers.begin(), layers.end()), m_graph.value(end).producer);
        const std::size_t count = last.index() - first.index() + 1;
        const auto isWithin = [&](NodeId id) { return id.valid() && id >= first && id <= last; };
        std::vector<char> after(count), before(count);
        for (const NodeId layer : layers)
            after[layer.index() - first.index()] = before[layer.index() - first.index()] = 1;
        for (std::size_t n = 0; n < count; ++n)
            for (const TensorId input : m_graph.node(NodeId(first.index() + n)).inputs)
                if (input.valid() && isWithin(m_graph.value(input).producer))
                    after[n] |= after[m_graph.value(input).producer.index() - first.index()];
        if (isWithin(m_graph.value(end).producer))
            before[m_graph.value(end).producer.index() - first.index()] = 1;
        BridgeBlock bridge{kind, {}, end, blockOf(first)};
        for (std::size_t n = count; n-- > 0;) {
            const NodeId id(first.index() + n);
            for (const TensorId output : m_graph.node(id).outputs)
                if (output.valid())
                    for (const Use& use : m_graph.value(output).uses)
                        if (isWithin(use.node))
                            before[n] |= before[use.node.index() - first.index()];
            if (after[n] && before[n])
                bridge.nodes.push_back(id);
        }
        std::reverse(bridge.nodes.begin(), bridge.nodes.end());
        return bridge;
    }

    const Graph& m_graph;
    const Structure& m_structure;
    std::vector<std::vector<NodeId>> m_layersOf; ///< by attention
    std::set<int> m_attentionBlocks;
};

} // namespace

std::string_view bridgeKindName(BridgeBlock::Kind kind)
{
    return kind == BridgeBlock::Kind::Entry ? "entry" : "crossing";
}

std::vector<BridgeBlock> findBridges(const Graph& graph, const Structure& structure)
{
    return BridgeFinder(graph, structure).run();
}

} // namespace qs::graph
