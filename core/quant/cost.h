#pragma once

#include "core/graph/network.h"
#include "core/quant/plan.h"

#include <cstddef>
#include <cstdint>

namespace qs::quant {

/// Fills in what a plan costs: mean bits, bytes, bit operations.
void computeCost(const graph::Network& network, Plan& plan);

struct Cost {
    std::size_t modelBytes = 0; ///< constants
    double bops = 0;            ///< of one image
};
Cost costOfFloat(const graph::Graph& graph);

} // namespace qs::quant
