#include "core/stats/lane_histograms.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace qs::stats {

LaneHistograms::LaneHistograms(std::size_t lanes) : m_windows(lanes), m_counts(lanes * kBins, 0), m_used(lanes, 0) {}

void LaneHistograms::widen(std::size_t lane, float low, float high)
{
    BinWindow& window = m_windows[lane];
    if (m_used[lane] && window.holds(low, high))
        return;
    const BinWindow seen = BinWindow::of(low, high, kBins);
    if (!m_used[lane]) {
        m_used[lane] = 1;
        window = seen;
        return;
    }
    const BinWindow wider = window.united(seen, kBins);
    if (wider.exponent != window.exponent || wider.first != window.first) {
        std::array<uint32_t, kBins> moved{};
        uint32_t* counts = &m_counts[lane * kBins];
        for (int64_t index = window.first; index <= window.last; ++index)
            moved[static_cast<std::size_t>(wider.binOf(index, window.exponent))] += counts[index - window.first];
        std::ranges::copy(moved, counts);
    }
    window = wider;
}

void LaneHistograms::add(std::size_t firstLane, std::size_t lanes, const float* rows, std::size_t count,
                         std::size_t skip, std::size_t stride, const float* low, const float* high)
{
    for (std::size_t c = 0; c < lanes; ++c)
        widen(firstLane + c, low[c], high[c]);
    for (std::size_t begin = 0; begin < lanes; begin += kBlock)
        addBlock(firstLane + begin, std::min(kBlock, lanes - begin), rows + begin, lanes, count, skip, stride);
}

void LaneHistograms::addBlock(std::size_t firstLane, std::size_t lanes, const float* rows, std::size_t rowLength,
                              std::size_t count, std::size_t skip, std::size_t stride)
{
    std::array<float, kBlock> inverse{};
    std::array<int32_t, kBlock> first{};
    for (std::size_t c = 0; c < lanes; ++c) {
        inverse[c] = std::ldexp(1.0F, -m_windows[firstLane + c].exponent);
        first[c] = static_cast<int32_t>(m_windows[firstLane + c].first);
    }
    std::array<int32_t, kBlock> bins{};
    for (std::size_t r = skip; r < count; r += stride) {
        const float* row = rows + r * rowLength;
        for (std::size_t c = 0; c < lanes; ++c) {
            const float scaled = row[c] * inverse[c]; // exact, but for what vanishes: that may leave the last bin
            const auto truncated = static_cast<int32_t>(scaled);
            const int32_t bin = truncated - static_cast<int32_t>(scaled < static_cast<float>(truncated)) - first[c];
            bins[c] = bin < static_cast<int32_t>(kBins) ? bin : static_cast<int32_t>(kBins) - 1;
        }
        uint32_t* counts = &m_counts[firstLane * kBins];
        for (std::size_t c = 0; c < lanes; ++c)
            ++counts[c * kBins + static_cast<std::size_t>(bins[c])];
    }
}

double LaneHistograms::low(std::size_t lane) const
{
    return std::ldexp(static_cast<double>(m_windows[lane].first), m_windows[lane].exponent);
}

double LaneHistograms::width(std::size_t lane) const
{
    return std::ldexp(1.0, m_windows[lane].exponent);
}

std::span<const uint32_t> LaneHistograms::counts(std::size_t lane) const
{
    const std::size_t bins =
        m_used[lane] ? static_cast<std::size_t>(m_windows[lane].last - m_windows[lane].first + 1) : 0;
    return {&m_counts[lane * kBins], bins};
}

uint64_t LaneHistograms::total(std::size_t lane) const
{
    uint64_t sum = 0;
    for (const uint32_t count : counts(lane))
        sum += count;
    return sum;
}

double LaneHistograms::quantile(std::size_t lane, double q) const
{
    const double target = std::clamp(q, 0.0, 1.0) * static_cast<double>(total(lane));
    const auto bins = counts(lane);
    double below = 0;
    double value = 0;
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
        const auto here = static_cast<double>(bins[bin]);
        if (here == 0)
            continue;
        if (below + here >= target)
            return low(lane) + (static_cast<double>(bin) + std::max(0.0, target - below) / here) * width(lane);
        below += here;
        value = low(lane) + static_cast<double>(bin + 1) * width(lane);
    }
    return value;
}

LaneHistograms LaneHistograms::fromParts(std::vector<BinWindow> windows, std::span<const uint32_t> counts)
{
    LaneHistograms result(windows.size());
    std::size_t at = 0;
    for (std::size_t lane = 0; lane < windows.size(); ++lane) {
        const auto bins = static_cast<std::size_t>(windows[lane].last - windows[lane].first + 1);
        std::ranges::copy(counts.subspan(at, bins),
                          result.m_counts.begin() + static_cast<std::ptrdiff_t>(lane * kBins));
        at += bins;
        result.m_used[lane] = 1;
    }
    result.m_windows = std::move(windows);
    return result;
}

} // namespace qs::stats
