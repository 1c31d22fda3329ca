#pragma once

#include "core/quant/quantizer.h"
#include "core/stats/calibration.h"

#include <cstddef>

namespace qs::quant {

// Zero-point overflow: an asymmetric range [low, high] that does not contain 0 has the zero point rne(-low / scale)
// outside the codes [0, 2^bits - 1]. Clamped, the grid covers [0, high - low] (low > 0) or [low - high, 0] (high < 0)
// instead of [low, high]; with |low| >= high - low every value is clipped.
// Source: Q-HyViT (arXiv 2303.12557), which meets it in bridge blocks.

/// Whether the zero point of the range, widened or not, would have to be clamped: low > 0 or high < 0.
bool zeroPointOverflows(double low, double high);

/// Channels of a site.
struct ZeroPointReport {
    std::size_t channels = 0;
    std::size_t overflowing = 0;  ///< whose own range overflows
    bool tensorOverflows = false; ///< the range of all channels together does
    /// Largest over smallest width of a channel's range, channels without width left out: Q-HyViT's "highly dynamic"
    /// activations. 1 where there are none.
    double dynamicRange = 1;
};
ZeroPointReport zeroPointReport(const stats::SiteStatistics& statistics);

} // namespace qs::quant
