#include "core/graph/rewrites/editor.h"

#include <cmath>
#include <utility>

namespace qs::graph {

namespace {

/// A constant of n elements whose last axis has all of them: [n], [1, n], ...
bool isRow(const Tensor* tensor, int64_t n)
{
    return tensor && tensor->dtype() == DType::Float32 && !tensor->shape().empty() && tensor->shape().back() == n &&
           tensor->elements() == n;
}

/// Linear, then BatchNormalization over its columns [rows, n]; a Reshape that keeps the columns may stand between, as
/// in LeViT:  w' = w · s, b' = (b - mean) · s + bias,  s = scale / sqrt(variance + epsilon), in double.
bool fuseColumnNormalization(Editor& editor, NodeId anchor)
{
    const Node norm = editor.node(anchor);
    const Shape& rows = editor.value(norm.inputs[0]).shape;
    TensorId product = norm.inputs[0];
    const NodeId reshape = editor.producer(product, "Reshape") ? editor.producerId(product) : NodeId();
    if (reshape.valid())
        product = editor.node(reshape).inputs[0];
    if (rows.rank() != 2 || !editor.producer(product, "Linear") || editor.value(product).shape.back() != rows[1])
        return false;
    const NodeId linear = editor.producerId(product);
    if (!editor.isReadOnlyBy(product, reshape.valid() ? reshape : anchor) ||
        !editor.isReadOnlyBy(norm.inputs[0], anchor))
        return false;
    const Node& old = editor.node(linear);
    const bool biased = old.inputs.size() > 2 && old.inputs[2].valid();
    const Tensor* weight = editor.constant(old.inputs[1]);
    const Tensor* bias = biased ? editor.constant(old.inputs[2]) : nullptr;
    const auto columns = static_cast<std::size_t>(rows[1]);
    const Tensor* parameters[4];
    for (std::size_t i = 0; i < 4; ++i) {
        parameters[i] = editor.constant(norm.inputs[i + 1]);
        if (!isRow(parameters[i], rows[1]))
            return false;
    }
    if (!weight || (biased && !bias))
        return false;
    const double epsilon = norm.attributes.real("epsilon", 1e-5F);
    Tensor folded = *weight;
    Tensor offset(DType::Float32, {rows[1]});
    const auto w = folded.mutableData<float>();
    const auto b = offset.mutableData<float>();
    for (std::size_t c = 0; c < columns; ++c) {
        const double s = parameters[0]->floats()[c] / std::sqrt(parameters[3]->floats()[c] + epsilon);
        const double before = bias ? bias->floats()[c] : 0.0;
        b[c] = static_cast<float>((before - parameters[2]->floats()[c]) * s + parameters[1]->floats()[c]);
        for (std::size_t i = c; i < w.size(); i += columns)
            w[i] = static_cast<float>(w[i] * s);
    }
    std::vector<TensorId> inputs{old.inputs[0], editor.addConstant(old.name + ".weight.folded", std::move(folded)),
                                 editor.addConstant(old.name + ".bias.folded", std::move(offset))};
    if (!reshape.valid()) {
        Node replacement = editor.node(linear);
        replacement.inputs = std::move(inputs);
        return editor.fuse(anchor, {&linear, 1}, std::move(replacement));
    }
    editor.update(linear, std::move(inputs), norm.sources);
    return editor.fuse(anchor, {&reshape, 1}, editor.node(reshape));
}

} // namespace

bool fuseLinear(Editor& editor, NodeId anchor)
{
    const Node& node = editor.node(anchor);
    if (node.op == "BatchNormalization")
        return fuseColumnNormalization(editor, anchor);
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
