#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qs::kernels {

/// Running statistics of channels; each array has `channels` values and is updated. Start: +inf, -inf, 0, 0.
struct ChannelMoments {
    float* min = nullptr;
    float* max = nullptr;
    double* sum = nullptr;
    double* sumOfSquares = nullptr;
};

// Bit-equal to the reference on every target; NaN: min and max skip it, sums become NaN. Check firstNotFinite first.

/// x [rows, channels]: tokens of a transformer. Rows are added in order.
void accumulateRows(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments);

/// x [channels, inner]: one image of a convolution. Each channel: 16 fixed lanes, added pairwise, then to `moments`
/// (min and max are +0 rather than -0).
void accumulatePlanes(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments);

struct MinMax {
    float min; ///< +inf if there is no number in x
    float max; ///< -inf if there is no number in x
};
MinMax minMax(std::span<const float> x); ///< +0 rather than -0; skips NaN
float absMax(std::span<const float> x);  ///< 0 if empty; skips NaN

/// Bins of equal width w = 1 / inverse, a power of two of at most 1 (x * inverse is exact):
///   bin = floor(x * inverse) - first
struct BinsView {
    float inverse = 1;
    int32_t first = 0;
    std::span<uint64_t> counts; ///< at most kMostBins
    static constexpr std::size_t kMostBins = 2048;
};
/// Adds the elements of x to the counts. All must be finite and lie in one of the bins.
void countBins(std::span<const float> x, const BinsView& bins);

/// Index of the first NaN or infinity, or -1.
int64_t firstNotFinite(std::span<const float> x);

namespace reference {
void accumulateRows(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments);
void accumulatePlanes(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments);
MinMax minMax(std::span<const float> x);
float absMax(std::span<const float> x);
void countBins(std::span<const float> x, const BinsView& bins);
int64_t firstNotFinite(std::span<const float> x);
} // namespace reference

} // namespace qs::kernels
