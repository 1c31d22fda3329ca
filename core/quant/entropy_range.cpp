// Based on: S. Migacz, 8-bit inference with TensorRT, GTC 2017.
// Deviations: empty bins of Q that P needs count as kFloor instead of being skipped; 128 candidates instead of one
// a bin.
#include "core/quant/entropy_range.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace qs::quant {

namespace {

constexpr std::size_t kCandidates = 128;
/// Probability given to what Q cannot represent.
constexpr double kFloor = 1e-6;

/// KL divergence of keeping bins [begin, end) on `levels` levels.
double divergence(std::span<const double> bins, std::size_t begin, std::size_t end, std::size_t levels)
{
    double total = 0;
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < bins.size(); ++i) {
        total += bins[i];
        if (i < begin)
            left += bins[i];
        if (i >= end)
            right += bins[i];
    }
    const double inside = total - left - right;
    if (inside <= 0)
        return HUGE_VAL;
    const std::size_t count = end - begin;
    const std::size_t groups = std::min(levels, count);
    double sum = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t first = begin + g * count / groups;
        const std::size_t last = begin + (g + 1) * count / groups;
        double mass = 0;
        std::size_t filled = 0;
        for (std::size_t i = first; i < last; ++i) {
            mass += bins[i];
            filled += bins[i] > 0 ? 1 : 0;
        }
        const double q = filled > 0 ? mass / static_cast<double>(filled) / inside : 0;
        for (std::size_t i = first; i < last; ++i) {
            double p = bins[i];
            if (i == begin)
                p += left;
            if (i + 1 == end)
                p += right;
            if (p <= 0)
                continue;
            p /= total;
            sum += p * std::log(p / std::max(bins[i] > 0 ? q : 0, kFloor));
        }
    }
    return sum;
}

/// Candidate k of kCandidates between `from` (all kept) and `to` (nothing kept).
std::size_t between(std::size_t from, std::size_t to, std::size_t k)
{
    return from < to ? from + (to - from) * k / kCandidates : from - (from - to) * k / kCandidates;
}

} // namespace

Range entropyRange(const stats::Histogram& histogram, int bits, Scheme scheme)
{
    const auto counts = histogram.counts();
    const int64_t first = histogram.firstIndex();
    int64_t last = first;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0)
            last = first + static_cast<int64_t>(i);
    const double width = histogram.width();

    if (scheme == Scheme::Symmetric) {
        // Borders are multiples of the width, so |x| of bin i < 0 is bin -i - 1.
        const int64_t low = first < 0 && last >= 0 ? 0 : std::min(std::abs(first), std::abs(last + 1));
        const int64_t high = std::max(last + 1, -first);
        std::vector<double> bins(static_cast<std::size_t>(high - low), 0);
        for (int64_t index = first; index <= last; ++index) {
            const int64_t folded = index >= 0 ? index : -index - 1;
            bins[static_cast<std::size_t>(folded - low)] +=
                static_cast<double>(counts[static_cast<std::size_t>(index - first)]);
        }
        std::size_t best = bins.size();
        double smallest = HUGE_VAL;
        for (std::size_t k = 0; k < kCandidates; ++k) {
            const std::size_t end = between(bins.size(), 0, k);
            const double here = end > 0 ? divergence(bins, 0, end, std::size_t{1} << (bits - 1)) : HUGE_VAL;
            if (here < smallest) {
                smallest = here;
                best = end;
            }
        }
        const double limit = static_cast<double>(low + static_cast<int64_t>(best)) * width;
        return {-limit, limit};
    }

    const std::size_t used = static_cast<std::size_t>(last - first + 1);
    std::vector<double> bins(used);
    for (std::size_t i = 0; i < used; ++i)
        bins[i] = static_cast<double>(counts[i]);
    // Both ends stay on their side of zero.
    const auto zero = static_cast<std::size_t>(std::clamp<int64_t>(-first, 0, static_cast<int64_t>(used)));
    const std::size_t levels = std::size_t{1} << bits;
    std::size_t begin = 0;
    std::size_t end = used;
    for (int round = 0; round < 2; ++round) {
        double smallest = HUGE_VAL;
        std::size_t best = end;
        for (std::size_t k = 0; k < kCandidates && zero < used; ++k) {
            const std::size_t candidate = between(used, zero, k);
            const double here = candidate > begin ? divergence(bins, begin, candidate, levels) : HUGE_VAL;
            if (here < smallest) {
                smallest = here;
                best = candidate;
            }
        }
        end = best;
        smallest = HUGE_VAL;
        best = begin;
        for (std::size_t k = 0; k < kCandidates && zero > 0; ++k) {
            const std::size_t candidate = between(0, zero, k);
            const double here = candidate < end ? divergence(bins, candidate, end, levels) : HUGE_VAL;
            if (here < smallest) {
                smallest = here;
                best = candidate;
            }
        }
        begin = best;
    }
    return {static_cast<double>(first + static_cast<int64_t>(begin)) * width,
            static_cast<double>(first + static_cast<int64_t>(end)) * width};
}

} // namespace qs::quant
