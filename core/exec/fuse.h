#pragma once

#include "core/exec/switches.h"
#include "core/graph/graph.h"
#include "core/kernels/activation.h"

#include <functional>
#include <optional>
#include <vector>

namespace qs::exec {

/// Nodes that run as one step: a product with what comes before and after it.
///   Linear, Conv:  root -> activation -> add
///   ConvTranspose: root -> activation
///   MatMul:        scales of its operands -> root -> scale -> add (the other operand may be broadcast over batches)
struct Chain {
    NodeId root;
    NodeId scaleA, scaleB; ///< multiplications of a MatMul's operands by one number
    float alpha = 1;       ///< product of all scales
    kernels::Activation activation = kernels::Activation::None;
    graph::Use residual; ///< the input of the Add that is not the product; invalid node: none
    TensorId output;
    NodeId last; ///< where the step runs
};

struct Fusions {
    std::vector<Chain> chains;
    std::vector<int> chainOf; ///< by node: its chain, or -1
};

/// `pinned(tensor)`: the value must exist as such (an output, observed, or quantized).
Fusions findFusions(const graph::Graph& graph, const std::function<bool(TensorId)>& pinned,
                    const Switches& switches = {});

/// The one number that an input of an elementwise node is, where it is a float constant of one element.
std::optional<float> scalarInput(const graph::Graph& graph, const graph::Node& node, std::size_t input);

} // namespace qs::exec
