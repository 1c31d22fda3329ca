#pragma once

#include "core/graph/graph.h"

#include <cstddef>
#include <span>

namespace qs::quant {

/// A constant weight as the right side of rows [m, k] × [k, n], element (i, j) at i · rowStride + j · columnStride.
struct WeightProduct {
    std::size_t k = 0;
    std::size_t n = 0;
    std::size_t rowStride = 0;
    std::size_t columnStride = 0;
};

/// Of a Linear, or a 1 × 1 convolution without groups; k = 0 where the node is neither or its weight is computed.
WeightProduct productOf(const graph::Graph& graph, const graph::Node& node);

/// Sum of squares of rows [m, product.k] × weight.
double squaredProduct(std::span<const float> rows, const WeightProduct& product, std::span<const float> weight);

} // namespace qs::quant
