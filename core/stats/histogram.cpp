#include "core/stats/histogram.h"

#include "core/kernels/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace qs::stats {

namespace {

/// Up to this width, x * 2^-e only scales up: exact for every float, subnormal ones too.
constexpr int kLargestFastExponent = 0;
static_assert(Histogram::kBins <= kernels::BinsView::kMostBins);

} // namespace

void Histogram::add(std::span<const float> values)
{
    if (values.empty())
        return;
    const auto extremes = kernels::minMax(values);
    add(values, extremes.min, extremes.max);
}

void Histogram::add(std::span<const float> values, float low, float high)
{
    assert(low <= high);
    if (values.empty())
        return;
    widenTo(low, high);
    // Few values are counted before the fast way has cleared its tables.
    if (m_window.exponent <= kLargestFastExponent && values.size() >= kBins)
        count(values);
    else
        countOneByOne(values);
    m_total += values.size();
}

void Histogram::widenTo(double low, double high)
{
    if (!m_counts.empty() && m_window.holds(low, high))
        return;
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
    kernels::countBins(values,
                       {std::ldexp(1.0F, -m_window.exponent), static_cast<int32_t>(m_window.first), m_counts});
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
