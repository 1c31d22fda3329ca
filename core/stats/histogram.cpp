#include "core/stats/histogram.h"

#include "core/kernels/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

namespace qs::stats {

namespace {

/// Up to this width, x * 2^-e only scales up: exact for every float, subnormal ones too.
constexpr int kLargestFastExponent = 0;

} // namespace

void Histogram::add(std::span<const float> values)
{
    if (values.empty())
        return;
    const auto extremes = kernels::minMax(values);
    assert(extremes.min <= extremes.max);
    widenTo(extremes.min, extremes.max);
    // Few values are counted before the fast way has cleared its tables.
    if (m_window.exponent <= kLargestFastExponent && values.size() >= kBins)
        count(values);
    else
        countOneByOne(values);
    m_total += values.size();
}

void Histogram::widenTo(double low, double high)
{
    const BinWindow seen = BinWindow::of(low, high, kBins);
    if (m_counts.empty()) {
        m_counts.assign(kBins, 0);
        m_window = seen;
        return;
    }
    rebin(m_window.united(seen, kBins));
}

void Histogram::rebin(const BinWindow& window)
{
    if (window.exponent != m_window.exponent || window.first != m_window.first) {
        std::vector<uint64_t> counts(kBins, 0);
        for (int64_t index = m_window.first; index <= m_window.last; ++index)
            counts[static_cast<std::size_t>(window.binOf(index, m_window.exponent))] +=
                m_counts[static_cast<std::size_t>(index - m_window.first)];
        m_counts = std::move(counts);
    }
    m_window = window;
}

void Histogram::count(std::span<const float> values)
{
    // Neighbours often share a bin: four tables keep one increment from waiting for the one before.
    constexpr std::size_t kTables = 4;
    constexpr std::size_t kBlock = 256;
    static_assert(kBlock % kTables == 0);
    alignas(64) uint32_t tables[kTables][kBins];
    alignas(64) int32_t bins[kBlock];
    const float inverse = std::ldexp(1.0F, -m_window.exponent);
    const auto first = static_cast<int32_t>(m_window.first);
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
    const double inverse = std::ldexp(1.0, -m_window.exponent);
    for (const float value : values) {
        const auto index = static_cast<int64_t>(std::floor(static_cast<double>(value) * inverse));
        ++m_counts[static_cast<std::size_t>(index - m_window.first)];
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
    const BinWindow window = m_window.united(other.m_window, kBins);
    rebin(window);
    for (int64_t index = other.m_window.first; index <= other.m_window.last; ++index)
        m_counts[static_cast<std::size_t>(window.binOf(index, other.m_window.exponent))] +=
            other.m_counts[static_cast<std::size_t>(index - other.m_window.first)];
    m_total += other.m_total;
}

double Histogram::low() const
{
    return std::ldexp(static_cast<double>(m_window.first), m_window.exponent);
}

double Histogram::width() const
{
    return std::ldexp(1.0, m_window.exponent);
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
    histogram.m_window = {widthExponent, firstIndex + static_cast<int64_t>(begin),
                          firstIndex + static_cast<int64_t>(end) - 1};
    histogram.m_counts.assign(kBins, 0);
    for (std::size_t bin = begin; bin < end; ++bin) {
        histogram.m_counts[bin - begin] = counts[bin];
        histogram.m_total += counts[bin];
    }
    return histogram;
}

} // namespace qs::stats
