#include "core/stats/calibration.h"

#include <algorithm>
#include <cmath>

namespace qs::stats {

float SiteStatistics::low() const
{
    return minimum.empty() ? 0 : *std::ranges::min_element(minimum);
}

float SiteStatistics::high() const
{
    return maximum.empty() ? 0 : *std::ranges::max_element(maximum);
}

double SiteStatistics::meanAll() const
{
    // Channels have equally many values.
    double sum = 0;
    for (const double value : mean)
        sum += value;
    return mean.empty() ? 0 : sum / static_cast<double>(mean.size());
}

double SiteStatistics::stddevAll() const
{
    if (mean.empty())
        return 0;
    const double centre = meanAll();
    double sum = 0;
    for (std::size_t c = 0; c < mean.size(); ++c)
        sum += variance[c] + (mean[c] - centre) * (mean[c] - centre);
    return std::sqrt(sum / static_cast<double>(mean.size()));
}

double SiteStatistics::kurtosis() const
{
    if (histogram.empty())
        return 0;
    const auto counts = histogram.counts();
    const auto total = static_cast<double>(histogram.total());
    double centre = 0;
    for (std::size_t bin = 0; bin < counts.size(); ++bin)
        centre += static_cast<double>(counts[bin]) * histogram.centre(bin);
    centre /= total;
    double second = 0;
    double fourth = 0;
    for (std::size_t bin = 0; bin < counts.size(); ++bin) {
        const double square = (histogram.centre(bin) - centre) * (histogram.centre(bin) - centre);
        second += static_cast<double>(counts[bin]) * square;
        fourth += static_cast<double>(counts[bin]) * square * square;
    }
    return second > 0 ? fourth * total / (second * second) - 3 : 0;
}

double SiteStatistics::tailWeight() const
{
    const double deviation = stddevAll();
    const double largest = std::max(std::abs(low()), std::abs(high()));
    return deviation > 0 ? largest / deviation : 0;
}

} // namespace qs::stats
