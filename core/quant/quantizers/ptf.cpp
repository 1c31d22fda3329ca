// Based on: FQ-ViT (arXiv 2111.13824), power-of-two factors for the inputs of LayerNormalization.
// Deviations: factors are chosen on the sample rows of all images, not on the last batch.
#include "core/kernels/quantize.h"
#include "core/quant/quantizers/list.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace qs::quant {

namespace {

constexpr int kLargestFactor = 3; ///< K

/// Scale and zero point of the range, and 2^α of each channel:
///   s = (high - low) / (2^bits - 1) / 2^K,  z = clamp(rne(-low / (2^K s))),  s_c = 2^α_c s,  α_c in 0 .. K
/// α_c makes sum (x - q(x))² of the sampled values of the channel, and its extremes, smallest; the first of equals.
Result<ActivationNumbers> resolvePtf(const QuantizerInput& input)
{
    const stats::SiteStatistics& statistics = input.statistics;
    const SiteSettings& settings = input.settings;
    if (settings.scheme != Scheme::Asymmetric)
        return fail(ErrorCode::InvalidArgument, "power-of-two factors need the asymmetric scheme");
    ActivationNumbers numbers;
    QS_ASSIGN(numbers.range, estimateRange(settings.estimator, statistics.histogram, statistics.low(),
                                           statistics.high(), settings.bits, settings.scheme));
    const UniformGrid whole = uniformGrid(numbers.range.low, numbers.range.high, settings.bits, settings.scheme);
    numbers.grid.qmin = whole.qmin;
    numbers.grid.qmax = whole.qmax;
    const std::size_t channels = statistics.minimum.size();
    const std::size_t rows = statistics.sample.empty() ? 0 : static_cast<std::size_t>(statistics.sample.shape()[0]);
    std::vector<float> values;
    std::array<kernels::QuantGrid, kLargestFactor + 1> grids;
    for (int factor = 0; factor <= kLargestFactor; ++factor)
        grids[static_cast<std::size_t>(factor)] = {std::ldexp(whole.scale[0], factor - kLargestFactor),
                                                   whole.zeroPoint[0], whole.qmin, whole.qmax};
    double clipped = 0;
    for (std::size_t c = 0; c < channels; ++c) {
        values.clear();
        for (std::size_t r = 0; r < rows; ++r)
            values.push_back(statistics.sample.floats()[r * channels + c]);
        values.push_back(statistics.minimum[c]);
        values.push_back(statistics.maximum[c]);
        std::array<kernels::ErrorSums, grids.size()> sums;
        kernels::quantizationErrors(values, grids, sums);
        const auto best = std::ranges::min_element(sums, {}, &kernels::ErrorSums::squaredError) - sums.begin();
        const kernels::QuantGrid& grid = grids[static_cast<std::size_t>(best)];
        numbers.grid.scale.push_back(grid.scale);
        numbers.grid.zeroPoint.push_back(grid.zeroPoint);
        for (const float value : values) {
            const auto one = kernels::quantizationError({&value, 1}, grid);
            (one.clipped > 0 ? numbers.error.clipping : numbers.error.rounding) += one.squaredError;
            clipped += static_cast<double>(one.clipped);
        }
    }
    if (const auto seen = static_cast<double>((rows + 2) * channels); seen > 0) {
        numbers.error.rounding /= seen;
        numbers.error.clipping /= seen;
        numbers.error.clippedShare = clipped / seen;
    }
    numbers.map = makeUniformMap(numbers.grid);
    return numbers;
}

bool suitsAll(const stats::SiteStatistics&)
{
    return true;
}

} // namespace

QuantizerDef ptfQuantizer()
{
    return {.name = "ptf",
            .title = "Power-of-two factors",
            .description = "One grid whose step is 1, 2, 4 or 8 times as wide by channel, for inputs of "
                           "LayerNormalization (FQ-ViT).",
            .suits = suitsAll,
            .resolve = resolvePtf};
}

QuantizerDef ptfIntegerQuantizer()
{
    return {
        .name = "ptf-integer",
        .title = "Power-of-two factors, integer LayerNorm",
        .description =
            "The same, and the LayerNorm that reads the codes computes in integers (FQ-ViT); no file can hold it.",
        .suits = suitsAll,
        .resolve = resolvePtf,
        .role = graph::Role::LayerNormInput,
        .integerNorm = true};
}

} // namespace qs::quant
