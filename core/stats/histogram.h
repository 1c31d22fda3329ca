#pragma once

#include "core/stats/bin_window.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qs::stats {

/// Counts of values in equal bins over a range that doubles when values fall outside: one pass, fixed memory, no need
/// to know the range beforehand. Bin width is always a power of two, and bin borders are multiples of the width, so
/// two histograms merge exactly and in any order to the same counts.
///
/// The window is a function of the smallest and largest value alone (bin_window.h).
class Histogram {
public:
    static constexpr std::size_t kBins = 2048;

    /// Adds finite values. Values outside widen the range first.
    void add(std::span<const float> values);
    /// The same where the smallest and largest value are known.
    void add(std::span<const float> values, float low, float high);
    void merge(const Histogram& other);

    bool empty() const { return m_total == 0; }
    uint64_t total() const { return m_total; }
    double low() const;   ///< left border of bin 0
    double width() const; ///< of a bin, in units of the activation
    std::span<const uint64_t> counts() const { return m_counts; }
    double centre(std::size_t bin) const { return low() + (static_cast<double>(bin) + 0.5) * width(); }
    /// Value below which the fraction q in [0, 1] of all counted values lies, linear inside a bin.
    double quantile(double q) const;

    /// The parts, for saving: exponent of the width (width = 2^exponent), index of the first bin (low = first *
    /// width).
    int widthExponent() const { return m_window.exponent; }
    int64_t firstIndex() const { return m_window.first; }
    /// Counts may be fewer than kBins; the window is made canonical again. No count above zero: an empty histogram.
    static Histogram fromParts(int widthExponent, int64_t firstIndex, std::vector<uint64_t> counts);

private:
    /// Coarsens and moves the window until it holds the bins of `low` and `high` too.
    void widenTo(double low, double high);
    /// Counts of the same values in a window that holds the present one.
    void rebin(const BinWindow& window);
    void count(std::span<const float> values);
    void countOneByOne(std::span<const float> values);

    BinWindow m_window;
    uint64_t m_total = 0;
    std::vector<uint64_t> m_counts;
};

} // namespace qs::stats
