#include "core/quant/level_error.h"
#include "core/quant/grid_error.h"

#include <algorithm>
#include <cmath>

namespace qs::quant {

HistogramMoments::HistogramMoments(const stats::Histogram& histogram)
{
    m_sums.resize(1);
    if (histogram.empty())
        return;
    m_low = histogram.low();
    m_width = histogram.width();
    const auto total = static_cast<double>(histogram.total());
    for (const uint64_t count : histogram.counts()) {
        m_density.push_back(static_cast<double>(count) / total / m_width);
        m_sums.push_back(upTo(m_low + m_width * static_cast<double>(m_density.size())));
    }
}

HistogramMoments::Sums HistogramMoments::upTo(double x) const
{
    if (!(x > m_low) || m_density.empty())
        return {};
    const double place = (x - m_low) / m_width;
    if (place > static_cast<double>(m_density.size()))
        return m_sums.back();
    const auto bin = std::min(static_cast<std::size_t>(place), m_sums.size() - 1);
    if (bin == m_density.size())
        return m_sums.back();
    const double left = m_low + m_width * static_cast<double>(bin);
    const double density = m_density[bin];
    Sums sums = m_sums[bin];
    sums.count += density * (x - left);
    sums.first += density * (x - left) * (x + left) / 2;
    sums.second += density * (x - left) * (x * x + x * left + left * left) / 3;
    return sums;
}

double HistogramMoments::around(const Sums& from, const Sums& to, double level)
{
    const double second = to.second - from.second;
    const double first = to.first - from.first;
    return std::max(0.0, second + level * (level * (to.count - from.count) - 2 * first));
}

GridError HistogramMoments::error(const LevelCells& cells) const
{
    GridError error;
    if (m_density.empty() || cells.levels.empty())
        return error;
    const Sums begin = upTo(cells.begin);
    const Sums end = upTo(cells.end);
    const Sums& all = m_sums.back();
    Sums from = begin;
    for (std::size_t i = 0; i < cells.levels.size(); ++i) {
        const Sums to = i < cells.borders.size() ? upTo(cells.borders[i]) : end;
        error.rounding += around(from, to, cells.levels[i]);
        from = to;
    }
    error.clipping = around({}, begin, cells.levels.front()) + around(end, all, cells.levels.back());
    error.clippedShare = std::clamp(begin.count + all.count - end.count, 0.0, 1.0);
    return error;
}

} // namespace qs::quant
