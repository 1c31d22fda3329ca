#pragma once

#include "core/graph/graph.h"
#include "core/onnx/import.h"
#include "core/quant/plan.h"

#include <optional>
#include <vector>

namespace qs::random_tests {

/// How much of the proved bound the rounding of one product uses:
///   max |y_q - y| / (eps_x ∗ |w| + |x| ∗ eps_w + eps_x ∗ eps_w + |b_q - b| + 1e-5 |x| ∗ |w|)
/// y_q: the simulated product's `output`; x, w: its operands before their quantizers (`values` of the simulation, the
/// file's constants); y: the float product of these. eps: half a step and what is clipped, element by element; for
/// quantizers that are not uniform what they change. Nothing where the node is no product, has no codes, or computes
/// with weights that smoothing or noise has changed.
std::optional<double> shareOfBound(const onnx::Model& model, const quant::Plan& plan, NodeId node,
                                   const std::vector<Tensor>& values, const Tensor& output);

} // namespace qs::random_tests
