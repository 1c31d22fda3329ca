#include "core/quant/noise_gain.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace qs::quant {

namespace {

constexpr int kSamples = 4; ///< of a bin
/// A change smaller than this share of the mean error is none.
constexpr double kNothing = 1e-9;

double cube(double x)
{
    return x * x * x;
}

} // namespace

LevelCells cellsOf(const UniformGrid& grid)
{
    LevelCells cells;
    cells.levels = gridLevels(grid);
    const double half = static_cast<double>(grid.scale.front()) / 2;
    for (std::size_t i = 1; i < cells.levels.size(); ++i)
        cells.borders.push_back((cells.levels[i - 1] + cells.levels[i]) / 2);
    cells.begin = cells.levels.front() - half;
    cells.end = cells.levels.back() + half;
    return cells;
}

NoiseGain::NoiseGain(LevelCells cells, double n, double shift) : m_cells(std::move(cells)), m_range(n), m_shift(shift)
{
    m_before.push_back(0);
    for (std::size_t i = 0; i < m_cells.borders.size(); ++i) {
        const double border = m_cells.borders[i];
        const double from = i == 0 ? m_cells.levels[0] : m_cells.borders[i - 1];
        m_before.push_back(m_before.back() + (cube(border - m_cells.levels[i]) - cube(from - m_cells.levels[i])) / 3);
    }
}

std::size_t NoiseGain::cellAt(double x) const
{
    return static_cast<std::size_t>(std::ranges::upper_bound(m_cells.borders, x) - m_cells.borders.begin());
}

double NoiseGain::integral(double x) const
{
    const std::size_t cell = cellAt(x);
    const double level = m_cells.levels[cell];
    const double from = cell == 0 ? level : m_cells.borders[cell - 1];
    return m_before[cell] + (cube(x - level) - cube(from - level)) / 3;
}

double NoiseGain::errorWithout(double x) const
{
    const double difference = m_cells.levels[cellAt(x)] - x;
    return difference * difference;
}

double NoiseGain::errorWith(double x) const
{
    const double middle = x + m_shift;
    // Below this the difference of the integrals has no digits left.
    if (m_range <= 1e-6 * (m_cells.end - m_cells.begin))
        return errorWithout(middle);
    return (integral(middle + m_range) - integral(middle - m_range)) / (2 * m_range);
}

NoiseGains noiseGains(const stats::Histogram& histogram, const NoiseGain& gain)
{
    NoiseGains gains;
    gains.change.resize(histogram.counts().size());
    if (histogram.empty())
        return gains;
    const auto total = static_cast<double>(histogram.total());
    for (std::size_t bin = 0; bin < gains.change.size(); ++bin) {
        const double left = histogram.low() + static_cast<double>(bin) * histogram.width();
        double with = 0;
        double without = 0;
        for (int i = 0; i < kSamples; ++i) {
            const double x = left + (i + 0.5) / kSamples * histogram.width();
            with += gain.errorWith(x) / kSamples;
            without += gain.errorWithout(x) / kSamples;
        }
        gains.change[bin] = with - without;
        const double share = static_cast<double>(histogram.counts()[bin]) / total;
        gains.errorWith += share * with;
        gains.errorWithout += share * without;
    }
    const double nothing = kNothing * gains.errorWithout;
    for (std::size_t bin = 0; bin < gains.change.size(); ++bin) {
        const double share = static_cast<double>(histogram.counts()[bin]) / total;
        gains.winning += gains.change[bin] < -nothing ? share : 0;
        gains.losing += gains.change[bin] > nothing ? share : 0;
    }
    return gains;
}

} // namespace qs::quant
