#pragma once

#include "core/quant/estimator.h"
#include "core/stats/histogram.h"

#include <optional>

namespace qs::quant {

/// Expected squared error a value of quantizing the histogram on a grid, split into what falls inside the range
/// (rounding) and outside (clipping). Values are taken as uniform inside a bin.
struct GridError {
    double rounding = 0; ///< mean squared, units of the activation squared
    double clipping = 0;
    double clippedShare = 0; ///< of all values, in [0, 1]
    double total() const { return rounding + clipping; }
};
struct UniformGridView {
    double scale;
    int zeroPoint, qmin, qmax;
};
/// `seen`: the exact extremes, beyond which no value lies although a bin at an end does: a pile of values at the
/// smallest one (as GELU makes) is else taken for clipped in part.
GridError expectedError(const stats::Histogram& histogram, const UniformGridView& grid,
                        std::optional<Range> seen = std::nullopt);

} // namespace qs::quant
