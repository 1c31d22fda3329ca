#include "core/graph/rewrites/editor.h"

#include <cmath>

namespace qs::graph {

namespace {

/// A constant that adds or multiplies per channel of [b, c, h, w]: [c, 1, 1] or [1, c, 1, 1].
bool isPerChannel(const Tensor* tensor, int64_t channels, std::size_t rank)
{
    if (!tensor || tensor->dtype() != DType::Float32 || tensor->elements() != channels ||
        tensor->shape().rank() + 1 < rank || tensor->shape().rank() > rank)
        return false;
    return tensor->shape()[tensor->shape().rank() + 1 - rank] == channels;
}

bool hasBias(const Node& conv)
{
    return conv.inputs.size() > 2 && conv.inputs[2].valid();
}

bool fuseBias(Editor& editor, NodeId anchor)
{
    const Node& add = editor.node(anchor);
    for (const std::size_t i : {0u, 1u}) {
        const NodeId product = editor.producerId(add.inputs[i]);
        if (!editor.producer(add.inputs[i], "Conv") || hasBias(editor.node(product)))
            continue;
        const Shape& shape = editor.value(add.inputs[i]).shape;
        const Tensor* bias = editor.constant(add.inputs[1 - i]);
        if (!isPerChannel(bias, shape[1], shape.rank()) || editor.value(add.outputs[0]).shape != shape)
            continue;
        Node conv = editor.node(product);
        conv.inputs.resize(2);
        conv.inputs.push_back(editor.addConstant(conv.name + ".bias.row", bias->reshaped({shape[1]})));
        if (editor.fuse(anchor, {&product, 1}, std::move(conv)))
            return true;
    }
    return false;
}

/// w' = w · s, b' = (b - mean) · s + bias,  s = scale / sqrt(variance + epsilon), per output channel; in double.
bool fuseBatchNormalization(Editor& editor, NodeId anchor)
{
    const Node& norm = editor.node(anchor);
    const NodeId product = editor.producerId(norm.inputs[0]);
    if (!editor.producer(norm.inputs[0], "Conv"))
        return false;
    const Node& conv = editor.node(product);
    const Tensor* weight = editor.constant(conv.inputs[1]);
    if (!weight || (hasBias(conv) && !editor.constant(conv.inputs[2])))
        return false;
    const std::size_t channels = static_cast<std::size_t>(weight->shape()[0]);
    const Tensor* parameters[4];
    for (std::size_t i = 0; i < 4; ++i) {
        parameters[i] = editor.constant(norm.inputs[i + 1]);
        if (!parameters[i] || parameters[i]->elements() != weight->shape()[0] ||
            parameters[i]->dtype() != DType::Float32)
            return false;
    }
    const double epsilon = norm.attributes.real("epsilon", 1e-5f);
    Tensor folded = *weight;
    Tensor bias(DType::Float32, {weight->shape()[0]});
    const std::size_t perChannel = static_cast<std::size_t>(weight->elements()) / std::max<std::size_t>(channels, 1);
    auto w = folded.mutableData<float>();
    auto b = bias.mutableData<float>();
    for (std::size_t c = 0; c < channels; ++c) {
        const double s = parameters[0]->floats()[c] / std::sqrt(parameters[3]->floats()[c] + epsilon);
        const double old = hasBias(conv) ? editor.constant(conv.inputs[2])->floats()[c] : 0.0;
        b[c] = static_cast<float>((old - parameters[2]->floats()[c]) * s + parameters[1]->floats()[c]);
        for (std::size_t i = 0; i < perChannel; ++i)
            w[c * perChannel + i] = static_cast<float>(w[c * perChannel + i] * s);
    }
    Node replacement = conv;
    replacement.inputs = {conv.inputs[0], editor.addConstant(conv.name + ".weight.folded", std::move(folded)),
                          editor.addConstant(conv.name + ".bias.folded", std::move(bias))};
    return editor.fuse(anchor, {&product, 1}, std::move(replacement));
}

} // namespace

bool fuseConvolution(Editor& editor, NodeId anchor)
{
    const Node& node = editor.node(anchor);
    if (node.op == "Add")
        return fuseBias(editor, anchor);
    if (node.op == "BatchNormalization")
        return fuseBatchNormalization(editor, anchor);
    return false;
}

} // namespace qs::graph
