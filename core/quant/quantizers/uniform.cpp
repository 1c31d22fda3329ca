#include "core/kernels/quantize.h"
#include "core/quant/grid_error.h"
#include "core/quant/quantizers/list.h"
#include "core/quant/search_grid.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace qs::quant {

namespace {

ActivationNumbers numbersOf(const Range& range, const stats::SiteStatistics& statistics, const SiteSettings& settings)
{
    ActivationNumbers numbers;
    numbers.range = range;
    numbers.grid =
        uniformGrid(numbers.range.low, numbers.range.high, settings.bits, settings.scheme, settings.zeroPoint);
    numbers.error = expectedError(statistics.histogram, {numbers.grid.scale[0], numbers.grid.zeroPoint[0],
                                                         numbers.grid.qmin, numbers.grid.qmax});
    return numbers;
}

constexpr int kClipSteps = 100;

/// Both ends of the range times i / 100, i = 100 .. 1: the one with the smallest output error; the first of equals.
/// Source: NoisyQuant's released code (its "percentile" search, of 1000 steps).
Range outputRange(const stats::SiteStatistics& statistics, const SiteSettings& settings, const OutputMetric& metric)
{
    Range best;
    double smallest = std::numeric_limits<double>::infinity();
    for (int i = kClipSteps; i > 0; --i) {
        const double factor = static_cast<double>(i) / kClipSteps;
        const Range range{statistics.low() * factor, statistics.high() * factor};
        const double error = metric.squaredError(
            *makeUniformMap(uniformGrid(range.low, range.high, settings.bits, settings.scheme, settings.zeroPoint)));
        if (error < smallest) {
            smallest = error;
            best = range;
        }
    }
    return best;
}

Result<ActivationNumbers> perTensor(const QuantizerInput& input)
{
    const auto& [statistics, settings, metric] = input;
    if (metric && settings.estimator.kind == EstimatorKind::Mse)
        return numbersOf(outputRange(statistics, settings, *metric), statistics, settings);
    QS_ASSIGN(const Range range,
              estimateRange(settings.estimator, statistics.histogram, statistics.low(), statistics.high(),
                            settings.bits, settings.scheme, settings.zeroPoint));
    return numbersOf(range, statistics, settings);
}

/// The calibration has one histogram for all channels, but rows of values: the estimators work on the sampled values
/// of the channel together with its exact extremes, and the error is that of the sampled values.
Result<ActivationNumbers> perChannel(const stats::SiteStatistics& statistics, const SiteSettings& settings)
{
    ActivationNumbers numbers;
    numbers.range = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    const std::size_t channels = statistics.minimum.size();
    const std::size_t rows = statistics.sample.empty() ? 0 : static_cast<std::size_t>(statistics.sample.shape()[0]);
    const auto sample = rows > 0 ? statistics.sample.floats() : std::span<const float>{};
    std::vector<float> values;
    double clippedShare = 0;
    for (std::size_t c = 0; c < channels; ++c) {
        values.clear();
        for (std::size_t r = 0; r < rows; ++r)
            values.push_back(sample[r * channels + c]);
        values.push_back(statistics.minimum[c]);
        values.push_back(statistics.maximum[c]);
        QS_ASSIGN(const Estimator estimator, ofChannel(settings.estimator, c, channels));
        QS_ASSIGN(const Range range,
                  estimateRange(estimator, values, settings.bits, settings.scheme, {}, settings.zeroPoint));
        const UniformGrid grid =
            uniformGrid(range.low, range.high, settings.bits, settings.scheme, settings.zeroPoint);
        numbers.range.low = std::min(numbers.range.low, range.low);
        numbers.range.high = std::max(numbers.range.high, range.high);
        numbers.grid.qmin = grid.qmin;
        numbers.grid.qmax = grid.qmax;
        numbers.grid.scale.push_back(grid.scale[0]);
        numbers.grid.zeroPoint.push_back(grid.zeroPoint[0]);
        if (rows == 0)
            continue;
        for (std::size_t r = 0; r < rows; ++r) {
            const kernels::QuantGrid one{grid.scale[0], grid.zeroPoint[0], grid.qmin, grid.qmax};
            const auto sums = kernels::quantizationError({&values[r], 1}, one);
            (sums.clipped > 0 ? numbers.error.clipping : numbers.error.rounding) += sums.squaredError;
            clippedShare += static_cast<double>(sums.clipped);
        }
    }
    if (const auto seen = static_cast<double>(rows * channels); seen > 0) {
        numbers.error.rounding /= seen;
        numbers.error.clipping /= seen;
        numbers.error.clippedShare = clippedShare / seen;
    }
    return numbers;
}

bool suitsAll(const stats::SiteStatistics&)
{
    return true;
}

Result<ActivationNumbers> resolveUniform(const QuantizerInput& input)
{
    auto numbers = input.settings.granularity == Granularity::Channel ? perChannel(input.statistics, input.settings)
                                                                      : perTensor(input);
    if (numbers)
        numbers->map = makeUniformMap(numbers->grid);
    return numbers;
}

Result<RangeCandidates> uniformCandidates(const QuantizerInput& input)
{
    const SiteSettings& settings = input.settings;
    RangeCandidates candidates;
    for (const Range& range :
         searchRanges(settings.estimator.search, {input.statistics.low(), input.statistics.high()}, settings.bits,
                      settings.scheme, settings.zeroPoint)) {
        candidates.numbers.push_back(numbersOf(range, input.statistics, settings));
        candidates.numbers.back().map = makeUniformMap(candidates.numbers.back().grid);
    }
    return candidates;
}

} // namespace

QuantizerDef uniformQuantizer()
{
    return {
        kUniform, "Uniform",      "Equally spaced levels, as every integer runtime has them (ONNX QuantizeLinear).",
        suitsAll, resolveUniform, uniformCandidates};
}

} // namespace qs::quant
