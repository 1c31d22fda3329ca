#include "core/quant/search_grid.h"

#include <algorithm>
#include <cmath>

namespace qs::quant {

Result<void> checkGrid(const SearchGrid& grid)
{
    if (!(grid.low > 0 && grid.low < grid.high && grid.high <= 1000))
        return fail(ErrorCode::InvalidArgument, "the grid of a search needs 0 < low < high <= 1000");
    if (grid.count < 1 || grid.count > 1000)
        return fail(ErrorCode::InvalidArgument, "the grid of a search has 1 to 1000 candidates");
    if (grid.rounds < 1 || grid.rounds > 10)
        return fail(ErrorCode::InvalidArgument, "a search takes 1 to 10 rounds");
    return {};
}

std::vector<double> searchFactors(const SearchGrid& grid)
{
    std::vector<double> factors;
    const double span = grid.high - grid.low;
    for (int i = 0; i < grid.count; ++i)
        factors.push_back(grid.reciprocal ? 1 / (grid.low + (i + 1) * span / (grid.count + 1))
                                          : grid.low + i * span / grid.count);
    return factors;
}

std::vector<Range> searchRanges(const SearchGrid& grid, const Range& seen, int bits, Scheme scheme,
                                ZeroPoint zeroPoint)
{
    const bool free = zeroPoint == ZeroPoint::Wide && scheme == Scheme::Asymmetric;
    double low = free ? seen.low : std::min(seen.low, 0.0);
    double high = free ? seen.high : std::max(seen.high, 0.0);
    const double still = low <= 0 && high >= 0 ? 0 : low + (high - low) / 2;
    if (scheme == Scheme::Symmetric) {
        const double half = std::ldexp(1.0, bits - 1);
        high = std::max(-low, high) / (half - 0.5) * (half - 1);
        low = -high;
    }
    std::vector<Range> ranges{{low, high}};
    for (const double factor : searchFactors(grid))
        ranges.push_back({still + (low - still) * factor, still + (high - still) * factor});
    return ranges;
}

} // namespace qs::quant
