#include "core/stats/masks.h"

#include "core/stats/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::stats {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

} // namespace

bool mayHoldMasks(const graph::Site& site)
{
    return site.role == graph::Role::SoftmaxInput || site.role == graph::Role::ResidualSum;
}

std::optional<Unmasked> unmasked(std::span<const float> data, const graph::ChannelLayout& layout,
                                 const kernels::ChannelMoments& moments)
{
    if (std::ranges::any_of(data, [](float x) { return std::isnan(x) || x == kInfinity; }))
        return std::nullopt;
    const auto channels = static_cast<std::size_t>(layout.channels);
    const auto inner = static_cast<std::size_t>(layout.inner);
    std::fill_n(moments.min, channels, kInfinity);
    std::fill_n(moments.max, channels, -kInfinity);
    std::fill_n(moments.sum, channels, 0.0);
    std::fill_n(moments.sumOfSquares, channels, 0.0);
    Unmasked result;
    result.masked.resize(channels);
    for (std::size_t i = 0; i < data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        const float x = data[i];
        if (x == -kInfinity) {
            ++result.masked[c];
            continue;
        }
        result.numbers.push_back(x);
        moments.min[c] = std::min(moments.min[c], x);
        moments.max[c] = std::max(moments.max[c], x);
        moments.sum[c] += x;
        moments.sumOfSquares[c] += static_cast<double>(x) * x;
    }
    const float smallest = result.numbers.empty() ? 0 : *std::ranges::min_element(result.numbers);
    result.filled.assign(data.begin(), data.end());
    std::ranges::replace(result.filled, -kInfinity, smallest);
    return result;
}

} // namespace qs::stats
