#include "core/kernels/statistics.h"

namespace qs::kernels {

void accumulateRows(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments)
{
    reference::accumulateRows(rows, channels, x, moments);
}

void accumulatePlanes(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments)
{
    reference::accumulatePlanes(channels, inner, x, moments);
}

MinMax minMax(std::span<const float> x)
{
    return reference::minMax(x);
}
float absMax(std::span<const float> x)
{
    return reference::absMax(x);
}

OutOfRange accumulateHistogram(std::span<const float> x, const HistogramView& histogram)
{
    return reference::accumulateHistogram(x, histogram);
}

int64_t firstNotFinite(std::span<const float> x)
{
    return reference::firstNotFinite(x);
}

} // namespace qs::kernels
