#pragma once

#include "core/exec/simulation.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/stats/calibration.h"

#include <span>

namespace qs::quant {

// sum (y - y_q)² / sum y² of the products that a site feeds, on the sampled rows; the bias is left out of y.
// NaN where there are no rows, or where no reader is a Linear or a 1 × 1 convolution without groups.

/// The activation is quantized by `map`, the weights are float.
double activationOutputError(const graph::Graph& graph, const graph::Site& site,
                             const stats::SiteStatistics& statistics, const exec::ElementMap& map);
/// The weight is `quantized`, its input float. `input` may be null.
double weightOutputError(const graph::Graph& graph, const graph::Site& site, const stats::SiteStatistics* input,
                         std::span<const float> quantized);

} // namespace qs::quant
