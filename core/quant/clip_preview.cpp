#include "core/quant/clip_preview.h"
#include "core/quant/grid_error.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::quant {

Range allowedRange(double low, double high, Scheme scheme, bool lowMoved)
{
    if (scheme == Scheme::Symmetric) {
        const double half = std::abs(lowMoved ? low : high);
        return {-half, half};
    }
    return {std::min(low, 0.0), std::max(high, 0.0)};
}

ClipPreview previewClip(const stats::SiteStatistics& statistics, const SiteSettings& settings, double low,
                        double high)
{
    ClipPreview preview;
    preview.grid = uniformGrid(low, high, settings.bits, settings.scheme);
    const UniformGridView view{preview.grid.scale.front(), preview.grid.zeroPoint.front(), preview.grid.qmin,
                               preview.grid.qmax};
    const GridError error = expectedError(statistics.histogram, view, Range{statistics.low(), statistics.high()});
    const double mean = statistics.meanAll();
    const double deviation = statistics.stddevAll();
    const double signal = mean * mean + deviation * deviation;
    preview.sqnrDb =
        error.total() > 0 ? 10 * std::log10(signal / error.total()) : std::numeric_limits<double>::infinity();
    preview.roundingShare = error.total() > 0 ? error.rounding / error.total() : 1;
    preview.clippedShare = error.clippedShare;
    return preview;
}

} // namespace qs::quant
