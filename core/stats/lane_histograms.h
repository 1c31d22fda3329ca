#pragma once

#include "core/stats/bin_window.h"
#include "core/stats/histogram.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qs::stats {

/// A small histogram for every lane (channel) of an activation: what its distribution would be after a change of
/// scale and offset by lane. Windows as in Histogram; all counts are exact and do not depend on the order of adding.
class LaneHistograms {
public:
    static constexpr std::size_t kBins = 256;

    LaneHistograms() = default;
    explicit LaneHistograms(std::size_t lanes);

    bool empty() const { return m_windows.empty(); }
    std::size_t lanes() const { return m_windows.size(); }

    /// Adds rows [count, lanes] of finite values to lanes [firstLane, firstLane + lanes). Every `stride`-th row is
    /// counted, from row `skip` on, but the windows hold them all: `low` and `high` are their extremes by lane.
    void add(std::size_t firstLane, std::size_t lanes, const float* rows, std::size_t count, std::size_t skip,
             std::size_t stride, const float* low, const float* high);

    double low(std::size_t lane) const;                       ///< left border of the first bin
    double width(std::size_t lane) const;                     ///< of a bin, units of the activation
    std::span<const uint32_t> counts(std::size_t lane) const; ///< of the bins in use
    uint64_t total(std::size_t lane) const;
    /// Value below which the fraction q in [0, 1] of a lane's counted values lies, linear inside a bin; 0 of none.
    double quantile(std::size_t lane, double q) const;

    /// The parts, for saving. `counts` are those of all lanes one after the other, as many as the windows have bins.
    std::span<const BinWindow> windows() const { return m_windows; }
    static LaneHistograms fromParts(std::vector<BinWindow> windows, std::span<const uint32_t> counts);
    std::size_t bytes() const { return m_counts.size() * sizeof(uint32_t) + m_windows.size() * sizeof(BinWindow); }

private:
    static constexpr std::size_t kBlock = 16; ///< lanes whose counts stay in the first cache together

    void addBlock(std::size_t firstLane, std::size_t lanes, const float* rows, std::size_t rowLength,
                  std::size_t count, std::size_t skip, std::size_t stride);
    void widen(std::size_t lane, float low, float high);

    std::vector<BinWindow> m_windows;
    std::vector<uint32_t> m_counts; ///< [lanes, kBins]
    std::vector<char> m_used;       ///< by lane: any value seen
};

} // namespace qs::stats
