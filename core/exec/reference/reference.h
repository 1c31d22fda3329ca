#pragma once

#include "core/base/tensor.h"
#include "core/graph/graph.h"

#include <span>
#include <string_view>

namespace qs::exec::reference {

/// Computes one node on contiguous tensors, element by element as ONNX defines the operator, sums in double and
/// rounded to float once: the second opinion on OpDef::compute, with which it shares no code. Inputs have passed
/// infer; absent ones are empty. Outputs have their types and shapes.
using Compute = void (*)(const graph::Node& node, std::span<const Tensor> in, std::span<Tensor> out);

/// Null where an operator has no plain form; the interpreter then takes OpDef::compute, and says so.
Compute find(std::string_view op);
std::span<const std::string_view> operators(); ///< those that have one, sorted

// One file a family.
Compute elementwise(std::string_view op);
Compute movement(std::string_view op);
Compute products(std::string_view op);
Compute windows(std::string_view op);
Compute normalisations(std::string_view op);
Compute reductions(std::string_view op);
Compute places(std::string_view op);

} // namespace qs::exec::reference
