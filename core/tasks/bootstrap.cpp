// Based on: the percentile interval of Efron and Tibshirani. Deviations: none. Quantiles lie between the two nearest
// draws, linearly (type 7 of Hyndman and Fan, as in numpy).
#include "core/tasks/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace qs::tasks {

namespace {

constexpr double kBeyond = 0.025; ///< share of the draws on either side of the interval

/// sorted: not empty.
double quantile(std::span<const double> sorted, double share)
{
    const double position = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> finiteOf(std::span<const double> values)
{
    std::vector<double> finite;
    finite.reserve(values.size());
    std::ranges::copy_if(values, std::back_inserter(finite), [](double value) { return std::isfinite(value); });
    return finite;
}

} // namespace

stats::Interval bootstrap(std::size_t images, const std::function<double(std::span<const int> times)>& statistic,
                          int draws)
{
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    assert(images < (uint64_t{1} << 32));
    if (images < 2)
        return {-kInfinity, kInfinity};
    std::mt19937_64 random(1); // the standard fixes its numbers, but not those of its distributions
    std::vector<int> times(images);
    std::vector<double> values;
    for (int draw = 0; draw < draws; ++draw) {
        std::ranges::fill(times, 0);
        for (std::size_t i = 0; i < images; ++i)
            ++times[((random() >> 32) * images) >> 32];
        values.push_back(statistic(times));
    }
    values = finiteOf(values);
    if (values.empty())
        return {-kInfinity, kInfinity};
    std::ranges::sort(values);
    return {quantile(values, kBeyond), quantile(values, 1 - kBeyond)};
}

stats::Interval meanInterval(std::span<const double> values)
{
    const std::vector<double> finite = finiteOf(values);
    return bootstrap(finite.size(), [&](std::span<const int> times) {
        double sum = 0;
        for (std::size_t i = 0; i < finite.size(); ++i)
            sum += times[i] * finite[i];
        return sum / static_cast<double>(finite.size());
    });
}

double meanOf(std::span<const double> values)
{
    double sum = 0;
    std::size_t count = 0;
    for (const double value : values)
        if (std::isfinite(value)) {
            sum += value;
            ++count;
        }
    return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

} // namespace qs::tasks
