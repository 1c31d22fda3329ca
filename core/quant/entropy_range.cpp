// Based on: S. Migacz, 8-bit inference with TensorRT, GTC 2017.
// Deviations: empty bins of Q that P needs count as kFloor instead of being skipped; at most 128 candidates an
// end instead of one a bin; bins are merged where there are few values.
#include "core/quant/entropy_range.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

constexpr std::size_t kCandidates = 128;
/// Probability given to what Q cannot represent.
constexpr double kFloor = 1e-6;

/// Logarithm; of small whole numbers from a table.
double logOf(double value)
{
    constexpr std::size_t kSize = 4096;
    static const std::vector<double> kTable = [] {
        std::vector<double> table(kSize, 0);
        for (std::size_t i = 1; i < kSize; ++i)
            table[i] = std::log(static_cast<double>(i));
        return table;
    }();
    if (value >= kSize)
        return std::log(value);
    const auto whole = static_cast<std::size_t>(value);
    return static_cast<double>(whole) == value && whole > 0 ? kTable[whole] : std::log(value);
}

/// Bins of width `width`; bin 0 begins at index `first` (a border: first * width).
struct Bins {
    std::vector<double> counts;
    // Sums over the bins before a border, one more than bins: counts, count · log(count), bins that are not empty.
    std::vector<double> below;
    std::vector<double> belowLog;
    std::vector<std::size_t> belowFilled;
    int64_t first = 0;
    double width = 1;

    std::size_t size() const { return counts.size(); }
    double at(std::size_t border) const { return static_cast<double>(first + static_cast<int64_t>(border)) * width; }
    void sumUp()
    {
        below.assign(1, 0);
        belowLog.assign(1, 0);
        belowFilled.assign(1, 0);
        for (const double count : counts) {
            below.push_back(below.back() + count);
            belowLog.push_back(belowLog.back() + (count > 0 ? count * logOf(count) : 0));
            belowFilled.push_back(belowFilled.back() + (count > 0 ? 1 : 0));
        }
    }
};

/// Merges neighbours until there are no more bins than `most`.
void coarsen(Bins& bins, std::size_t most)
{
    while (bins.size() > most) {
        const int64_t first = bins.first >> 1;
        const int64_t last = (bins.first + static_cast<int64_t>(bins.size()) - 1) >> 1;
        std::vector<double> merged(static_cast<std::size_t>(last - first + 1), 0);
        for (std::size_t i = 0; i < bins.size(); ++i)
            merged[static_cast<std::size_t>(((bins.first + static_cast<int64_t>(i)) >> 1) - first)] += bins.counts[i];
        bins.counts = std::move(merged);
        bins.first = first;
        bins.width *= 2;
    }
}

/// p log(p / q), p and q counts out of the same total.
double term(double p, double q)
{
    return p > 0 ? p * std::log(p / q) : 0;
}

/// KL divergence of keeping bins [begin, end) on `levels` levels. Inside a level Q is the same for all bins, so only
/// the end bins, which get what is clipped, need more than differences of sums.
double divergence(const Bins& bins, std::size_t begin, std::size_t end, std::size_t levels)
{
    const double total = bins.below.back();
    const double left = bins.below[begin];
    const double right = total - bins.below[end];
    const double inside = total - left - right;
    if (inside <= 0)
        return HUGE_VAL;
    const std::size_t count = end - begin;
    const std::size_t groups = std::min(levels, count);
    const double floor = kFloor * total;
    const double scale = total / inside;
    const double logScale = std::log(scale);
    const double logFloor = std::log(floor);
    double sum = bins.belowLog[end] - bins.belowLog[begin];
    double firstLevel = 0; // of Q, in counts of the total
    double lastLevel = 0;
    std::size_t from = begin;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t to = begin + (g + 1) * count / groups;
        const double mass = bins.below[to] - bins.below[from];
        double q = 0;
        if (const std::size_t filled = bins.belowFilled[to] - bins.belowFilled[from]; filled > 0) {
            q = mass / static_cast<double>(filled) * scale;
            sum -= mass * (q > floor ? logOf(mass) - logOf(static_cast<double>(filled)) + logScale : logFloor);
            q = std::max(q, floor);
        }
        if (g == 0)
            firstLevel = q;
        lastLevel = q;
        from = to;
    }
    const auto clip = [&](std::size_t bin, double before, double after, double level) {
        const double q = bins.counts[bin] > 0 ? level : floor;
        sum += term(bins.counts[bin] + before + after, q) - term(bins.counts[bin] + before, q);
    };
    clip(begin, 0, left, firstLevel);
    clip(end - 1, count == 1 ? left : 0, right, lastLevel);
    return sum / total;
}

/// Candidate k of `candidates` between `from` (all kept) and `to` (nothing kept).
std::size_t between(std::size_t from, std::size_t to, std::size_t k, std::size_t candidates)
{
    return from < to ? from + (to - from) * k / candidates : from - (from - to) * k / candidates;
}

/// The end between `from` and `to` with the smallest divergence; `of(end)` computes it.
template <class F>
std::size_t bestEnd(std::size_t from, std::size_t to, const F& of)
{
    const std::size_t distance = from < to ? to - from : from - to;
    const std::size_t candidates = std::min(kCandidates, distance);
    std::size_t best = from;
    double smallest = HUGE_VAL;
    for (std::size_t k = 0; k < candidates; ++k) {
        const std::size_t end = between(from, to, k, candidates);
        const double here = of(end);
        if (here < smallest) {
            smallest = here;
            best = end;
        }
    }
    return best;
}

Bins binsOf(const stats::Histogram& histogram, bool folded)
{
    const auto counts = histogram.counts();
    Bins bins;
    bins.width = histogram.width();
    bins.first = histogram.firstIndex();
    std::size_t used = counts.size();
    while (used > 0 && counts[used - 1] == 0)
        --used;
    const int64_t last = bins.first + static_cast<int64_t>(used) - 1;
    if (folded) {
        // Borders are multiples of the width, so |x| of bin i < 0 is bin -i - 1. Far from zero: coarser first.
        const int64_t size = std::max(last + 1, -bins.first);
        int shift = 0;
        while ((size >> shift) > 2 * static_cast<int64_t>(stats::Histogram::kBins))
            ++shift;
        bins.counts.assign(static_cast<std::size_t>(size >> shift) + 1, 0);
        for (std::size_t i = 0; i < used; ++i) {
            const int64_t index = bins.first + static_cast<int64_t>(i);
            bins.counts[static_cast<std::size_t>((index >= 0 ? index : -index - 1) >> shift)] +=
                static_cast<double>(counts[i]);
        }
        bins.width = std::ldexp(bins.width, shift);
        bins.first = 0;
    } else {
        for (std::size_t i = 0; i < used; ++i)
            bins.counts.push_back(static_cast<double>(counts[i]));
    }
    while (bins.counts.size() > 1 && bins.counts.back() == 0)
        bins.counts.pop_back();
    // Fewer than a few values a bin say nothing about a distribution.
    coarsen(bins, std::clamp<std::size_t>(histogram.total() / 4, 64, stats::Histogram::kBins));
    bins.sumUp();
    return bins;
}

} // namespace

Range entropyRange(const stats::Histogram& histogram, int bits, Scheme scheme)
{
    const Bins bins = binsOf(histogram, scheme == Scheme::Symmetric);
    if (scheme == Scheme::Symmetric) {
        const std::size_t levels = std::size_t{1} << (bits - 1);
        const double limit =
            bins.at(bestEnd(bins.size(), 0, [&](std::size_t end) { return divergence(bins, 0, end, levels); }));
        return {-limit, limit};
    }
    // Both ends stay on their side of zero.
    const auto zero =
        static_cast<std::size_t>(std::clamp<int64_t>(-bins.first, 0, static_cast<int64_t>(bins.size())));
    const std::size_t levels = std::size_t{1} << bits;
    std::size_t begin = 0;
    std::size_t end = bins.size();
    for (int round = 0; round < 2; ++round) {
        const std::size_t right = bestEnd(bins.size(), zero, [&](std::size_t candidate) {
            return candidate > begin ? divergence(bins, begin, candidate, levels) : HUGE_VAL;
        });
        if (round > 0 && right == end)
            break;
        end = right;
        const std::size_t left = bestEnd(0, zero, [&](std::size_t candidate) {
            return candidate < end ? divergence(bins, candidate, end, levels) : HUGE_VAL;
        });
        if (left == begin)
            break;
        begin = left;
    }
    return {bins.at(begin), bins.at(end)};
}

} // namespace qs::quant
