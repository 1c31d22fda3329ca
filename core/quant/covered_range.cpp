#include "core/quant/covered_range.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace qs::quant {

Range coveredRange(const SitePlan& site)
{
    if (site.uniform()) {
        const UniformGrid& grid = site.grid;
        const auto value = [&grid](int code, std::size_t c) {
            return (static_cast<double>(code) - grid.zeroPoint[c]) * grid.scale[c];
        };
        Range covered{value(grid.qmin, 0), value(grid.qmax, 0)};
        for (std::size_t c = 1; c < grid.scale.size(); ++c) {
            covered.low = std::min(covered.low, value(grid.qmin, c));
            covered.high = std::max(covered.high, value(grid.qmax, c));
        }
        return covered;
    }
    return std::visit(
        [&](const auto& levels) {
            if constexpr (std::is_same_v<std::decay_t<decltype(levels)>, std::monostate>)
                return site.range;
            else {
                const auto all = levelsOf(levels);
                return all.empty() ? site.range : Range{all.front(), all.back()};
            }
        },
        site.levels);
}

} // namespace qs::quant
