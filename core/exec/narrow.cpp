#include "core/exec/narrow.h"

#include "core/exec/ops/support.h"
#include "core/graph/op_traits.h"

namespace qs::exec {

namespace {

using graph::Graph;
using graph::Node;

/// The node computes each index along `axis` by itself.
bool worksByIndex(const Graph& graph, const Node& node, std::size_t axis)
{
    const std::size_t rank = graph.value(node.outputs[0]).shape.rank();
    if (node.op == "Linear")
        return axis + 1 < rank;
    if (node.op == "LayerNormalization") {
        const auto first = resolveAxis(node.attributes.integer("axis", -1), rank);
        return first && axis < *first;
    }
    return has(node, graph::OpTrait::Elementwise) && !has(node, graph::OpTrait::Moves);
}

} // namespace

std::optional<Narrow> gatheredIndex(const Graph& graph, const Node& node)
{
    if (node.op != "Gather" || node.inputs.size() != 2 || !graph.value(node.inputs[1]).isConstant())
        return std::nullopt;
    const Tensor& index = graph.value(node.inputs[1]).constant;
    const Shape& shape = graph.value(node.inputs[0]).shape;
    const auto axis = resolveAxis(node.attributes.integer("axis", 0), shape.rank());
    if (!axis || index.elements() != 1 || (index.dtype() != DType::Int64 && index.dtype() != DType::Int32))
        return std::nullopt;
    int64_t at = index.dtype() == DType::Int64 ? index.data<int64_t>()[0] : index.data<int32_t>()[0];
    at += at < 0 ? shape[*axis] : 0;
    if (at < 0 || at >= shape[*axis])
        return std::nullopt;
    return Narrow{*axis, at};
}

bool narrowsInput(const Node& node, std::size_t input)
{
    return input == 0 || (node.op != "Linear" && node.op != "LayerNormalization");
}

std::vector<std::optional<Narrow>> findNarrow(const Graph& graph, const Fusions& fusions,
                                              const std::function<bool(TensorId)>& pinned)
{
    std::vector<std::optional<Narrow>> found(graph.values().size());
    // What a reader wants of its input: nothing means all of it.
    const auto wanted = [&](graph::Use use) -> std::optional<Narrow> {
        const Node& reader = graph.node(use.node);
        if (!reader.outputs[0].valid())
            return std::nullopt;
        if (auto gathered = gatheredIndex(graph, reader))
            return use.input == 0 ? gathered : std::nullopt;
        const auto& out = found[reader.outputs[0].index()];
        const bool same = reader.inputs.size() > static_cast<std::size_t>(use.input) &&
                          graph.value(reader.inputs[static_cast<std::size_t>(use.input)]).shape ==
                              graph.value(reader.outputs[0]).shape;
        return out && (same || reader.op == "Linear") && narrowsInput(reader, static_cast<std::size_t>(use.input))
                   ? out
                   : std::nullopt;
    };
    for (std::size_t i = graph.nodes().size(); i-- > 0;) {
        const Node& node = graph.nodes()[i];
        const TensorId out = node.outputs[0];
        if (node.outputs.size() != 1 || !out.valid() || graph.value(out).uses.empty() || pinned(out))
            continue;
        const auto& uses = graph.value(out).uses;
        const auto narrow = wanted(uses[0]);
        if (!narrow || graph.value(out).shape[narrow->axis] <= 1 || !worksByIndex(graph, node, narrow->axis))
            continue;
        const int chain = fusions.chainOf[i];
        if (chain >= 0 && (graph.node(fusions.chains[static_cast<std::size_t>(chain)].root).op != "Linear" ||
                           narrow->axis + 1 == graph.value(out).shape.rank()))
            continue; // a fused product computes whole rows
        bool agreed = true;
        for (const graph::Use use : uses)
            agreed = agreed && wanted(use) == narrow;
        if (agreed)
            found[out.index()] = narrow;
    }
    return found;
}

} // namespace qs::exec
