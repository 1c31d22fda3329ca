#include "widgets/plots/histogram_columns.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace qs::ui {

std::vector<double> columnMaxima(const stats::Histogram& histogram, double low, double high, int columns)
{
    std::vector<double> heights(static_cast<std::size_t>(std::max(columns, 0)), 0.0);
    if (histogram.empty() || columns <= 0 || !(high > low))
        return heights;
    const auto counts = histogram.counts();
    const double width = histogram.width();
    const double perColumn = (high - low) / columns;
    const auto last = static_cast<double>(counts.size());
    for (int column = 0; column < columns; ++column) {
        const double from = (low + column * perColumn - histogram.low()) / width;
        const double to = (low + (column + 1) * perColumn - histogram.low()) / width;
        if (to <= 0 || from >= last)
            continue;
        const auto begin = static_cast<std::size_t>(std::clamp(std::floor(from), 0.0, last - 1));
        const auto end = static_cast<std::size_t>(std::clamp(std::ceil(to), static_cast<double>(begin) + 1, last));
        uint64_t most = 0;
        for (std::size_t bin = begin; bin < end; ++bin)
            most = std::max(most, counts[bin]);
        heights[static_cast<std::size_t>(column)] = static_cast<double>(most);
    }
    return heights;
}

std::vector<float> miniHistogram(const stats::Histogram& histogram, int columns)
{
    const Extent extent = occupied(histogram);
    std::vector<float> heights;
    if (!(extent.high > extent.low) || columns <= 0)
        return heights;
    std::vector<double> sums(static_cast<std::size_t>(columns), 0.0);
    const auto counts = histogram.counts();
    const double perValue = columns / (extent.high - extent.low);
    for (std::size_t bin = 0; bin < counts.size(); ++bin)
        if (counts[bin] > 0) {
            const double at = (histogram.centre(bin) - extent.low) * perValue;
            sums[static_cast<std::size_t>(std::clamp(at, 0.0, columns - 1.0))] += static_cast<double>(counts[bin]);
        }
    const double largest = 1 + std::log10(*std::ranges::max_element(sums));
    heights.reserve(sums.size());
    for (const double sum : sums)
        heights.push_back(sum > 0 ? static_cast<float>((1 + std::log10(sum)) / largest) : 0.0F);
    return heights;
}

std::vector<double> levelOccupancy(const stats::Histogram& histogram, const quant::UniformGrid& grid)
{
    if (grid.scale.empty())
        return {};
    std::vector<double> occupancy(static_cast<std::size_t>(grid.levels()), 0.0);
    if (histogram.empty())
        return occupancy;
    const double step = grid.scale.front();
    const double first = (grid.qmin - grid.zeroPoint.front()) * step - step / 2; // left border of level 0
    const auto levels = static_cast<double>(occupancy.size());
    const auto counts = histogram.counts();
    for (std::size_t bin = 0; bin < counts.size(); ++bin) {
        if (counts[bin] == 0)
            continue;
        const double left = (histogram.low() + static_cast<double>(bin) * histogram.width() - first) / step;
        const double right = left + histogram.width() / step;
        const auto begin = static_cast<std::size_t>(std::clamp(std::floor(left), 0.0, levels - 1));
        const auto end = static_cast<std::size_t>(std::clamp(std::ceil(right) - 1, 0.0, levels - 1));
        const double density = static_cast<double>(counts[bin]) / (right - left);
        for (std::size_t level = begin; level <= end; ++level) {
            const double from = level == begin ? left : static_cast<double>(level);
            const double to = level == end ? right : static_cast<double>(level) + 1;
            occupancy[level] += density * (to - from);
        }
    }
    return occupancy;
}

std::vector<double> levelOccupancy(const stats::Histogram& histogram, const quant::LevelCells& cells)
{
    std::vector<double> occupancy(cells.levels.size(), 0.0);
    const auto counts = histogram.counts();
    std::size_t level = 0;
    for (std::size_t bin = 0; bin < counts.size(); ++bin) {
        double from = histogram.low() + static_cast<double>(bin) * histogram.width();
        const double end = from + histogram.width();
        const double density = static_cast<double>(counts[bin]) / histogram.width();
        for (; level < cells.borders.size() && cells.borders[level] < end; ++level) {
            if (cells.borders[level] <= from)
                continue;
            occupancy[level] += density * (cells.borders[level] - from);
            from = cells.borders[level];
        }
        if (level < occupancy.size())
            occupancy[level] += density * (end - from);
    }
    return occupancy;
}

Extent occupied(const stats::Histogram& histogram)
{
    const auto counts = histogram.counts();
    const auto holds = [](uint64_t count) { return count > 0; };
    const auto first = std::ranges::find_if(counts, holds);
    if (histogram.empty() || first == counts.end())
        return {};
    std::size_t last = counts.size();
    while (counts[last - 1] == 0)
        --last;
    const auto begin = static_cast<double>(first - counts.begin());
    return {histogram.low() + begin * histogram.width(),
            histogram.low() + static_cast<double>(last) * histogram.width()};
}

double largestCount(const stats::Histogram& histogram)
{
    return histogram.empty() ? 0 : static_cast<double>(*std::ranges::max_element(histogram.counts()));
}

} // namespace qs::ui
