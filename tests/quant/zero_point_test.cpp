#include "core/graph/find_sites.h"
#include "core/quant/grid_error.h"
#include "core/quant/resolve.h"
#include "core/quant/zero_point.h"
#include "core/stats/calibrate.h"

#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace qs::quant {
namespace {

/// Values spread evenly over [low, high] through the grid of that range.
struct Outcome {
    double error = 0; ///< mean square
    float smallest = 0, largest = 0;
};
Outcome through(double low, double high, Scheme scheme, ZeroPoint rule)
{
    constexpr int kCount = 10001;
    std::vector<float> values(kCount);
    for (int i = 0; i < kCount; ++i)
        values[static_cast<std::size_t>(i)] = static_cast<float>(low + (high - low) * i / (kCount - 1));
    std::vector<float> quantized(values.size());
    makeUniformMap(uniformGrid(low, high, 8, scheme, rule))->apply(values.data(), quantized.data(), {1, 1, kCount});
    Outcome outcome{0, *std::ranges::min_element(quantized), *std::ranges::max_element(quantized)};
    for (std::size_t i = 0; i < values.size(); ++i)
        outcome.error += std::pow(static_cast<double>(values[i]) - quantized[i], 2) / kCount;
    return outcome;
}

TEST(ZeroPoint, OverflowIsWhereClampingChangesIt)
{
    std::mt19937 random(7);
    std::uniform_real_distribution<double> uniform(-4, 4);
    for (int trial = 0; trial < 10000; ++trial) {
        const double a = uniform(random);
        const double b = uniform(random);
        const double low = std::min(a, b);
        const double high = std::max(a, b);
        for (int bits = 4; bits <= 8; ++bits) {
            const auto wide = uniformNumbers(low, high, bits, Scheme::Asymmetric, ZeroPoint::Wide);
            const bool isCode = wide.zeroPoint >= wide.qmin && wide.zeroPoint <= wide.qmax;
            // A range that ends within half a step of 0 still rounds onto a code.
            const bool near = std::min(std::abs(low), std::abs(high)) < wide.scale;
            if (zeroPointOverflows(low, high))
                ASSERT_TRUE(!isCode || near) << low << " " << high << " " << bits;
            else
                ASSERT_TRUE(isCode) << low << " " << high << " " << bits;
            const auto clamped = uniformNumbers(low, high, bits, Scheme::Asymmetric, ZeroPoint::Clamped);
            ASSERT_EQ(clamped.zeroPoint == wide.zeroPoint, isCode);
            ASSERT_EQ(clamped.scale, wide.scale);
        }
    }
}

TEST(ZeroPoint, ClampedLosesARangeAwayFromZero)
{
    const Outcome clamped = through(3, 5, Scheme::Asymmetric, ZeroPoint::Clamped);
    EXPECT_NEAR(clamped.smallest, 2, 2.0 / 255);
    EXPECT_EQ(clamped.smallest, clamped.largest); // everything saturates
    EXPECT_GT(clamped.error, 4);
    EXPECT_LT(through(3, 5, Scheme::Asymmetric, ZeroPoint::ZeroInRange).error, 4e-5);
    EXPECT_LT(through(3, 5, Scheme::Symmetric, ZeroPoint::Clamped).error, 1.5e-4);
    const double step = 2.0 / 255;
    EXPECT_NEAR(through(3, 5, Scheme::Asymmetric, ZeroPoint::Wide).error, step * step / 12, 1e-6);

    const Outcome below = through(-5, -3, Scheme::Asymmetric, ZeroPoint::Clamped);
    EXPECT_NEAR(below.largest, -2, step);
    EXPECT_GT(below.error, 4);

    const Outcome part = through(0.5, 5, Scheme::Asymmetric, ZeroPoint::Clamped);
    EXPECT_NEAR(part.largest, 4.5, 0.02);
    EXPECT_NEAR(part.error, 9.3e-3, 1e-3);
}

TEST(ZeroPoint, RangesWithZeroAreTheSameByEveryRule)
{
    for (const ZeroPoint rule : {ZeroPoint::Clamped, ZeroPoint::Wide}) {
        const auto grid = uniformNumbers(-1, 5, 8, Scheme::Asymmetric, rule);
        const auto usual = uniformNumbers(-1, 5, 8, Scheme::Asymmetric);
        EXPECT_EQ(grid.scale, usual.scale);
        EXPECT_EQ(grid.zeroPoint, usual.zeroPoint);
    }
}

TEST(ZeroPoint, ReportCountsChannels)
{
    stats::SiteStatistics statistics;
    statistics.minimum = {-1, 3, -5, 0, 2};
    statistics.maximum = {1, 5, -3, 0.5F, 2};
    const ZeroPointReport report = zeroPointReport(statistics);
    EXPECT_EQ(report.channels, 5U);
    EXPECT_EQ(report.overflowing, 3U);
    EXPECT_FALSE(report.tensorOverflows);
    EXPECT_DOUBLE_EQ(report.dynamicRange, 4);
}

/// Two thousand values around 6 and an outlier, none near 0.
std::vector<float> farFromZero(uint32_t seed, float outlier)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(6, 0.4F);
    std::vector<float> values(2000);
    for (float& value : values)
        value = std::clamp(normal(random), 5.0F, 7.0F);
    values.push_back(outlier);
    return values;
}

TEST(ZeroPoint, EstimatorsScoreTheGridThatTheRuleMakes)
{
    for (const float outlier : {4.0F, 9.0F, 20.0F})
        for (const ZeroPoint rule : {ZeroPoint::ZeroInRange, ZeroPoint::Clamped, ZeroPoint::Wide})
            for (const int bits : {3, 4, 8}) {
                const auto values = farFromZero(3, outlier);
                stats::Histogram histogram;
                histogram.add(values);
                const auto [low, high] = std::ranges::minmax(values);
                const auto errorOf = [&](const Range& range) {
                    const auto grid = uniformNumbers(range.low, range.high, bits, Scheme::Asymmetric, rule);
                    return expectedError(histogram, {grid.scale, grid.zeroPoint, grid.qmin, grid.qmax}).total();
                };
                const auto chosen = [&](const Estimator& estimator, ZeroPoint scored) {
                    const auto range =
                        estimateRange(estimator, histogram, low, high, bits, Scheme::Asymmetric, scored);
                    EXPECT_TRUE(range);
                    return range ? *range : Range{};
                };
                // Of percentiles the one that is best on its own grid.
                Estimator percentile{EstimatorKind::Percentile, {0.6, 0.75, 0.9, 0.99, 1}};
                double best = HUGE_VAL;
                for (const double p : percentile.percentiles)
                    best = std::min(best, errorOf(chosen(Estimator{EstimatorKind::Percentile, {p}}, rule)));
                EXPECT_EQ(errorOf(chosen(percentile, rule)), best) << bits;
                // Searches beat the whole range, and the one that moves each end what it finds under the plain rule.
                for (const EstimatorKind kind : {EstimatorKind::Mse, EstimatorKind::Search}) {
                    Estimator estimator{kind};
                    estimator.search = {.low = 0.1, .high = 1.2, .count = 100};
                    const double found = errorOf(chosen(estimator, rule));
                    const double plain = errorOf(chosen(estimator, ZeroPoint::ZeroInRange));
                    if (kind == EstimatorKind::Mse || rule != ZeroPoint::Wide) {
                        EXPECT_LE(found, plain * (1 + 1e-9)) << bits;
                    }
                    EXPECT_LE(found, errorOf({low, high}) * (1 + 1e-9)) << bits;
                    if (rule == ZeroPoint::Wide && outlier < 10) {
                        EXPECT_LT(found, 0.5 * plain) << bits; // steps over 3 or 5 units, not over 7 or 9
                    }
                }
            }
}

/// A convolution behind a bias that lifts every value above 0.
TEST(ZeroPoint, PlanWarnsOfOverflow)
{
    const auto graph = graph::parse("input x:1x1x4x4\nw:2x1x1x1 = [0.1 -0.1]\nb:2 = [9 8]\nv:2x2x1x1 = random(1)\n"
                                    "a:1x2x4x4 = Conv(x, w, b) group=1\nc:1x2x4x4 = Conv(a, v) group=1\n"
                                    "m:1x2 = ReduceMean(c) axes=[2 3] keepdims=0\noutput m\n");
    ASSERT_TRUE(graph) << graph.error().text();
    const graph::SiteTable sites = graph::findSites(*graph);
    const auto calibration = stats::calibrate({*graph, sites}, test::NoiseImages{4}, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    const auto overflows = [&](ZeroPoint rule, Granularity granularity) {
        recipe.activation.zeroPoint = rule;
        recipe.activation.granularity = granularity;
        const auto plan = resolve({*graph, sites}, *calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return std::ranges::count_if((*plan)->warnings, [](const std::string& warning) {
            return warning.find("zero-point overflow") != std::string::npos;
        });
    };
    EXPECT_EQ(overflows(ZeroPoint::Clamped, Granularity::Tensor), 1);
    EXPECT_EQ(overflows(ZeroPoint::Clamped, Granularity::Channel), 1);
    EXPECT_EQ(overflows(ZeroPoint::ZeroInRange, Granularity::Tensor), 0);
    EXPECT_EQ(overflows(ZeroPoint::Wide, Granularity::Tensor), 0);
}

} // namespace
} // namespace qs::quant
