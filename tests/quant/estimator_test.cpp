#include "core/quant/estimator.h"
#include "core/quant/grid_error.h"

#include "core/quant/quantizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qs::quant {
namespace {

UniformGridView view(const UniformGrid& grid)
{
    return {grid.scale[0], grid.zeroPoint[0], grid.qmin, grid.qmax};
}

double quantized(double x, const UniformGridView& grid)
{
    const double code = std::nearbyint(x / grid.scale) + grid.zeroPoint;
    return (std::clamp<double>(code, grid.qmin, grid.qmax) - grid.zeroPoint) * grid.scale;
}

double meanSquaredError(const std::vector<float>& values, const Range& range, int bits, Scheme scheme)
{
    const UniformGridView grid = view(uniformGrid(range.low, range.high, bits, scheme));
    double sum = 0;
    for (const float value : values)
        sum += (value - quantized(value, grid)) * (value - quantized(value, grid));
    return sum / static_cast<double>(values.size());
}

std::vector<float> heavyTailed(std::size_t count, unsigned seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = normal(engine) * (i % 1000 == 0 ? 15.0F : 1.0F) + 0.2F;
    return values;
}

std::vector<float> gelu(std::size_t count, unsigned seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(-0.5F, 1.2F);
    std::vector<float> values(count);
    for (float& value : values) {
        const float x = normal(engine);
        value = 0.5F * x * (1 + std::erf(x / std::sqrt(2.0F)));
    }
    return values;
}

stats::Histogram histogramOf(const std::vector<float>& values)
{
    stats::Histogram histogram;
    histogram.add(values);
    return histogram;
}

Range extremes(const std::vector<float>& values)
{
    const auto [low, high] = std::ranges::minmax(values);
    return {low, high};
}

Estimator estimator(EstimatorKind kind)
{
    Estimator result;
    result.kind = kind;
    return result;
}

// ---- expectedError

TEST(ExpectedError, EqualsTheIntegralOverUniformBins)
{
    const auto histogram = histogramOf(heavyTailed(5000, 3));
    constexpr int kPoints = 2000;
    for (const double scale : {0.7, 0.11, 0.013, histogram.width() * 1.3, histogram.width() * 0.37}) {
        for (const auto& [qmin, qmax, zero] : {std::tuple{-7, 7, 0}, std::tuple{0, 15, 5}, std::tuple{0, 255, 31}}) {
            const UniformGridView grid{scale, zero, qmin, qmax};
            const double begin = (qmin - zero - 0.5) * scale;
            const double end = (qmax - zero + 0.5) * scale;
            GridError expected;
            const auto counts = histogram.counts();
            for (std::size_t bin = 0; bin < counts.size(); ++bin) {
                for (int i = 0; counts[bin] > 0 && i < kPoints; ++i) {
                    const double x =
                        histogram.low() + (static_cast<double>(bin) + (i + 0.5) / kPoints) * histogram.width();
                    const double share =
                        static_cast<double>(counts[bin]) / kPoints / static_cast<double>(histogram.total());
                    const double square = std::pow(x - quantized(x, grid), 2) * share;
                    if (x < begin || x > end) {
                        expected.clipping += square;
                        expected.clippedShare += share;
                    } else {
                        expected.rounding += square;
                    }
                }
            }
            const GridError error = expectedError(histogram, grid);
            EXPECT_NEAR(error.rounding, expected.rounding, 2e-3 * expected.rounding) << scale;
            EXPECT_NEAR(error.clipping, expected.clipping, 2e-3 * expected.clipping + 1e-12) << scale;
            EXPECT_NEAR(error.clippedShare, expected.clippedShare, 1e-4) << scale;
        }
    }
}

TEST(ExpectedError, IsNearTheErrorOfTheValuesThemselves)
{
    for (const auto& values : {heavyTailed(40000, 5), gelu(40000, 6)}) {
        const auto histogram = histogramOf(values);
        for (int bits = 3; bits <= 8; ++bits) {
            for (const double shrink : {1.0, 0.4}) {
                const Range all = extremes(values);
                const Range range{all.low * shrink, all.high * shrink};
                const double direct = meanSquaredError(values, range, bits, Scheme::Asymmetric);
                const GridError error =
                    expectedError(histogram, view(uniformGrid(range.low, range.high, bits, Scheme::Asymmetric)));
                EXPECT_NEAR(error.total(), direct, 0.02 * direct) << bits;
            }
        }
    }
}

TEST(ExpectedError, FineGridGivesStepSquaredOverTwelve)
{
    const auto histogram = histogramOf(gelu(10000, 1));
    const double step = histogram.width() / 50;
    const GridError error = expectedError(histogram, {step, 0, -(1 << 23), 1 << 23});
    EXPECT_NEAR(error.rounding, step * step / 12, step * step * 1e-4);
    EXPECT_EQ(error.clipping, 0);
    EXPECT_EQ(error.clippedShare, 0);
    EXPECT_EQ(expectedError({}, {1, 0, 0, 255}).total(), 0);
}

// ---- ranges

TEST(EstimateRange, MinMaxIsExact)
{
    const auto values = heavyTailed(3000, 9);
    const Range all = extremes(values);
    const Range fromValues = *estimateRange(Estimator{}, values, 8, Scheme::Asymmetric);
    const Range fromHistogram =
        *estimateRange(Estimator{}, histogramOf(values), all.low, all.high, 8, Scheme::Asymmetric);
    EXPECT_EQ(fromValues.low, all.low);
    EXPECT_EQ(fromValues.high, all.high);
    EXPECT_EQ(fromHistogram.low, all.low);
    EXPECT_EQ(fromHistogram.high, all.high);
}

TEST(EstimateRange, PercentileTakesTheCandidateWithTheSmallestError)
{
    const auto values = heavyTailed(400000, 10);
    const auto histogram = histogramOf(values);
    const Range all = extremes(values);
    std::vector<float> sorted = values;
    std::ranges::sort(sorted);
    for (const int bits : {3, 4, 6, 8}) {
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
            const Estimator percentile = estimator(EstimatorKind::Percentile);
            Range best;
            double smallest = std::numeric_limits<double>::infinity();
            for (const double p : percentile.percentiles) {
                const auto index = [&](double q) {
                    return static_cast<double>(sorted[static_cast<std::size_t>(q * 399999)]);
                };
                const Range range{index(1 - p), index(p)};
                const double error = meanSquaredError(values, range, bits, scheme);
                if (error < smallest) {
                    smallest = error;
                    best = range;
                }
            }
            const Range range = *estimateRange(percentile, histogram, all.low, all.high, bits, scheme);
            const double reached = meanSquaredError(values, range, bits, scheme);
            EXPECT_LE(reached, smallest * 1.05) << bits;
            EXPECT_GE(range.low, all.low);
            EXPECT_LE(range.high, all.high);
        }
    }
    Estimator one = estimator(EstimatorKind::Percentile);
    one.percentiles = {1.0};
    const Range range = *estimateRange(one, histogram, all.low, all.high, 4, Scheme::Asymmetric);
    EXPECT_EQ(range.high, all.high);
    EXPECT_NEAR(range.low, all.low, histogram.width());
}

TEST(EstimateRange, PercentileOfFewValuesInterpolatesLikeNumPy)
{
    std::vector<float> values;
    for (int i = 0; i <= 100; ++i)
        values.push_back(static_cast<float>((i * 37) % 101));
    Estimator percentile = estimator(EstimatorKind::Percentile);
    percentile.percentiles = {0.995};
    const Range range = *estimateRange(percentile, values, 8, Scheme::Asymmetric);
    EXPECT_NEAR(range.low, 0.5, 1e-9);
    EXPECT_NEAR(range.high, 99.5, 1e-9);
}

TEST(EstimateRange, MseIsNearTheBestOfAllPairs)
{
    for (const auto& values : {heavyTailed(4000, 20), gelu(4000, 21)}) {
        const auto histogram = histogramOf(values);
        const Range all = extremes(values);
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
            const double bound = std::max(-all.low, all.high);
            double smallest = std::numeric_limits<double>::infinity();
            for (int i = 2; i <= 100; i += 2) {
                for (int j = 2; j <= 100; j += 2) {
                    if (scheme == Scheme::Symmetric && i != j)
                        continue;
                    const Range range = scheme == Scheme::Symmetric ? Range{-bound * i / 100, bound * i / 100}
                                                                    : Range{all.low * i / 100, all.high * j / 100};
                    smallest = std::min(smallest, meanSquaredError(values, range, 4, scheme));
                }
            }
            const Estimator mse = estimator(EstimatorKind::Mse);
            const Range fromHistogram = *estimateRange(mse, histogram, all.low, all.high, 4, scheme);
            const Range fromValues = *estimateRange(mse, values, 4, scheme);
            EXPECT_LE(meanSquaredError(values, fromHistogram, 4, scheme), smallest * 1.1);
            EXPECT_LE(meanSquaredError(values, fromValues, 4, scheme), smallest * 1.05);
        }
    }
}

TEST(EstimateRange, MseAndEntropyCutOutliersAndStayInside)
{
    auto values = heavyTailed(100000, 30);
    values[5] = 150;
    const auto histogram = histogramOf(values);
    const Range all = extremes(values);
    for (const EstimatorKind kind : {EstimatorKind::Mse, EstimatorKind::Entropy}) {
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
            const Range range = *estimateRange(estimator(kind), histogram, all.low, all.high, 6, scheme);
            EXPECT_LT(range.high, 100) << static_cast<int>(kind);
            EXPECT_GT(range.high, 2);
            EXPECT_LT(range.low, 0);
            EXPECT_LE(range.low, range.high);
        }
    }
}

TEST(EstimateRange, EntropyKeepsAUniformDistributionWhole)
{
    std::vector<float> values;
    for (int i = 0; i < 200000; ++i)
        values.push_back(static_cast<float>(i) / 200000.0F);
    const auto histogram = histogramOf(values);
    for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
        const Range range = *estimateRange(estimator(EstimatorKind::Entropy), histogram, 0, values.back(), 6, scheme);
        EXPECT_GT(range.high, 0.98);
    }
}

TEST(EstimateRange, ConstantsAndOneSidedValuesWork)
{
    const std::vector<float> constant(100, 3.5F);
    const std::vector<float> negative{-4, -3, -2.5F, -2};
    for (const EstimatorKind kind :
         {EstimatorKind::MinMax, EstimatorKind::Percentile, EstimatorKind::Mse, EstimatorKind::Entropy}) {
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
            const Range whole = *estimateRange(estimator(kind), histogramOf(constant), 3.5, 3.5, 8, scheme);
            EXPECT_EQ(whole.high, 3.5);
            const Range range = *estimateRange(estimator(kind), histogramOf(negative), -4, -2, 8, scheme);
            EXPECT_LE(range.low, -1.9);
            EXPECT_LE(range.low, range.high);
        }
    }
}

TEST(EstimateRange, ManualIsTakenAsItIs)
{
    Estimator manual = estimator(EstimatorKind::Manual);
    manual.low = -2;
    manual.high = 7;
    const Range range = *estimateRange(manual, histogramOf({1, 2}), 1, 2, 8, Scheme::Asymmetric);
    EXPECT_EQ(range.low, -2);
    EXPECT_EQ(range.high, 7);
}

TEST(EstimateRange, RefusesSettingsThatMakeNoSense)
{
    const std::vector<float> values{1, 2, 3};
    const auto code = [&](const Estimator& bad) {
        const auto result = estimateRange(bad, values, 8, Scheme::Asymmetric);
        return result ? ErrorCode::Internal : result.error().code;
    };
    Estimator bad = estimator(EstimatorKind::Manual);
    bad.low = 2;
    bad.high = 1;
    EXPECT_EQ(code(bad), ErrorCode::InvalidArgument);
    bad.low = std::nan("");
    EXPECT_EQ(code(bad), ErrorCode::InvalidArgument);
    bad.low = -std::numeric_limits<double>::infinity();
    EXPECT_EQ(code(bad), ErrorCode::InvalidArgument);
    for (const double p : {0.5, 1.5, -1.0, std::nan("")}) {
        bad = estimator(EstimatorKind::Percentile);
        bad.percentiles = {0.99, p};
        EXPECT_EQ(code(bad), ErrorCode::InvalidArgument) << p;
    }
    bad.percentiles = {};
    EXPECT_EQ(code(bad), ErrorCode::InvalidArgument);
}

} // namespace
} // namespace qs::quant
