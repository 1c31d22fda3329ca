#include "core/graph/rewrites/editor.h"

#include <cmath>

namespace qs::graph {

bool fuseActivation(Editor& editor, NodeId anchor)
{
    const Node& mul = editor.node(anchor);
    if (mul.op != "Mul")
        return false;
    for (const std::size_t i : {0u, 1u}) {
        const TensorId x = mul.inputs[1 - i];
        const NodeId gateId = editor.producerId(mul.inputs[i]);
        if (!gateId.valid() || editor.node(gateId).inputs.empty() || editor.node(gateId).inputs[0] != x)
            continue;
        const Node& gate = editor.node(gateId);
        const bool hard = gate.op == "HardSigmoid" &&
                          std::abs(gate.attributes.real("alpha", 0.2f) - 1 / 6.0f) < 1e-6f &&
                          gate.attributes.real("beta", 0.5f) == 0.5f;
        if (gate.op != "Sigmoid" && !hard)
            continue;
        Node activation;
        activation.op = hard ? "HardSwish" : "Silu";
        activation.name = mul.name;
        activation.inputs = {x};
        if (editor.fuse(anchor, {&gateId, 1}, std::move(activation)))
            return true;
    }
    return false;
}

} // namespace qs::graph
