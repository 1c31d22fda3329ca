#include "core/kernels/statistics.h"

#include <array>
#include <cmath>
#include <limits>

namespace qs::kernels::reference {

namespace {

constexpr std::size_t kLanes = 16;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
using Lanes = std::array<double, kLanes>;

double addLanes(Lanes lanes)
{
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

} // namespace

void accumulateRows(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments)
{
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < channels; ++c) {
            const float v = x[r * channels + c];
            moments.min[c] = v < moments.min[c] ? v : moments.min[c];
            moments.max[c] = v > moments.max[c] ? v : moments.max[c];
            moments.sum[c] += v;
            moments.sumOfSquares[c] += static_cast<double>(v) * v;
        }
}

void accumulatePlanes(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments)
{
    for (std::size_t c = 0; c < channels; ++c, x += inner) {
        Lanes sums{};
        Lanes squares{};
        for (std::size_t i = 0; i < inner; ++i) {
            const float v = x[i];
            moments.min[c] = v < moments.min[c] ? v : moments.min[c];
            moments.max[c] = v > moments.max[c] ? v : moments.max[c];
            sums[i % kLanes] += v;
            squares[i % kLanes] += static_cast<double>(v) * v;
        }
        moments.min[c] += 0.0f; // -0 becomes 0: which of the two came first is not kept
        moments.max[c] += 0.0f;
        moments.sum[c] += addLanes(sums);
        moments.sumOfSquares[c] += addLanes(squares);
    }
}

MinMax minMax(std::span<const float> x)
{
    MinMax range{kInfinity, -kInfinity};
    for (const float v : x) {
        range.min = v < range.min ? v : range.min;
        range.max = v > range.max ? v : range.max;
    }
    return {range.min + 0.0f, range.max + 0.0f}; // no -0
}

float absMax(std::span<const float> x)
{
    float top = 0;
    for (const float v : x)
        top = std::fabs(v) > top ? std::fabs(v) : top;
    return top;
}

void countBins(std::span<const float> x, const BinsView& bins)
{
    for (const float v : x)
        ++bins.counts[static_cast<std::size_t>(static_cast<int32_t>(std::floor(v * bins.inverse)) - bins.first)];
}

int64_t firstNotFinite(std::span<const float> x)
{
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!std::isfinite(x[i]))
            return static_cast<int64_t>(i);
    return -1;
}

} // namespace qs::kernels::reference
