#pragma once

#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

#include <span>
#include <vector>

namespace qs::quant {

/// What a linear layer's bias must gain so that quantization does not change the mean of its outputs:
///   E[Ŵ x - Ŵq q(x)] = (Ŵ - Ŵq)ᵀ E[x] + Ŵqᵀ E[x - q(x)],   weights [k, n], result [n]
/// E[x] is the exact mean of all values, E[x - q(x)] that of the sample rows. `map`: q, null where x stays in float.
/// The target is local: the layer's own float input, so corrections of layers do not count anything twice.
/// Source: bias correction (Nagel et al., arXiv 1906.04721) with calibration data; BC (CAAI AIR 2024) for ViTs.
/// `statistics`: of x as it reaches the quantizer; empty sample: the second term is left out.
std::vector<double> outputShift(const stats::SiteStatistics& statistics, const exec::ElementMap* map,
                                std::span<const float> weight, std::span<const float> quantized);

/// Linear layers with constant weights whose bias quantization changes: those whose weight asks for bias correction,
/// and those whose input has noise and whose weight is quantized.
struct BiasChange {
    NodeId node;
    SiteId input;  ///< may be invalid
    SiteId weight; ///< valid
    bool noise = false;
    bool correct = false;
};
std::vector<BiasChange> biasChanges(const graph::Network& network,
                                    std::span<const std::shared_ptr<const SitePlan>> plans);

/// ĉ + (Ŵ - Ŵq)ᵀ N + outputShift, in double, rounded once; ĉ is the bias of the float network with smoothing and
/// noise in it (0 where it has none). As 16-bit integers times a scale where the noise is stored so.
Tensor changedBias(const FloatConstants& constants, const BiasChange& change,
                   std::span<const std::shared_ptr<const SitePlan>> plans, const stats::SiteStatistics* statistics);

} // namespace qs::quant
