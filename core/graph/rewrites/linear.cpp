#include "core/graph/rewrites/editor.h"

namespace qs::graph {

namespace {

/// A constant of n elements whose last axis has all of them: [n], [1, n], ...
bool isRow(const Tensor* tensor, int64_t n)
{
    return tensor && tensor->dtype() == DType::Float32 && !tensor->shape().empty() && tensor->shape().back() == n &&
           tensor->elements() == n;
}

} // namespace

bool fuseLinear(Editor& editor, NodeId anchor)
{
    const Node& node = editor.node(anchor);
    if (node.op == "MatMul") {
        const Tensor* weight = editor.constant(node.inputs[1]);
        if (!weight || weight->shape().rank() != 2 || weight->dtype() != DType::Float32 ||
            editor.constant(node.inputs[0]))
            return false;
        Node linear = node;
        linear.op = "Linear";
        return editor.fuse(anchor, {}, std::move(linear));
    }
    if (node.op != "Add")
        return false;
    for (const std::size_t i : {0u, 1u}) {
        const NodeId product = editor.producerId(node.inputs[i]);
        if (!editor.producer(node.inputs[i], "Linear"))
            continue;
        const Node& linear = editor.node(product);
        const bool biased = linear.inputs.size() > 2 && linear.inputs[2].valid();
        const int64_t n = editor.value(linear.inputs[1]).shape[1];
        const Tensor* bias = editor.constant(node.inputs[1 - i]);
        if (biased || !isRow(bias, n) || editor.value(node.outputs[0]).shape != editor.value(node.inputs[i]).shape)
            continue;
        Node replacement = linear;
        TensorId biasId = node.inputs[1 - i];
        if (bias->shape().rank() != 1)
            biasId = editor.addConstant(linear.name + ".bias.row", bias->reshaped({n}));
        replacement.inputs.resize(2);
        replacement.inputs.push_back(biasId);
        if (editor.fuse(anchor, {&product, 1}, std::move(replacement)))
            return true;
    }
    return false;
}

} // namespace qs::graph
