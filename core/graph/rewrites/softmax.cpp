#include "core/graph/rewrites/editor.h"

namespace qs::graph {

namespace {

/// The one axis of a reduction that keeps its rank; -1 otherwise.
int64_t onlyAxis(const Node& reduction)
{
    const auto axes = reduction.attributes.integers("axes");
    return axes.size() == 1 && reduction.attributes.integer("keepdims", 1) == 1 ? axes[0] : -1;
}

} // namespace

bool fuseSoftmax(Editor& editor, NodeId anchor)
{
    const Node& div = editor.node(anchor);
    if (div.op != "Div")
        return false;
    const Node* exp = editor.producer(div.inputs[0], "Exp");
    const Node* sum = editor.producer(div.inputs[1], "ReduceSum");
    if (!exp || !sum || sum->inputs[0] != div.inputs[0])
        return false;
    const Node* sub = editor.producer(exp->inputs[0], "Sub");
    const Node* max = sub ? editor.producer(sub->inputs[1], "ReduceMax") : nullptr;
    if (!max || max->inputs[0] != sub->inputs[0] || onlyAxis(*max) < 0 || onlyAxis(*max) != onlyAxis(*sum))
        return false;
    Node softmax;
    softmax.op = "Softmax";
    softmax.name = div.name;
    softmax.inputs = {sub->inputs[0]};
    softmax.attributes.set("axis", onlyAxis(*max));
    const NodeId inner[] = {editor.producerId(div.inputs[0]), editor.producerId(div.inputs[1]),
                            editor.producerId(exp->inputs[0]), editor.producerId(sub->inputs[1])};
    return editor.fuse(anchor, inner, std::move(softmax));
}

} // namespace qs::graph
