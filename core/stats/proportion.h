#pragma once

#include <cstddef>

namespace qs::stats {

/// Of a share in [0, 1], or of a difference of two in [-1, 1].
struct Interval {
    double low = 0, high = 0;
    bool contains(double value) const { return low <= value && value <= high; }
    friend bool operator==(const Interval&, const Interval&) = default;
};

/// 95 % interval of a share of which `hits` of `count` were seen (Wilson's score interval, z = 1.959964):
///   (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n),  p = hits / n
/// count 0: nothing is known, [0, 1]. hits <= count.
/// Source: Wilson 1927; Brown, Cai, DasGupta, Interval Estimation for a Binomial Proportion, 2001.
Interval wilson(std::size_t hits, std::size_t count);

/// 95 % interval of the difference of two shares of the same `count` images: `gained` are hits of the second alone,
/// `lost` of the first alone. Half an image is added to each of the four cells, then the normal interval of paired
/// data:  d = (g - l) / n,  d ± z √(g + l - (g - l)²/n) / n,  cut to [-1, 1].
/// count 0: [-1, 1]. gained + lost <= count.
/// Source: Agresti, Min, Simple improved confidence intervals for comparing matched proportions, 2005.
Interval pairedDifference(std::size_t gained, std::size_t lost, std::size_t count);

/// 95 % interval of p - q, p = hits / count, q of others that are not the same images (Newcombe's square-and-add of
/// two Wilson intervals [l, u]):  p - q - √((p - l_p)² + (u_q - q)²) … p - q + √((u_p - p)² + (q - l_q)²). Of the
/// same images it is too wide, never too narrow, where hits go together. A count 0: [-1, 1]. Source: Newcombe,
/// Interval estimation for the difference between independent proportions, 1998, method 10.
Interval difference(std::size_t hits, std::size_t count, std::size_t otherHits, std::size_t otherCount);

/// The number of hits behind a share that was kept as a fraction: the nearest whole number.
std::size_t hitsOf(double share, std::size_t count);

} // namespace qs::stats
