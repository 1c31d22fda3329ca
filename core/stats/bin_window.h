#pragma once

#include <bit>
#include <cstdint>

namespace qs::stats {

/// The bins of a histogram whose width is a power of two and whose borders are multiples of it: bin i holds the
/// values with floor(value / 2^exponent) = first + i. A function of the smallest and largest value alone: the width
/// is the smallest 2^e (e >= -100) with at most `bins` bins between them and no index above 2^23, and bin 0 holds the
/// smallest value. So windows of parts give the window of the whole, in any order.
struct BinWindow {
    int exponent = 0;
    int64_t first = 0; ///< index of the bin of the smallest value
    int64_t last = 0;  ///< index of the bin of the largest value

    /// The window of values in [low, high]. What is beyond the largest float (infinity, NaN) is taken for it: no
    /// value of a tensor is, but a transform of an extreme one by a small scale is.
    static BinWindow of(double low, double high, int64_t bins);
    /// Whether low and high are in its bins: a window united with theirs is then itself.
    bool holds(double low, double high) const
    {
        const double inverse = std::bit_cast<double>(static_cast<uint64_t>(1023 - exponent) << 52); // 2^-exponent
        return low * inverse >= static_cast<double>(first) && high * inverse < static_cast<double>(last + 1);
    }
    /// The window of both.
    BinWindow united(const BinWindow& other, int64_t bins) const;
    /// The bin here of index `index` of a window with the finer (or equal) exponent `from`.
    int64_t binOf(int64_t index, int from) const;
    friend bool operator==(const BinWindow&, const BinWindow&) = default;
};

} // namespace qs::stats
