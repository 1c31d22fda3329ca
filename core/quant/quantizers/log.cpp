// Based on: FQ-ViT (log2 for softmax); RepQ-ViT (log√2, scale from three percentiles by squared error).
// Deviations: the last of the 2^bits codes is 0, where RepQ-ViT's released code has 0 as one code more
// ("log-sqrt2-zero"); percentiles come from a histogram of all values.
#include "core/quant/grid_error.h"
#include "core/quant/level_error.h"
#include "core/quant/quantizers/list.h"
#include "core/quant/region_search.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace qs::quant {

namespace {

constexpr int kScaleSteps = 100;

bool suitsPositive(const stats::SiteStatistics& statistics)
{
    return statistics.low() >= 0;
}

float usable(double scale)
{
    return scale > 0 ? std::max(static_cast<float>(scale), std::numeric_limits<float>::min()) : 1.0F;
}

/// The scale is the upper end of the estimator's range; of several percentiles, or of 1/100 .. 100/100 of the largest
/// value (Mse), the one with the smallest expected squared error of the logarithmic grid.
Result<ActivationNumbers> resolveLog(const QuantizerInput& input, const LogGrid& shape, std::string_view name)
{
    QS_CHECK(expectPerTensor(input.settings, name));
    const stats::SiteStatistics& statistics = input.statistics;
    if (statistics.low() < 0)
        return fail(ErrorCode::InvalidArgument, "the quantizer \"" + std::string(name) +
                                                    "\" has no levels below 0, and there are such values here");
    const Estimator& estimator = input.settings.estimator;
    // Also checks the settings of the estimator.
    QS_ASSIGN(const Range range, estimateRange(estimator, statistics.histogram, statistics.low(), statistics.high(),
                                               input.settings.bits, Scheme::Asymmetric));
    std::vector<double> scales;
    if (estimator.kind == EstimatorKind::Percentile)
        for (const double p : estimator.percentiles)
            scales.push_back(std::min<double>(statistics.histogram.quantile(p), statistics.high()));
    else if (estimator.kind == EstimatorKind::Mse)
        for (int step = kScaleSteps; step > 0; --step)
            scales.push_back(static_cast<double>(statistics.high()) * step / kScaleSteps);
    else
        scales.push_back(range.high);

    const HistogramMoments moments(statistics.histogram);
    LogGrid best;
    ActivationNumbers numbers;
    for (const double scale : scales) {
        const LogGrid grid{usable(scale), shape.rootTwo, 1 << input.settings.bits, shape.extraZero, shape.reciprocal};
        const GridError error = moments.error(cellsOf(grid));
        if (scale != scales.front() && error.total() >= numbers.error.total())
            continue;
        best = grid;
        numbers.error = error;
    }
    numbers.range = {0, best.scale};
    numbers.levels = best;
    numbers.map = makeLogMap(best);
    return numbers;
}

Result<ActivationNumbers> resolveTwo(const QuantizerInput& input)
{
    return resolveLog(input, {1, false, 0, false}, "log2");
}

Result<ActivationNumbers> resolveRootTwo(const QuantizerInput& input)
{
    return resolveLog(input, {1, true, 0, false}, "log-sqrt2");
}

Result<ActivationNumbers> resolveReciprocal(const QuantizerInput& input)
{
    return resolveLog(input, {1, false, 0, true, true}, "log-int");
}

Result<ActivationNumbers> resolveRootTwoAndZero(const QuantizerInput& input)
{
    return resolveLog(input, {1, true, 0, true}, "log-sqrt2-zero");
}

} // namespace

QuantizerDef logIntQuantizer()
{
    return {.name = "log-int",
            .title = "Powers of 2 of reciprocals",
            .description =
                "Powers of 2, and 0 besides, with the borders of integer reciprocals: FQ-ViT's log-int-softmax.",
            .suits = suitsPositive,
            .resolve = resolveReciprocal,
            .refusesNegative = true};
}

QuantizerDef log2Quantizer()
{
    return {.name = "log2",
            .title = "Powers of 2",
            .description = "Levels that halve from code to code, for softmax outputs (FQ-ViT).",
            .suits = suitsPositive,
            .resolve = resolveTwo,
            .refusesNegative = true};
}

QuantizerDef logSqrt2Quantizer()
{
    return {.name = "log-sqrt2",
            .title = "Powers of √2",
            .description =
                "Levels a factor of √2 apart, for softmax outputs: twice as fine as powers of 2 (RepQ-ViT).",
            .suits = suitsPositive,
            .resolve = resolveRootTwo,
            .refusesNegative = true};
}

QuantizerDef logSqrt2ZeroQuantizer()
{
    return {.name = "log-sqrt2-zero",
            .title = "Powers of √2, and 0",
            .description = "As powers of √2, with 0 as one code more than the bits have: RepQ-ViT's released code.",
            .suits = suitsPositive,
            .resolve = resolveRootTwoAndZero,
            .refusesNegative = true};
}

} // namespace qs::quant
