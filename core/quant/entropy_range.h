#pragma once

#include "core/quant/estimator.h"
#include "core/quant/recipe.h"
#include "core/stats/histogram.h"

namespace qs::quant {

/// Range whose clipped and quantized distribution is nearest to the histogram: smallest KL(P ‖ Q), where P holds the
/// bins inside the range with the clipped counts added to its end bins, and Q the same bins merged to the grid's
/// levels and spread again over those that are not empty. Symmetric: |x|, 2^(bits-1) levels; asymmetric: x, 2^bits
/// levels, the ends searched in turn. 128 candidates an end.
/// Source: TensorRT's entropy calibrator (Migacz, GTC 2017).
Range entropyRange(const stats::Histogram& histogram, int bits, Scheme scheme);

} // namespace qs::quant
