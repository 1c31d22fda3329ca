#include "core/stats/proportion.h"

#include <algorithm>
#include <cmath>

namespace qs::stats {

namespace {
constexpr double kZ = 1.959963984540054; ///< 97.5 % quantile of the normal distribution
}

Interval wilson(std::size_t hits, std::size_t count)
{
    if (count == 0)
        return {0, 1};
    const auto n = static_cast<double>(count);
    const double p = static_cast<double>(std::min(hits, count)) / n;
    const double middle = p + kZ * kZ / (2 * n);
    const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
    const double scale = 1 + kZ * kZ / n;
    // 0 and n hits give exactly 0 and 1, which rounding would miss.
    return {hits == 0 ? 0 : std::max(0.0, (middle - half) / scale),
            hits >= count ? 1 : std::min(1.0, (middle + half) / scale)};
}

Interval pairedDifference(std::size_t gained, std::size_t lost, std::size_t count)
{
    if (count == 0)
        return {-1, 1};
    const double n = static_cast<double>(count) + 2;
    const double g = static_cast<double>(gained) + 0.5;
    const double l = static_cast<double>(lost) + 0.5;
    const double difference = (g - l) / n;
    const double half = kZ * std::sqrt(g + l - (g - l) * (g - l) / n) / n;
    return {std::max(-1.0, difference - half), std::min(1.0, difference + half)};
}

Interval difference(std::size_t hits, std::size_t count, std::size_t otherHits, std::size_t otherCount)
{
    if (count == 0 || otherCount == 0)
        return {-1, 1};
    const double p = static_cast<double>(hits) / static_cast<double>(count);
    const double q = static_cast<double>(otherHits) / static_cast<double>(otherCount);
    const Interval a = wilson(hits, count);
    const Interval b = wilson(otherHits, otherCount);
    return {p - q - std::hypot(p - a.low, b.high - q), p - q + std::hypot(a.high - p, q - b.low)};
}

std::size_t hitsOf(double share, std::size_t count)
{
    const double hits = std::round(share * static_cast<double>(count));
    return hits > 0 ? std::min(static_cast<std::size_t>(hits), count) : 0;
}

} // namespace qs::stats
