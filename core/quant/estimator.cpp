// Based on: RepQ-ViT (percentiles by squared error); TensorRT's entropy calibrator (entropy_range.cpp).
// Deviations: percentiles come from a histogram of all values instead of one batch.
#include "core/quant/estimator.h"

#include "core/kernels/quantize.h"
#include "core/kernels/statistics.h"
#include "core/quant/entropy_range.h"
#include "core/quant/quantizer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace qs::quant {

namespace {

/// Above this many values a histogram decides instead of the values: 500 candidates stay under 10 ms.
constexpr std::size_t kDirectValues = 8192;
constexpr int kSteps = 100;
constexpr int kCoarse = 10;

using RangeError = std::function<double(const Range&)>;
using Quantile = std::function<double(double)>;

UniformGridView viewOf(const UniformGrid& grid)
{
    return {grid.scale[0], grid.zeroPoint[0], grid.qmin, grid.qmax};
}

Result<void> check(const Estimator& estimator)
{
    if (estimator.kind == EstimatorKind::Manual && !(estimator.low <= estimator.high))
        return fail(ErrorCode::InvalidArgument, "the manual range needs low <= high");
    if (estimator.kind == EstimatorKind::Manual && !(std::isfinite(estimator.low) && std::isfinite(estimator.high)))
        return fail(ErrorCode::InvalidArgument, "the manual range must be finite");
    if (estimator.kind != EstimatorKind::Percentile)
        return {};
    if (estimator.percentiles.empty())
        return fail(ErrorCode::InvalidArgument, "no percentile is given");
    for (const double p : estimator.percentiles)
        if (!(p > 0.5 && p <= 1))
            return fail(ErrorCode::InvalidArgument, "a percentile must lie in (0.5, 1]");
    return {};
}

Range percentileRange(const std::vector<double>& percentiles, const Quantile& quantile, const RangeError& error)
{
    Range best;
    double smallest = -1;
    for (const double p : percentiles) {
        const Range range{quantile(1 - p), quantile(p)};
        const double here = percentiles.size() == 1 ? 0 : error(range);
        if (smallest < 0 || here < smallest) {
            smallest = here;
            best = range;
        }
    }
    return best;
}

/// Shrinks both ends over kSteps steps: every kCoarse-th pair first, then all around the best. One dimension where
/// the scheme is symmetric or one end is 0.
Range mseRange(double minimum, double maximum, Scheme scheme, const RangeError& error)
{
    double low = std::min(minimum, 0.0);
    double high = std::max(maximum, 0.0);
    if (scheme == Scheme::Symmetric) {
        high = std::max(-low, high);
        low = -high;
    }
    int bestLow = kSteps;
    int bestHigh = kSteps;
    const auto at = [&](int lowStep, int highStep) {
        return Range{low * lowStep / kSteps, high * highStep / kSteps};
    };
    double smallest = error(at(kSteps, kSteps));
    const auto consider = [&](int lowStep, int highStep) {
        const double here = error(at(lowStep, highStep));
        if (here < smallest) {
            smallest = here;
            bestLow = lowStep;
            bestHigh = highStep;
        }
    };
    if (scheme == Scheme::Symmetric || low == 0 || high == 0) {
        for (int step = 1; step < kSteps; ++step)
            consider(step, step);
        return at(bestLow, bestHigh);
    }
    for (int lowStep = kCoarse; lowStep <= kSteps; lowStep += kCoarse)
        for (int highStep = kCoarse; highStep <= kSteps; highStep += kCoarse)
            consider(lowStep, highStep);
    // Then each end in turn, between the coarse steps around the best.
    for (int round = 0; round < 2; ++round) {
        for (int step = bestLow - kCoarse + 1, last = bestLow + kCoarse - 1; step <= last; ++step)
            if (step >= 1 && step <= kSteps)
                consider(step, bestHigh);
        for (int step = bestHigh - kCoarse + 1, last = bestHigh + kCoarse - 1; step <= last; ++step)
            if (step >= 1 && step <= kSteps)
                consider(bestLow, step);
    }
    return at(bestLow, bestHigh);
}

Range chooseRange(const Estimator& estimator, double minimum, double maximum, Scheme scheme, const Quantile& quantile,
                  const RangeError& error)
{
    if (estimator.kind == EstimatorKind::Percentile)
        return percentileRange(estimator.percentiles, quantile, error);
    return mseRange(minimum, maximum, scheme, error);
}

} // namespace

Result<Range> estimateRange(const Estimator& estimator, const stats::Histogram& histogram, double minimum,
                            double maximum, int bits, Scheme scheme)
{
    QS_CHECK(check(estimator));
    if (estimator.kind == EstimatorKind::Manual)
        return Range{estimator.low, estimator.high};
    if (estimator.kind == EstimatorKind::MinMax || histogram.empty() || minimum >= maximum)
        return Range{minimum, maximum};
    if (estimator.kind == EstimatorKind::Entropy) {
        const Range range = entropyRange(histogram, bits, scheme);
        return Range{std::clamp(range.low, std::min(minimum, 0.0), maximum),
                     std::clamp(range.high, minimum, std::max(maximum, 0.0))};
    }
    return chooseRange(
        estimator, minimum, maximum, scheme,
        [&](double q) { return std::clamp(histogram.quantile(q), minimum, maximum); },
        [&](const Range& range) {
            return expectedError(histogram, viewOf(uniformGrid(range.low, range.high, bits, scheme))).total();
        });
}

Result<Range> estimateRange(const Estimator& estimator, std::span<const float> values, int bits, Scheme scheme)
{
    QS_CHECK(check(estimator));
    if (estimator.kind == EstimatorKind::Manual)
        return Range{estimator.low, estimator.high};
    if (values.empty())
        return Range{};
    const auto extremes = kernels::minMax(values);
    const double minimum = extremes.min;
    const double maximum = extremes.max;
    if (estimator.kind == EstimatorKind::MinMax || minimum >= maximum)
        return Range{minimum, maximum};
    if (estimator.kind == EstimatorKind::Entropy || values.size() > kDirectValues) {
        stats::Histogram histogram;
        histogram.add(values);
        return estimateRange(estimator, histogram, minimum, maximum, bits, scheme);
    }
    std::vector<float> sorted;
    if (estimator.kind == EstimatorKind::Percentile) {
        sorted.assign(values.begin(), values.end());
        std::ranges::sort(sorted);
    }
    return chooseRange(
        estimator, minimum, maximum, scheme,
        [&](double q) {
            const double at = q * static_cast<double>(sorted.size() - 1);
            const auto below = static_cast<std::size_t>(at);
            const std::size_t above = std::min(below + 1, sorted.size() - 1);
            const double part = at - static_cast<double>(below);
            return (1 - part) * sorted[below] + part * sorted[above];
        },
        [&](const Range& range) {
            const auto grid = uniformGrid(range.low, range.high, bits, scheme);
            return kernels::quantizationError(values, {grid.scale[0], grid.zeroPoint[0], grid.qmin, grid.qmax})
                .squaredError;
        });
}

} // namespace qs::quant
