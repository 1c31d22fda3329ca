#include "core/quant/grid_error.h"
#include "core/quant/estimator.h"

#include <algorithm>
#include <cmath>

namespace qs::quant {

namespace {

/// Integral of the squared rounding error from 0 to x, for levels at all multiples of `step`:
/// whole cells give step³/12 each, the rest a cubic.
double roundingIntegral(double x, double step)
{
    const double cell = std::floor(x / step + 0.5);
    const double rest = x - cell * step;
    return cell * step * step * step / 12 + rest * rest * rest / 3;
}

/// Integral of (x - level)² from a to b.
double clippingIntegral(double a, double b, double level)
{
    const double right = b - level;
    const double left = a - level;
    return (right * right * right - left * left * left) / 3;
}

} // namespace

GridError expectedError(const stats::Histogram& histogram, const UniformGridView& grid, std::optional<Range> seen)
{
    GridError error;
    if (histogram.empty())
        return error;
    const double step = grid.scale;
    const double lowest = (grid.qmin - grid.zeroPoint) * step;
    const double highest = (grid.qmax - grid.zeroPoint) * step;
    const double begin = lowest - step / 2;
    const double end = highest + step / 2;
    const double width = histogram.width();
    const auto counts = histogram.counts();

    double clipped = 0;
    for (std::size_t bin = 0; bin < counts.size(); ++bin) {
        if (counts[bin] == 0)
            continue;
        double left = histogram.low() + static_cast<double>(bin) * width;
        double right = left + width;
        if (seen && std::min(right, seen->high) > std::max(left, seen->low)) {
            left = std::max(left, seen->low);
            right = std::min(right, seen->high);
        }
        const double density = static_cast<double>(counts[bin]) / (right - left);
        const double insideLeft = std::clamp(left, begin, end);
        const double insideRight = std::clamp(right, begin, end);
        if (insideRight > insideLeft)
            error.rounding += density * (roundingIntegral(insideRight, step) - roundingIntegral(insideLeft, step));
        if (left < begin) {
            const double stop = std::min(right, begin);
            error.clipping += density * clippingIntegral(left, stop, lowest);
            clipped += density * (stop - left);
        }
        if (right > end) {
            const double start = std::max(left, end);
            error.clipping += density * clippingIntegral(start, right, highest);
            clipped += density * (right - start);
        }
    }
    const auto total = static_cast<double>(histogram.total());
    error.rounding = std::max(0.0, error.rounding / total);
    error.clipping /= total;
    error.clippedShare = std::min(1.0, clipped / total);
    return error;
}

} // namespace qs::quant
