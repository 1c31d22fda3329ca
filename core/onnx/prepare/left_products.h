#pragma once

#include "core/onnx/prepare/expansion.h"

namespace qs::onnx {

/// A product whose left operand is a weight, as one whose right operand is: W·x = (xᵀ·Wᵀ)ᵀ, of a Gemm with its
/// factors and its C added behind. So it is a linear layer to all who read the graph, its weight a site, and in an
/// export an integer product (ONNX Runtime has none with a scale for each row of the left operand).
void expandLeftProduct(Expansion& node, const LeftProduct& product);

/// What is to be known of a MatMul or Gemm whose left operand is a constant of floats and whose right one is
/// computed; nothing for others, and for weights of more than two dimensions but a first one of 1, which are no
/// matrices.
std::optional<LeftProduct> leftProduct(std::string_view op, const Tensor* left, const Shape& right,
                                       bool rightIsConstant);

} // namespace qs::onnx
