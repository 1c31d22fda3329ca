// Based on: RepQ-ViT (percentiles by squared error); TensorRT's entropy calibrator (entropy_range.cpp).
// Deviations: percentiles come from a histogram of all values instead of one batch.
#include "core/quant/estimator.h"
#include "core/quant/grid_error.h"

#include "core/kernels/quantize.h"
#include "core/kernels/statistics.h"
#include "core/quant/entropy_range.h"
#include "core/quant/quantizer.h"
#include "core/quant/search_grid.h"

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

/// Errors of candidates; the two spans have the same size.
using RangeErrors = std::function<void(std::span<const Range>, std::span<double>)>;
using Quantile = std::function<double(double)>;

Result<void> check(const Estimator& estimator)
{
    if (estimator.kind == EstimatorKind::Manual && !(estimator.low <= estimator.high))
        return fail(ErrorCode::InvalidArgument, "the manual range needs low <= high");
    if (estimator.kind == EstimatorKind::Manual && !(std::isfinite(estimator.low) && std::isfinite(estimator.high)))
        return fail(ErrorCode::InvalidArgument, "the manual range must be finite");
    if (estimator.kind == EstimatorKind::Scaled && !(estimator.factor > 0 && std::isfinite(estimator.factor)))
        return fail(ErrorCode::InvalidArgument, "the factor of a scaled range must be above 0");
    if (estimator.kind == EstimatorKind::Search)
        return checkGrid(estimator.search);
    if (estimator.kind != EstimatorKind::Percentile)
        return {};
    if (estimator.percentiles.empty())
        return fail(ErrorCode::InvalidArgument, "no percentile is given");
    for (const double p : estimator.percentiles)
        if (!(p > 0.5 && p <= 1))
            return fail(ErrorCode::InvalidArgument, "a percentile must lie in (0.5, 1]");
    return {};
}

Range percentileRange(const std::vector<double>& percentiles, const Quantile& quantile, const RangeErrors& errorsOf)
{
    std::vector<Range> ranges;
    for (const double p : percentiles)
        ranges.push_back({quantile(1 - p), quantile(p)});
    if (ranges.size() == 1)
        return ranges[0];
    std::vector<double> errors(ranges.size());
    errorsOf(ranges, errors);
    return ranges[static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin())];
}

Range searchedRange(const Estimator& estimator, const Range& seen, int bits, Scheme scheme, ZeroPoint zeroPoint,
                    const RangeErrors& errorsOf)
{
    const std::vector<Range> ranges = searchRanges(estimator.search, seen, bits, scheme, zeroPoint);
    std::vector<double> errors(ranges.size());
    errorsOf(ranges, errors);
    return ranges[static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin())];
}

/// Shrinks both ends over kSteps steps, to 0, or in a range without 0 that may stay so to each other: every
/// kCoarse-th pair first, then all around the best. One dimension where the scheme is symmetric or one end is 0.
Range mseRange(double minimum, double maximum, Scheme scheme, ZeroPoint zeroPoint, const RangeErrors& errorsOf)
{
    const bool free = zeroPoint == ZeroPoint::Wide && scheme == Scheme::Asymmetric;
    double low = free ? minimum : std::min(minimum, 0.0);
    double high = free ? maximum : std::max(maximum, 0.0);
    const bool apart = low > 0 || high < 0;
    const double lowTo = apart ? high : 0; // where an end is moved to
    const double highTo = apart ? low : 0;
    if (scheme == Scheme::Symmetric) {
        high = std::max(-low, high);
        low = -high;
    }
    struct Steps {
        int low, high;
    };
    Steps best{kSteps, kSteps};
    double smallest = HUGE_VAL;
    std::vector<bool> seen((kSteps + 1) * (kSteps + 1), false);
    std::vector<Steps> candidates;
    std::vector<Range> ranges;
    std::vector<double> errors;
    const auto at = [&](const Steps& steps) {
        return Range{lowTo + (low - lowTo) * steps.low / kSteps, highTo + (high - highTo) * steps.high / kSteps};
    };
    const auto propose = [&](int lowStep, int highStep) {
        if (lowStep < 1 || lowStep > kSteps || highStep < 1 || highStep > kSteps ||
            (apart && lowStep + highStep <= kSteps)) // the ends would meet
            return;
        const auto number = static_cast<std::size_t>(lowStep * (kSteps + 1) + highStep);
        if (seen[number])
            return;
        seen[number] = true;
        candidates.push_back({lowStep, highStep});
        ranges.push_back(at(candidates.back()));
    };
    const auto decide = [&] {
        errors.resize(ranges.size());
        errorsOf(ranges, errors);
        for (std::size_t i = 0; i < ranges.size(); ++i)
            if (errors[i] < smallest) {
                smallest = errors[i];
                best = candidates[i];
            }
        candidates.clear();
        ranges.clear();
    };
    propose(kSteps, kSteps);
    if (scheme == Scheme::Symmetric || low == 0 || high == 0) {
        for (int step = 1; step < kSteps; ++step)
            propose(step, step);
        decide();
        return at(best);
    }
    for (int lowStep = kCoarse; lowStep <= kSteps; lowStep += kCoarse)
        for (int highStep = kCoarse; highStep <= kSteps; highStep += kCoarse)
            propose(lowStep, highStep);
    decide();
    // Then each end in turn, between the coarse steps around the best.
    for (int round = 0; round < 2; ++round) {
        for (int offset = 1 - kCoarse; offset < kCoarse; ++offset)
            propose(best.low + offset, best.high);
        decide();
        for (int offset = 1 - kCoarse; offset < kCoarse; ++offset)
            propose(best.low, best.high + offset);
        decide();
    }
    return at(best);
}

/// sum of importance · (x - x')². For choosing among candidates: codes may differ from the kernels' at exact ties.
double weightedError(std::span<const float> values, std::span<const float> importance, const kernels::QuantGrid& grid)
{
    constexpr float kRound = 12582912.0F; // 1.5 · 2^23: adding it rounds to an integer, half to even
    constexpr std::size_t kLanes = 8;
    const float inverse = 1 / grid.scale;
    const auto lowest = static_cast<float>(grid.qmin - grid.zeroPoint);
    const auto highest = static_cast<float>(grid.qmax - grid.zeroPoint);
    float sums[kLanes] = {};
    const auto add = [&](std::size_t i, std::size_t lane) {
        const float clamped = std::clamp(values[i] * inverse, lowest, highest);
        const float difference = values[i] - ((clamped + kRound) - kRound) * grid.scale;
        sums[lane] += importance[i] * difference * difference;
    };
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            add(i + lane, lane);
    for (; i < values.size(); ++i)
        add(i, 0);
    double sum = 0;
    for (const float part : sums)
        sum += part;
    return sum;
}

bool isWhole(EstimatorKind kind)
{
    return kind == EstimatorKind::MinMax || kind == EstimatorKind::MinMaxHalf || kind == EstimatorKind::Scaled;
}

/// MinMax, MinMaxHalf and Scaled.
Range wholeRange(const Estimator& estimator, double minimum, double maximum, int bits, Scheme scheme)
{
    const bool scaled = estimator.kind == EstimatorKind::Scaled;
    if (scheme == Scheme::Asymmetric)
        return {minimum, scaled ? minimum + estimator.factor * (maximum - minimum) : maximum};
    if (estimator.kind == EstimatorKind::MinMax)
        return {minimum, maximum};
    const double codes = (1 << (bits - 1)) - 1;
    const double half = std::max(std::abs(minimum), std::abs(maximum)) * codes / (codes + 0.5);
    const double largest = scaled ? half * estimator.factor : half;
    return {-largest, largest};
}

Range chooseRange(const Estimator& estimator, double minimum, double maximum, int bits, Scheme scheme,
                  ZeroPoint zeroPoint, const Quantile& quantile, const RangeErrors& errorsOf)
{
    if (estimator.kind == EstimatorKind::Search)
        return searchedRange(estimator, {minimum, maximum}, bits, scheme, zeroPoint, errorsOf);
    if (estimator.kind == EstimatorKind::Percentile)
        return percentileRange(estimator.percentiles, quantile, errorsOf);
    return mseRange(minimum, maximum, scheme, zeroPoint, errorsOf);
}

} // namespace

Result<Estimator> ofChannel(const Estimator& estimator, std::size_t channel, std::size_t channels)
{
    Estimator one = estimator;
    if (estimator.kind != EstimatorKind::Manual || (estimator.channelLow.empty() && estimator.channelHigh.empty()))
        return one;
    if (estimator.channelLow.size() != channels || estimator.channelHigh.size() != channels)
        return fail(ErrorCode::InvalidArgument, "the manual ranges are those of " +
                                                    std::to_string(estimator.channelLow.size()) + " channels, not " +
                                                    std::to_string(channels));
    one.low = estimator.channelLow[channel];
    one.high = estimator.channelHigh[channel];
    one.channelLow.clear();
    one.channelHigh.clear();
    return one;
}

Result<Range> estimateRange(const Estimator& estimator, const stats::Histogram& histogram, double minimum,
                            double maximum, int bits, Scheme scheme, ZeroPoint zeroPoint)
{
    QS_CHECK(check(estimator));
    if (estimator.kind == EstimatorKind::Manual)
        return Range{estimator.low, estimator.high};
    if (isWhole(estimator.kind))
        return wholeRange(estimator, minimum, maximum, bits, scheme);
    if (histogram.empty() || minimum >= maximum)
        return Range{minimum, maximum};
    if (estimator.kind == EstimatorKind::Entropy) {
        const Range range = entropyRange(histogram, bits, scheme);
        return Range{std::clamp(range.low, std::min(minimum, 0.0), maximum),
                     std::clamp(range.high, minimum, std::max(maximum, 0.0))};
    }
    return chooseRange(
        estimator, minimum, maximum, bits, scheme, zeroPoint,
        [&](double q) { return std::clamp(histogram.quantile(q), minimum, maximum); },
        [&](std::span<const Range> ranges, std::span<double> errors) {
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                const auto grid = uniformNumbers(ranges[i].low, ranges[i].high, bits, scheme, zeroPoint);
                errors[i] = expectedError(histogram, {grid.scale, grid.zeroPoint, grid.qmin, grid.qmax}).total();
            }
        });
}

Result<Range> estimateRange(const Estimator& estimator, std::span<const float> values, int bits, Scheme scheme,
                            std::span<const float> importance, ZeroPoint zeroPoint)
{
    QS_CHECK(check(estimator));
    if (estimator.kind == EstimatorKind::Manual)
        return Range{estimator.low, estimator.high};
    if (values.empty())
        return Range{};
    const auto extremes = kernels::minMax(values);
    const double minimum = extremes.min;
    const double maximum = extremes.max;
    if (isWhole(estimator.kind))
        return wholeRange(estimator, minimum, maximum, bits, scheme);
    if (minimum >= maximum)
        return Range{minimum, maximum};
    if (estimator.kind == EstimatorKind::Entropy || (values.size() > kDirectValues && importance.empty())) {
        stats::Histogram histogram;
        histogram.add(values);
        return estimateRange(estimator, histogram, minimum, maximum, bits, scheme, zeroPoint);
    }
    std::vector<float> sorted;
    if (estimator.kind == EstimatorKind::Percentile) {
        sorted.assign(values.begin(), values.end());
        std::ranges::sort(sorted);
    }
    std::vector<kernels::QuantGrid> grids;
    std::vector<kernels::ErrorSums> sums;
    return chooseRange(
        estimator, minimum, maximum, bits, scheme, zeroPoint,
        [&](double q) {
            const double at = q * static_cast<double>(sorted.size() - 1);
            const auto below = static_cast<std::size_t>(at);
            const std::size_t above = std::min(below + 1, sorted.size() - 1);
            const double part = at - static_cast<double>(below);
            return (1 - part) * sorted[below] + part * sorted[above];
        },
        [&](std::span<const Range> ranges, std::span<double> errors) {
            grids.clear();
            for (const Range& range : ranges)
                grids.push_back(uniformNumbers(range.low, range.high, bits, scheme, zeroPoint));
            if (!importance.empty()) {
                for (std::size_t i = 0; i < grids.size(); ++i)
                    errors[i] = weightedError(values, importance, grids[i]);
                return;
            }
            sums.resize(ranges.size());
            kernels::quantizationErrors(values, grids, sums);
            for (std::size_t i = 0; i < ranges.size(); ++i)
                errors[i] = sums[i].squaredError;
        });
}

} // namespace qs::quant
