#include "core/quant/zero_point.h"

#include <algorithm>
#include <limits>

namespace qs::quant {

bool zeroPointOverflows(double low, double high)
{
    return low > 0 || high < 0;
}

ZeroPointReport zeroPointReport(const stats::SiteStatistics& statistics)
{
    ZeroPointReport report;
    report.channels = statistics.minimum.size();
    if (report.channels == 0)
        return report;
    double narrowest = std::numeric_limits<double>::infinity();
    double widest = 0;
    for (std::size_t c = 0; c < report.channels; ++c) {
        const double low = statistics.minimum[c];
        const double high = statistics.maximum[c];
        report.overflowing += zeroPointOverflows(low, high) ? 1 : 0;
        if (high <= low)
            continue;
        narrowest = std::min(narrowest, high - low);
        widest = std::max(widest, high - low);
    }
    report.tensorOverflows = zeroPointOverflows(statistics.low(), statistics.high());
    if (widest > 0)
        report.dynamicRange = widest / narrowest;
    return report;
}

} // namespace qs::quant
