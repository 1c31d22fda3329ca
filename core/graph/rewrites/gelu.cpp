#include "core/graph/rewrites/editor.h"

#include <cmath>

namespace qs::graph {

namespace {

struct Gate {
    TensorId x; ///< invalid: no match
    bool tanh = false;
    std::vector<NodeId> inner;
};

/// a + 1 or 1 + a
TensorId matchPlusOne(const Editor& editor, TensorId id)
{
    if (const Node* add = editor.producer(id, "Add"))
        for (const std::size_t i : {0u, 1u})
            if (editor.isScalar(add->inputs[i], 1.0f))
                return add->inputs[1 - i];
    return {};
}

/// x of x³ as Pow(x, 3), x² · x or x · x²; nodes are appended to `inner`.
TensorId matchCube(const Editor& editor, TensorId id, std::vector<NodeId>& inner)
{
    if (const Node* pow = editor.producer(id, "Pow"); pow && editor.isScalar(pow->inputs[1], 3.0f)) {
        inner.push_back(editor.producerId(id));
        return pow->inputs[0];
    }
    const Node* mul = editor.producer(id, "Mul");
    for (const std::size_t i : {0u, 1u}) {
        const NodeId square = mul ? editor.producerId(mul->inputs[i]) : NodeId();
        if (!square.valid())
            continue;
        const Node& node = editor.node(square);
        const TensorId x = mul->inputs[1 - i];
        const bool isSquare = (node.op == "Mul" && node.inputs[0] == x && node.inputs[1] == x) ||
                              (node.op == "Pow" && node.inputs[0] == x && editor.isScalar(node.inputs[1], 2.0f));
        if (isSquare) {
            inner.push_back(editor.producerId(id));
            inner.push_back(square);
            return x;
        }
    }
    return {};
}

/// x of √(2/π) · (x + 0.044715 · x³)
TensorId matchTanhArgument(const Editor& editor, TensorId id, std::vector<NodeId>& inner)
{
    const auto outer = matchScale(editor, id);
    if (!outer || std::abs(outer->factor - 0.7978846f) > 1e-4f)
        return {};
    inner.push_back(editor.producerId(id));
    const Node* add = editor.producer(outer->operand, "Add");
    for (const std::size_t i : {0u, 1u}) {
        if (!add)
            break;
        const auto cubic = matchScale(editor, add->inputs[i]);
        if (!cubic || std::abs(cubic->factor - 0.044715f) > 1e-5f)
            continue;
        if (matchCube(editor, cubic->operand, inner) != add->inputs[1 - i])
            continue;
        inner.push_back(editor.producerId(outer->operand));
        inner.push_back(editor.producerId(add->inputs[i]));
        return add->inputs[1 - i];
    }
    return {};
}

/// 1 + erf(x / √2), or 1 + tanh(...)
Gate matchGate(const Editor& editor, TensorId id)
{
    Gate gate;
    const TensorId curve = matchPlusOne(editor, id);
    if (!curve.valid())
        return gate;
    if (const Node* erf = editor.producer(curve, "Erf")) {
        const auto argument = matchScale(editor, erf->inputs[0]);
        if (!argument || std::abs(argument->factor - 0.70710678f) > 1e-4f)
            return gate;
        gate.x = argument->operand;
        gate.inner = {editor.producerId(erf->inputs[0])};
    } else if (const Node* tanh = editor.producer(curve, "Tanh")) {
        gate.tanh = true;
        gate.x = matchTanhArgument(editor, tanh->inputs[0], gate.inner);
    }
    gate.inner.push_back(editor.producerId(curve));
    gate.inner.push_back(editor.producerId(id));
    return gate;
}

bool isHalf(const std::optional<ScaledOperand>& scaled)
{
    return scaled && std::abs(scaled->factor - 0.5f) < 1e-4f;
}

/// x · gate without the factor 1/2: the two operands of a Mul in either order.
Gate matchProduct(const Editor& editor, TensorId product)
{
    const Node* mul = editor.producer(product, "Mul");
    for (const std::size_t i : {0u, 1u}) {
        if (!mul)
            break;
        if (Gate gate = matchGate(editor, mul->inputs[i]); gate.x.valid() && gate.x == mul->inputs[1 - i])
            return gate;
    }
    return {};
}

/// The three places of the factor 1/2: (x · gate) / 2, (x / 2) · gate, x · (gate / 2).
Gate matchGelu(const Editor& editor, NodeId anchor)
{
    const Node& node = editor.node(anchor);
    const TensorId result = node.outputs[0];
    if (const auto scaled = matchScale(editor, result); isHalf(scaled)) {
        Gate gate = matchProduct(editor, scaled->operand);
        if (gate.x.valid())
            gate.inner.push_back(editor.producerId(scaled->operand));
        return gate;
    }
    if (node.op != "Mul")
        return {};
    for (const std::size_t i : {0u, 1u}) {
        const TensorId a = node.inputs[i];
        const TensorId b = node.inputs[1 - i];
        const auto scaled = matchScale(editor, a);
        if (!isHalf(scaled))
            continue;
        for (const auto& [gated, x] : {std::pair(b, scaled->operand), std::pair(scaled->operand, b)}) {
            Gate gate = matchGate(editor, gated);
            if (!gate.x.valid() || gate.x != x)
                continue;
            gate.inner.push_back(editor.producerId(a));
            return gate;
        }
    }
    return {};
}

} // namespace

bool fuseGelu(Editor& editor, NodeId anchor)
{
    const std::string& op = editor.node(anchor).op;
    if (op != "Mul" && op != "Div")
        return false;
    const Gate gate = matchGelu(editor, anchor);
    if (!gate.x.valid())
        return false;
    Node gelu;
    gelu.op = "Gelu";
    gelu.name = editor.node(anchor).name;
    gelu.inputs = {gate.x};
    gelu.attributes.set("approximate", std::string(gate.tanh ? "tanh" : "none"));
    return editor.fuse(anchor, gate.inner, std::move(gelu));
}

} // namespace qs::graph
