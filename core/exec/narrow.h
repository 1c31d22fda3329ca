#pragma once

#include "core/exec/fuse.h"
#include "core/graph/graph.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace qs::exec {

/// A value of which only one index along one axis is ever read: it is computed for that index alone, and has size 1
/// there.
struct Narrow {
    std::size_t axis = 0;
    int64_t index = 0;
    auto operator<=>(const Narrow&) const = default;
};

/// Finds what the classifier does not need: where it takes one token (a Gather of one index), the layers before it
/// that work token by token (Linear, LayerNormalization, elementwise operators) need to compute only that token, back
/// to the last operator that mixes tokens. In a ViT that is most of the last block. By TensorId; results do not
/// change by a bit.
std::vector<std::optional<Narrow>> findNarrow(const graph::Graph& graph, const Fusions& fusions,
                                              const std::function<bool(TensorId)>& pinned);

/// Index of a Gather that takes one index, within the axis; nothing where it takes several.
std::optional<Narrow> gatheredIndex(const graph::Graph& graph, const graph::Node& node);

/// Whether input `input` of a node is walked along the token axis together with the node's output.
bool narrowsInput(const graph::Node& node, std::size_t input);

} // namespace qs::exec
