#include "core/stats/histogram.h"

#include "core/kernels/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

namespace qs::stats {

namespace {

constexpr int kFinestExponent = -100;
/// Bin indices stay exact in a float.
constexpr int64_t kLargestIndex = int64_t{1} << 23;
/// Up to this width, x * 2^-e only scales up: exact for every float, subnormal ones too.
constexpr int kLargestFastExponent = 0;

int64_t binIndex(double value, int exponent)
{
    return static_cast<int64_t>(std::floor(std::ldexp(value, -exponent)));
}

bool fits(double low, double high, int exponent)
{
    const double first = std::floor(std::ldexp(low, -exponent));
    const double last = std::floor(std::ldexp(high, -exponent));
    return std::max(std::abs(first), std::abs(last)) <= static_cast<double>(kLargestIndex) &&
           last - first < static_cast<double>(Histogram::kBins);
}

/// floor(index / 2^shift), also for negative indices.
int64_t coarser(int64_t index, int shift)
{
    if (shift >= 62)
        return index < 0 ? -1 : 0;
    return index >> shift;
}

} // namespace

void Histogram::add(std::span<const float> values)
{
    if (values.empty())
        return;
    const auto extremes = kernels::minMax(values);
    assert(extremes.min <= extremes.max);
    widenTo(extremes.min, extremes.max);
    // Few values are counted before the fast way has cleared its tables.
    if (m_exponent <= kLargestFastExponent && values.size() >= kBins)
        count(values);
    else
        countOneByOne(values);
    m_total += values.size();
}

void Histogram::widenTo(double low, double high)
{
    const bool fresh = m_counts.empty();
    int exponent = fresh ? kFinestExponent : m_exponent;
    if (fresh) {
        m_counts.assign(kBins, 0);
        // From the width that the span asks for, downwards: the search starts a few steps from its end.
        const double span = std::max({high - low, std::abs(low) / 4096, std::abs(high) / 4096});
        if (span > 0)
            exponent = std::max(kFinestExponent, static_cast<int>(std::floor(std::log2(span))) - 13);
    }
    int64_t first = 0;
    int64_t last = 0;
    for (;; ++exponent) {
        if (!fits(low, high, exponent))
            continue;
        first = binIndex(low, exponent);
        last = binIndex(high, exponent);
        if (!fresh) {
            first = std::min(first, coarser(m_first, exponent - m_exponent));
            last = std::max(last, coarser(m_last, exponent - m_exponent));
        }
        if (last - first < static_cast<int64_t>(kBins))
            break;
    }
    if (!fresh)
        rebin(exponent, first);
    m_exponent = exponent;
    m_first = first;
    m_last = last;
}

void Histogram::rebin(int exponent, int64_t first)
{
    if (exponent == m_exponent && first == m_first)
        return;
    std::vector<uint64_t> counts(kBins, 0);
    const auto used = static_cast<std::size_t>(m_last - m_first + 1);
    for (std::size_t bin = 0; bin < used; ++bin) {
        if (m_counts[bin] == 0)
            continue;
        const int64_t index = coarser(m_first + static_cast<int64_t>(bin), exponent - m_exponent);
        counts[static_cast<std::size_t>(index - first)] += m_counts[bin];
    }
    m_counts = std::move(counts);
}

void Histogram::count(std::span<const float> values)
{
    // Neighbours often share a bin: four tables keep one increment from waiting for the one before.
    constexpr std::size_t kTables = 4;
    constexpr std::size_t kBlock = 256;
    static_assert(kBlock % kTables == 0);
    alignas(64) uint32_t tables[kTables][kBins];
    alignas(64) int32_t bins[kBlock];
    const float inverse = std::ldexp(1.0F, -m_exponent);
    const auto first = static_cast<int32_t>(m_first);
    constexpr std::size_t kFlush = std::size_t{1} << 31;

    const float* src = values.data();
    std::size_t left = values.size();
    while (left > 0) {
        const std::size_t part = std::min(left, kFlush);
        std::memset(tables, 0, sizeof tables);
        std::size_t i = 0;
        for (; i + kBlock <= part; i += kBlock) {
            for (std::size_t j = 0; j < kBlock; ++j) {
                const float scaled = src[i + j] * inverse;
                const auto truncated = static_cast<int32_t>(scaled);
                bins[j] = truncated - static_cast<int32_t>(scaled < static_cast<float>(truncated)) - first;
            }
            for (std::size_t j = 0; j < kBlock; j += kTables) {
                ++tables[0][bins[j]];
                ++tables[1][bins[j + 1]];
                ++tables[2][bins[j + 2]];
                ++tables[3][bins[j + 3]];
            }
        }
        for (; i < part; ++i) {
            const float scaled = src[i] * inverse;
            const auto truncated = static_cast<int32_t>(scaled);
            ++tables[0][truncated - static_cast<int32_t>(scaled < static_cast<float>(truncated)) - first];
        }
        for (std::size_t bin = 0; bin < kBins; ++bin)
            for (std::size_t t = 0; t < kTables; ++t)
                m_counts[bin] += tables[t][bin];
        src += part;
        left -= part;
    }
}

void Histogram::countOneByOne(std::span<const float> values)
{
    const double inverse = std::ldexp(1.0, -m_exponent);
    for (const float value : values) {
        const auto index = static_cast<int64_t>(std::floor(static_cast<double>(value) * inverse));
        ++m_counts[static_cast<std::size_t>(index - m_first)];
    }
}

void Histogram::merge(const Histogram& other)
{
    if (other.empty())
        return;
    if (empty()) {
        *this = other;
        return;
    }
    int exponent = std::max(m_exponent, other.m_exponent);
    int64_t first = 0;
    int64_t last = 0;
    for (;; ++exponent) {
        first =
            std::min(coarser(m_first, exponent - m_exponent), coarser(other.m_first, exponent - other.m_exponent));
        last = std::max(coarser(m_last, exponent - m_exponent), coarser(other.m_last, exponent - other.m_exponent));
        if (last - first < static_cast<int64_t>(kBins))
            break;
    }
    rebin(exponent, first);
    m_exponent = exponent;
    m_first = first;
    m_last = last;
    Histogram moved = other;
    moved.rebin(exponent, first);
    for (std::size_t bin = 0; bin < kBins; ++bin)
        m_counts[bin] += moved.m_counts[bin];
    m_total += other.m_total;
}

double Histogram::low() const
{
    return std::ldexp(static_cast<double>(m_first), m_exponent);
}

double Histogram::width() const
{
    return std::ldexp(1.0, m_exponent);
}

double Histogram::quantile(double q) const
{
    if (empty())
        return 0;
    const double target = std::clamp(q, 0.0, 1.0) * static_cast<double>(m_total);
    double below = 0;
    std::size_t lastFilled = 0;
    for (std::size_t bin = 0; bin < m_counts.size(); ++bin) {
        if (m_counts[bin] == 0)
            continue;
        lastFilled = bin;
        const auto here = static_cast<double>(m_counts[bin]);
        if (below + here >= target)
            return low() + (static_cast<double>(bin) + std::max(0.0, target - below) / here) * width();
        below += here;
    }
    return low() + static_cast<double>(lastFilled + 1) * width();
}

Histogram Histogram::fromParts(int widthExponent, int64_t firstIndex, std::vector<uint64_t> counts)
{
    Histogram histogram;
    std::size_t begin = 0;
    std::size_t end = std::min(counts.size(), kBins);
    while (begin < end && counts[begin] == 0)
        ++begin;
    while (end > begin && counts[end - 1] == 0)
        --end;
    if (begin == end)
        return histogram;
    histogram.m_exponent = widthExponent;
    histogram.m_first = firstIndex + static_cast<int64_t>(begin);
    histogram.m_last = firstIndex + static_cast<int64_t>(end) - 1;
    histogram.m_counts.assign(kBins, 0);
    for (std::size_t bin = begin; bin < end; ++bin) {
        histogram.m_counts[bin - begin] = counts[bin];
        histogram.m_total += counts[bin];
    }
    return histogram;
}

} // namespace qs::stats
