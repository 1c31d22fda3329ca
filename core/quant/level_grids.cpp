#include "core/quant/level_grids.h"

#include "core/kernels/quantize_levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::quant {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

kernels::LevelRegion kernelRegion(const RegionGrid& grid, const Region& region)
{
    return {grid.step(region), static_cast<float>(region.qmin - region.zeroPoint),
            static_cast<float>(region.qmax - region.zeroPoint)};
}

class RegionMap final : public exec::ElementMap {
public:
    explicit RegionMap(const RegionGrid& grid)
        : m_levels{grid.border, grid.byMagnitude, kernelRegion(grid, grid.lower), kernelRegion(grid, grid.upper)}
    {
    }
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto elements = static_cast<std::size_t>(layout.elements());
        kernels::fakeQuantizeRegions({src, elements}, m_levels, {dst, elements});
    }

private:
    kernels::RegionLevels m_levels;
};

class LogMap final : public exec::ElementMap {
public:
    explicit LogMap(const LogGrid& grid)
        : m_levels{grid.scale, grid.rootTwo, kernels::leastOfLog(grid.rootTwo, lastCode(grid))}
    {
    }
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto elements = static_cast<std::size_t>(layout.elements());
        kernels::fakeQuantizeLog({src, elements}, m_levels, {dst, elements});
    }

private:
    kernels::LogLevels m_levels;
};

/// The levels of a grid one after the other: for borders that no kernel knows.
class TableMap final : public exec::ElementMap {
public:
    explicit TableMap(const LogGrid& grid) : m_scale(grid.scale)
    {
        const std::vector<double> ascending = levelsOf(grid);
        m_levels.assign(ascending.rbegin(), ascending.rend());
        for (int code = 0; code <= lastCode(grid); ++code)
            m_least.push_back(leastRatio(grid, code));
    }
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto elements = static_cast<std::size_t>(layout.elements());
        for (std::size_t i = 0; i < elements; ++i) {
            const float ratio = src[i] / m_scale;
            std::size_t code = 0;
            for (const float least : m_least)
                code += ratio >= least ? 0 : 1; // NaN too
            dst[i] = m_levels[code];
        }
    }

private:
    float m_scale;
    std::vector<float> m_levels; ///< by code
    std::vector<float> m_least;  ///< by code, descending
};

/// A cell from the last border on; one with the level of the cell before continues it.
void add(LevelCells& cells, double level, double from)
{
    if (!cells.levels.empty() && level <= cells.levels.back())
        return;
    if (!cells.levels.empty())
        cells.borders.push_back(from);
    cells.levels.push_back(level);
}

/// The levels of a region for values from `from` to `to`.
void addRegion(LevelCells& cells, double step, const Region& region, double from, double to)
{
    for (int code = region.qmin; code <= region.qmax; ++code) {
        const double level = (code - region.zeroPoint) * step;
        const double left = code == region.qmin ? -kInfinity : level - step / 2;
        const double right = code == region.qmax ? kInfinity : level + step / 2;
        if (std::max(left, from) < std::min(right, to))
            add(cells, level, std::max(left, from));
    }
}

} // namespace

const Region& RegionGrid::regionOf(float x) const
{
    return (byMagnitude ? std::fabs(x) > border : x >= border) ? upper : lower;
}

float RegionGrid::step(const Region& region) const
{
    return region.freeStep != 0 ? region.freeStep : std::ldexp(fineStep, region.shift);
}

LevelCells cellsOf(const RegionGrid& grid)
{
    LevelCells cells;
    const double lower = grid.step(grid.lower);
    const double upper = grid.step(grid.upper);
    const double border = grid.border;
    if (grid.byMagnitude) {
        addRegion(cells, upper, grid.upper, -kInfinity, -border);
        addRegion(cells, lower, grid.lower, -border, border);
    } else {
        addRegion(cells, lower, grid.lower, -kInfinity, border);
    }
    addRegion(cells, upper, grid.upper, border, kInfinity);
    cells.begin = cells.levels.front() - (grid.byMagnitude ? upper : lower) / 2;
    cells.end = cells.levels.back() + upper / 2;
    return cells;
}

int lastCode(const LogGrid& grid)
{
    // The last level that a normal float reaches: 2^-126.
    const int smallest = grid.rootTwo ? 252 : 126;
    return std::clamp(grid.codes - (grid.extraZero ? 1 : 2), 0, smallest);
}

float leastRatio(const LogGrid& grid, int code)
{
    if (!grid.reciprocal)
        return kernels::leastOfLog(grid.rootTwo, code);
    const double border = code == 0 ? 1.5 : std::ldexp(1.5, code) - 0.5;
    return std::max(static_cast<float>(1 / border), std::numeric_limits<float>::min());
}

LevelCells cellsOf(const LogGrid& grid)
{
    LevelCells cells;
    const double scale = grid.scale;
    const double root = static_cast<double>(static_cast<float>(scale * std::sqrt(2.0)));
    cells.levels.push_back(0);
    for (int code = lastCode(grid); code >= 0; --code) {
        cells.borders.push_back(scale * leastRatio(grid, code));
        cells.levels.push_back(!grid.rootTwo ? std::ldexp(scale, -code)
                               : code % 2    ? std::ldexp(root, -(code + 1) / 2)
                                             : std::ldexp(scale, -code / 2));
    }
    cells.begin = -kInfinity;
    cells.end = scale * std::exp2(grid.rootTwo ? 0.25 : 0.5);
    return cells;
}

std::vector<double> levelsOf(const RegionGrid& grid)
{
    return cellsOf(grid).levels;
}

std::vector<double> levelsOf(const LogGrid& grid)
{
    return cellsOf(grid).levels;
}

std::shared_ptr<const exec::ElementMap> makeRegionMap(const RegionGrid& grid)
{
    return std::make_shared<RegionMap>(grid);
}

std::shared_ptr<const exec::ElementMap> makeLogMap(const LogGrid& grid)
{
    if (grid.reciprocal)
        return std::make_shared<TableMap>(grid);
    return std::make_shared<LogMap>(grid);
}

} // namespace qs::quant
