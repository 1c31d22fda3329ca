#include "core/graph/rewrites/editor.h"

namespace qs::graph {

namespace {

struct Core {
    TensorId x;
    float epsilon = 0;
    std::vector<NodeId> inner;
};

bool isLastAxisMean(const Editor& editor, const Node& node)
{
    const auto axes = node.attributes.integers("axes");
    const std::size_t rank = editor.value(node.inputs[0]).shape.rank();
    return node.op == "ReduceMean" && node.attributes.integer("keepdims", 1) == 1 && axes.size() == 1 && rank > 0 &&
           axes[0] == static_cast<int64_t>(rank) - 1;
}

/// x of x - mean(x); nodes are appended to `inner`.
TensorId matchCentred(const Editor& editor, TensorId id, std::vector<NodeId>& inner)
{
    const Node* sub = editor.producer(id, "Sub");
    if (!sub)
        return {};
    const Node* mean = editor.producer(sub->inputs[1], "ReduceMean");
    if (!mean || !isLastAxisMean(editor, *mean) || mean->inputs[0] != sub->inputs[0])
        return {};
    inner.push_back(editor.producerId(id));
    inner.push_back(editor.producerId(sub->inputs[1]));
    return sub->inputs[0];
}

/// d of d² as Pow(d, 2) or Mul(d, d).
TensorId matchSquare(const Editor& editor, TensorId id)
{
    if (const Node* pow = editor.producer(id, "Pow"); pow && editor.isScalar(pow->inputs[1], 2.0f))
        return pow->inputs[0];
    if (const Node* mul = editor.producer(id, "Mul"); mul && mul->inputs[0] == mul->inputs[1])
        return mul->inputs[0];
    return {};
}

/// sqrt(mean((x - mean(x))²) + epsilon)
bool matchDeviation(const Editor& editor, TensorId id, Core& core)
{
    const Node* root = editor.producer(id, "Sqrt");
    const Node* add = root ? editor.producer(root->inputs[0], "Add") : nullptr;
    if (!add)
        return false;
    for (const std::size_t i : {0u, 1u}) {
        const auto epsilon = editor.scalar(add->inputs[1 - i]);
        const Node* mean = editor.producer(add->inputs[i], "ReduceMean");
        if (!epsilon || !mean || !isLastAxisMean(editor, *mean))
            continue;
        const TensorId centred = matchSquare(editor, mean->inputs[0]);
        if (!centred.valid() || matchCentred(editor, centred, core.inner) != core.x)
            continue;
        core.epsilon = *epsilon;
        for (const TensorId part : {id, root->inputs[0], add->inputs[i], mean->inputs[0]})
            core.inner.push_back(editor.producerId(part));
        return true;
    }
    return false;
}

std::optional<Core> matchCore(const Editor& editor, const Node& anchor)
{
    Core core;
    TensorId numerator, deviation;
    if (anchor.op == "Div") {
        numerator = anchor.inputs[0];
        deviation = anchor.inputs[1];
    } else {
        for (const std::size_t i : {0u, 1u}) {
            if (const Node* reciprocal = editor.producer(anchor.inputs[i], "Reciprocal")) {
                numerator = anchor.inputs[1 - i];
                deviation = reciprocal->inputs[0];
                core.inner.push_back(editor.producerId(anchor.inputs[i]));
            }
        }
    }
    core.x = matchCentred(editor, numerator, core.inner);
    if (!core.x.valid() || !matchDeviation(editor, deviation, core))
        return std::nullopt;
    return core;
}

bool fuseCore(Editor& editor, NodeId anchor)
{
    auto core = matchCore(editor, editor.node(anchor));
    if (!core)
        return false;
    Node norm;
    norm.op = "LayerNormalization";
    norm.name = editor.node(anchor).name;
    norm.inputs = {core->x, TensorId(), TensorId()};
    norm.attributes.set("axis", static_cast<int64_t>(editor.value(core->x).shape.rank()) - 1);
    norm.attributes.set("epsilon", core->epsilon);
    return editor.fuse(anchor, core->inner, std::move(norm));
}

/// LayerNormalization · gamma, or + beta.
bool fuseAffine(Editor& editor, NodeId anchor, std::size_t slot)
{
    const Node& node = editor.node(anchor);
    for (const std::size_t i : {0u, 1u}) {
        const NodeId normId = editor.producerId(node.inputs[i]);
        if (!editor.producer(node.inputs[i], "LayerNormalization"))
            continue;
        Node norm = editor.node(normId);
        norm.inputs.resize(3);
        const Shape& shape = editor.value(node.inputs[i]).shape;
        const int64_t n = shape.back();
        const Tensor* parameter = editor.constant(node.inputs[1 - i]);
        if (norm.inputs[2].valid() || norm.inputs[slot].valid() || !parameter || parameter->elements() != n ||
            parameter->dtype() != DType::Float32 || parameter->shape().empty() || parameter->shape().back() != n ||
            editor.value(node.outputs[0]).shape != shape)
            continue;
        norm.inputs[slot] = node.inputs[1 - i];
        if (parameter->shape().rank() != 1)
            norm.inputs[slot] =
                editor.addConstant(norm.name + (slot == 1 ? ".gamma.row" : ".beta.row"), parameter->reshaped({n}));
        if (editor.fuse(anchor, {&normId, 1}, std::move(norm)))
            return true;
    }
    return false;
}

} // namespace

bool fuseLayerNormalization(Editor& editor, NodeId anchor)
{
    const std::string& op = editor.node(anchor).op;
    if (op == "Div")
        return fuseCore(editor, anchor);
    if (op == "Mul")
        return fuseCore(editor, anchor) || fuseAffine(editor, anchor, 1);
    if (op == "Add")
        return fuseAffine(editor, anchor, 2);
    return false;
}

} // namespace qs::graph
