#pragma once

#include "core/base/ids.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"

#include <memory>
#include <span>
#include <vector>

namespace qs::quant {

/// A Linear or Conv with constant bias whose input (per tensor) and weight are both quantized.
struct BiasNode {
    NodeId node;
    SiteId input;
    SiteId weight;
    Tensor bias; ///< float
};

/// Nodes whose bias becomes integer under these site plans.
std::vector<BiasNode> biasNodes(const FloatConstants& constants, const graph::SiteTable& sites,
                                std::span<const std::shared_ptr<const SitePlan>> plans);

/// Scales that the weight needs so that every code of the bias fits into int32 and the product of scales is a normal
/// float: the present ones, or larger. Source: ONNX Runtime's guard in its quantization tool (limit with 1.0001
/// margin).
std::vector<float> scalesForBias(std::span<const float> bias, float inputScale, std::span<const float> weightScales);

/// codes = rne(bias / (inputScale · weightScale)); all must fit.
BiasPlan quantizeBias(std::span<const float> bias, float inputScale, std::span<const float> weightScales);
/// What the simulation adds: codes · scale.
Tensor dequantizeBias(const BiasPlan& plan);

} // namespace qs::quant
