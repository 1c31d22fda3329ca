#include "core/stats/bin_window.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::stats {

namespace {

constexpr int kFinestExponent = -100;
/// Bin indices stay exact in a float.
constexpr int64_t kLargestIndex = int64_t{1} << 23;

/// floor(index / 2^shift), also for negative indices.
int64_t coarser(int64_t index, int shift)
{
    if (shift >= 62)
        return index < 0 ? -1 : 0;
    return index >> shift;
}

bool fits(double low, double high, int exponent, int64_t bins)
{
    const double first = std::floor(std::ldexp(low, -exponent));
    const double last = std::floor(std::ldexp(high, -exponent));
    return std::max(std::abs(first), std::abs(last)) <= static_cast<double>(kLargestIndex) &&
           last - first < static_cast<double>(bins);
}

} // namespace

BinWindow BinWindow::of(double low, double high, int64_t bins)
{
    constexpr double kLargest = std::numeric_limits<float>::max();
    low = std::isnan(low) ? -kLargest : std::clamp(low, -kLargest, kLargest);
    high = std::isnan(high) ? kLargest : std::clamp(high, -kLargest, kLargest);
    // From the width that the span asks for, downwards: the search starts a few steps from its end.
    const double span = std::max({high - low, std::abs(low) / 4096, std::abs(high) / 4096});
    int exponent = kFinestExponent;
    if (span > 0)
        exponent = std::max(kFinestExponent, static_cast<int>(std::floor(std::log2(span))) - 13);
    while (!fits(low, high, exponent, bins))
        ++exponent;
    return {exponent, static_cast<int64_t>(std::floor(std::ldexp(low, -exponent))),
            static_cast<int64_t>(std::floor(std::ldexp(high, -exponent)))};
}

BinWindow BinWindow::united(const BinWindow& other, int64_t bins) const
{
    for (int e = std::max(exponent, other.exponent);; ++e) {
        const int64_t low = std::min(coarser(first, e - exponent), coarser(other.first, e - other.exponent));
        const int64_t high = std::max(coarser(last, e - exponent), coarser(other.last, e - other.exponent));
        if (high - low < bins)
            return {e, low, high};
    }
}

int64_t BinWindow::binOf(int64_t index, int from) const
{
    return coarser(index, exponent - from) - first;
}

} // namespace qs::stats
