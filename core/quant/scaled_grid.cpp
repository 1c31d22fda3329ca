#include "core/quant/scaled_grid.h"

#include "core/quant/estimator.h"

#include <array>

namespace qs::quant {

Result<UniformGrid> scaledGrid(const stats::SiteStatistics& statistics, const SiteSettings& settings)
{
    UniformGrid grid;
    const auto add = [&](float low, float high) -> Result<void> {
        QS_ASSIGN(const Range range,
                  estimateRange(settings.estimator, std::array{low, high}, settings.bits, settings.scheme));
        const UniformGrid one =
            uniformGrid(range.low, range.high, settings.bits, settings.scheme, settings.zeroPoint);
        grid.qmin = one.qmin;
        grid.qmax = one.qmax;
        grid.scale.push_back(one.scale[0]);
        grid.zeroPoint.push_back(one.zeroPoint[0]);
        return {};
    };
    if (settings.granularity != Granularity::Channel) {
        QS_CHECK(add(statistics.low(), statistics.high()));
        return grid;
    }
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c)
        QS_CHECK(add(statistics.minimum[c], statistics.maximum[c]));
    return grid;
}

} // namespace qs::quant
