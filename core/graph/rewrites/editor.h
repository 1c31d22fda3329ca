#pragma once

#include "core/graph/graph.h"
#include "core/graph/rewrites/rewrites.h"

#include <optional>
#include <span>
#include <vector>

namespace qs::graph {

/// A graph under rewriting: nodes are looked up by what they produce and by who reads them, and a group of nodes can
/// be replaced by one. Ids stay valid; replaced nodes are dead.
class Editor {
public:
    Editor(GraphData data, Bypassed bypassed);

    std::size_t nodeCount() const { return m_data.nodes.size(); }
    bool alive(NodeId id) const { return m_alive[id.index()]; }
    const Node& node(NodeId id) const { return m_data.nodes[id.index()]; }
    const Value& value(TensorId id) const { return m_data.values[id.index()]; }
    /// The node that produces the value if it is one of `op`; otherwise (also for inputs and constants) null.
    const Node* producer(TensorId id, std::string_view op) const;
    NodeId producerId(TensorId id) const { return id.valid() ? m_producers[id.index()] : NodeId(); }
    const Tensor* constant(TensorId id) const;
    /// The value of a float constant of one element.
    std::optional<float> scalar(TensorId id) const;
    /// True if the value is a float constant of one element, equal to `expected` within 1e-4 of it.
    bool isScalar(TensorId id, float expected) const;

    TensorId addConstant(std::string name, Tensor tensor);
    /// Replaces `anchor` and `inner` by `replacement`, which produces the anchor's outputs; sources are gathered.
    /// False, and nothing happens, where a value between them has a reader outside or is an output of the graph.
    bool fuse(NodeId anchor, std::span<const NodeId> inner, Node replacement);

    /// Whether nothing but `reader` reads the value, and it is no output of the graph.
    bool isReadOnlyBy(TensorId id, NodeId reader) const;
    /// Gives a node other inputs, and `sources` besides its own.
    void update(NodeId id, std::vector<TensorId> inputs, std::span<const int> sources);

    GraphData take() &&;

private:
    GraphData m_data;
    Bypassed m_bypassed;
    std::vector<NodeId> m_producers;
    std::vector<std::vector<NodeId>> m_readers;
    std::vector<char> m_isOutput;
    std::vector<char> m_alive;
};

/// The operand of a two-input node beside a float constant of one element: {operand, constant's value}.
struct ScaledOperand {
    TensorId operand;
    float factor = 1;
};
/// x · c or c · x or x / c as {x, c or 1/c}; nothing for other nodes.
std::optional<ScaledOperand> matchScale(const Editor& editor, TensorId product);

} // namespace qs::graph
