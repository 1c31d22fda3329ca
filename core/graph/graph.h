#pragma once

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/tensor.h"
#include "core/graph/attributes.h"

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::graph {

/// Input number `input` of node `node`: one reader of a tensor.
struct Use {
    NodeId node;
    int input = 0;
    auto operator<=>(const Use&) const = default;
};

/// A value that flows through the graph, or a constant.
struct Value {
    std::string name; ///< as in the file; unique
    DType dtype = DType::Float32;
    Shape shape;           ///< static: the graph is specialised to its batch size
    NodeId producer;       ///< invalid for the graph's input and for constants
    std::vector<Use> uses; ///< in node order
    Tensor constant;       ///< empty unless a constant

    bool isConstant() const { return !constant.empty(); }
};

/// One operator. Names of operators are ONNX's (opset 17 semantics) with these canonical forms:
///   Linear      x [..., k], weight [k, n] constant, bias [n] constant or absent  ->  [..., n]     (MatMul+Add, Gemm)
///   Conv        x [b, c, h, w], weight [o, c/group, kh, kw], bias [o] or absent
///   MatMul      two activations, broadcast over leading dimensions
///   LayerNormalization  x, gamma, beta (or absent); axis, epsilon                 (also from its decomposed form)
///   IntegerLayerNormalization  as LayerNormalization, and steps of x by channel, step of the result: computes in
///               integers (kernels/integer_norm.h); in simulations alone, never in a graph
///   Gelu        approximate = "none" (erf) or "tanh"                             (also from its decomposed forms)
///   Softmax     axis                                                            (also from its decomposed form)
///   FakeQuantize x; scale, zero_point (tensors), qmin, qmax, axis                  (QuantizeLinear ->
///   DequantizeLinear)
struct Node {
    std::string op;
    std::string
        name; ///< the file's name of the node that gives it its identity; unique, made up where the file has none
    std::vector<TensorId> inputs; ///< invalid id: optional input that is absent
    std::vector<TensorId> outputs;
    Attributes attributes;
    std::vector<int> sources; ///< positions, in the file's node list, of all nodes that this one stands for
};

/// The parts of a graph while it is being built or rewritten. `Graph::create` checks and completes them.
struct GraphData {
    std::vector<Node> nodes;
    std::vector<Value> values;
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    std::vector<std::string> outputNames = {}; ///< the file's, one an output; empty: those of the values
};

/// Immutable operator graph. Nodes are in topological order and all reach an output; copies share the data.
class Graph {
public:
    /// Sorts, drops what reaches no output (nodes and values are renumbered), fills in producers and uses.
    /// Errors: Malformed (a cycle, a value produced twice or by nobody, an id out of range) naming the node.
    static Result<Graph> create(GraphData data);

    const std::vector<Node>& nodes() const { return m_data->nodes; }
    const std::vector<Value>& values() const { return m_data->values; }
    const Node& node(NodeId id) const { return m_data->nodes[id.index()]; }
    const Value& value(TensorId id) const { return m_data->values[id.index()]; }
    /// The image input [batch, channels, height, width].
    TensorId input() const { return m_data->inputs.front(); }
    /// The first output; of a classifier the only one that counts: logits [batch, classes].
    TensorId output() const { return m_data->outputs.front(); }
    const std::vector<TensorId>& outputs() const { return m_data->outputs; }
    const std::string& outputName(std::size_t output) const
    {
        return m_data->outputNames.empty() ? value(m_data->outputs[output]).name : m_data->outputNames[output];
    }
    /// Images per run of the specialised graph (1 where the file's batch is dynamic).
    int64_t batch() const { return value(input()).shape[0]; }

    /// A copy of the parts, to rewrite.
    GraphData data() const { return *m_data; }

private:
    explicit Graph(std::shared_ptr<const GraphData> data) : m_data(std::move(data)) {}
    std::shared_ptr<const GraphData> m_data;
};

} // namespace qs::graph
