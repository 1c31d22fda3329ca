#include "core/quant/scaled_grid.h"

#include "core/kernels/quantize.h"
#include "core/quant/estimator.h"
#include "core/quant/site_resolver.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

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

namespace {

/// Extremes by scale: of channels, parts of them, or all.
std::vector<std::array<float, 2>> extremesOf(std::span<const float> weight, const graph::ChannelLayout& layout)
{
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<std::array<float, 2>> extremes(static_cast<std::size_t>(layout.channels), {infinity, -infinity});
    const auto inner = static_cast<std::size_t>(layout.inner);
    const float* at = weight.data();
    for (int64_t o = 0; o < layout.outer; ++o)
        for (auto& [low, high] : extremes) {
            for (std::size_t i = 0; i < inner; ++i) {
                low = std::min(low, at[i]);
                high = std::max(high, at[i]);
            }
            at += inner;
        }
    return extremes;
}

} // namespace

Result<Tensor> scaledWeight(const FloatConstants& constants, const graph::Site& site, const SiteSettings& settings)
{
    const bool linear = site.shape.rank() == 2 && site.channelAxis == 1;
    if (settings.saturationSafe && settings.bits == 8 && linear && settings.scheme == Scheme::Symmetric) {
        // Scales are raised by what the codes are.
        QS_ASSIGN(const SitePlan plan, resolveWeight(constants, site, nullptr, settings));
        return plan.dequantized;
    }
    const auto weight = constants.of(site.uses.front()).floats();
    const int64_t scales = scalesOfWeight(site, settings);
    const graph::ChannelLayout layout =
        scales == 1 ? graph::ChannelLayout{1, 1, site.elements()}
                    : graph::ChannelLayout{site.layout.outer, scales, site.elements() / site.layout.outer / scales};
    UniformGrid grid;
    for (const auto& extremes : extremesOf(weight, layout)) {
        QS_ASSIGN(const Range range, estimateRange(settings.estimator, extremes, settings.bits, settings.scheme));
        addWeightScale(grid, range, settings);
    }
    Tensor values(DType::Float32, site.shape);
    const kernels::ChannelLayout whole{static_cast<std::size_t>(layout.outer),
                                       static_cast<std::size_t>(layout.channels),
                                       static_cast<std::size_t>(layout.inner)};
    kernels::fakeQuantizeChannels(whole, weight.data(), {grid.scale, grid.zeroPoint, grid.qmin, grid.qmax},
                                  values.mutableData<float>().data());
    return values;
}

} // namespace qs::quant
