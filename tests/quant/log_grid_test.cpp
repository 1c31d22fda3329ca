#include "core/quant/grid_error.h"
#include "core/quant/level_error.h"
#include "core/quant/quantizers.h"
#include "tests/quant/region_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qs::quant {
namespace {

using test::meanSquaredError;
using test::resolved;
using test::settingsOf;
using test::softmaxValues;
using test::statisticsOf;

TEST(LogGrid, HasTheLevelsOfItsFormula)
{
    EXPECT_EQ(levelsOf(LogGrid{1, false, 4, false}), (std::vector<double>{0, 0.25, 0.5, 1}));
    EXPECT_EQ(levelsOf(LogGrid{1, false, 4, true}), (std::vector<double>{0, 0.125, 0.25, 0.5, 1}));
    const auto levels = levelsOf(LogGrid{2, true, 8, false});
    ASSERT_EQ(levels.size(), 8U);
    EXPECT_EQ(levels[0], 0);
    for (std::size_t q = 0; q < 7; ++q)
        EXPECT_NEAR(levels[7 - q], 2 * std::exp2(-static_cast<double>(q) / 2), 1e-6);
}

TEST(LogGrid, MapsToItsLevelsAndDecidesAtItsBorders)
{
    for (const bool rootTwo : {false, true})
        for (const float scale : {1.0F, 0.83F, 5e-4F})
            for (const int bits : {2, 3, 4, 6, 8})
                for (const bool extraZero : {false, true}) {
                    const LogGrid grid{scale, rootTwo, 1 << bits, extraZero};
                    const LevelCells cells = cellsOf(grid);
                    const auto map = makeLogMap(grid);
                    ASSERT_LE(cells.levels.size(), (std::size_t{1} << bits) + (extraZero ? 1 : 0));
                    ASSERT_EQ(cells.borders.size() + 1, cells.levels.size());
                    EXPECT_TRUE(std::ranges::is_sorted(cells.levels));
                    EXPECT_EQ(std::ranges::adjacent_find(cells.levels), cells.levels.end());
                    for (std::size_t i = 0; i < cells.borders.size(); ++i) {
                        if (cells.borders[i] < 1e-36)
                            continue;
                        const double below = cells.borders[i] * (1 - 1e-6);
                        const double above = cells.borders[i] * (1 + 1e-6);
                        const auto result =
                            test::mapped(*map, {static_cast<float>(below), static_cast<float>(above)});
                        EXPECT_EQ(result[0], static_cast<float>(cells.levels[i])) << bits << ' ' << i;
                        EXPECT_EQ(result[1], static_cast<float>(cells.levels[i + 1])) << bits << ' ' << i;
                    }
                    EXPECT_EQ(test::mapped(*map, {0.0F, scale, 2 * scale}), (std::vector<float>{0, scale, scale}));
                }
}

/// What is on the grid stays there, order is kept, and the ratio to the value is at most half a code.
TEST(LogGrid, IsIdempotentMonotoneAndRelativelyPrecise)
{
    auto values = softmaxValues(100, 2);
    std::ranges::sort(values);
    for (const bool rootTwo : {false, true}) {
        const LogGrid grid{values.back(), rootTwo, 16, false};
        const auto map = makeLogMap(grid);
        const auto result = test::mapped(*map, values);
        EXPECT_TRUE(std::ranges::is_sorted(result));
        EXPECT_EQ(test::mapped(*map, result), result);
        for (std::size_t i = 0; i < values.size(); ++i)
            if (result[i] > 0) {
                EXPECT_LE(std::abs(std::log2(result[i] / values[i])), (rootTwo ? 0.25 : 0.5) + 1e-5);
            }
    }
}

TEST(LogGrid, TheHistogramsErrorIsThatOfTheMap)
{
    // Wide bins and a logarithm do not go together: the histogram is exact where values are uniform inside a bin.
    std::vector<float> values;
    for (int i = 0; i < 200'000; ++i)
        values.push_back(static_cast<float>(i + 0.5) / 200'000);
    const auto statistics = statisticsOf(values);
    const HistogramMoments moments(statistics.histogram);
    for (const bool rootTwo : {false, true})
        for (const int bits : {2, 4, 8})
            for (const float scale : {1.0F, 0.6F}) {
                const LogGrid grid{scale, rootTwo, 1 << bits, false};
                const double want = meanSquaredError(*makeLogMap(grid), values);
                const GridError got = moments.error(cellsOf(grid));
                EXPECT_NEAR(got.total(), want, 0.003 * want);
                if (scale == 1)
                    EXPECT_NEAR(got.clippedShare, 0, 1e-9);
                else
                    EXPECT_NEAR(got.clippedShare, 1 - 0.6 * std::exp2(rootTwo ? 0.25 : 0.5), 1e-3);
            }
}

TEST(LogQuantizers, AreBetterThanUniformOnSoftmaxOfFewBits)
{
    const auto values = softmaxValues(1000, 2);
    const auto relative = [&](const char* name) {
        // The error of the logarithm, which is what attention sees of the many small values.
        const auto numbers = resolved(name, values, 4);
        return numbers->error.total();
    };
    EXPECT_LT(relative("log-sqrt2"), relative("log2"));
    EXPECT_LT(relative("twin-softmax"), relative("uniform"));
}

TEST(LogQuantizers, TakeTheScaleOfTheEstimator)
{
    const auto values = softmaxValues(1000, 2);
    const auto statistics = statisticsOf(values);
    SiteSettings settings = settingsOf("log-sqrt2", 4);
    const auto scaleOf = [&] {
        const auto numbers = resolved("log-sqrt2", statistics, settings);
        EXPECT_TRUE(numbers);
        return std::get<LogGrid>(numbers->levels).scale;
    };
    EXPECT_EQ(scaleOf(), statistics.high());
    settings.estimator = {EstimatorKind::Percentile, {0.99}};
    EXPECT_NEAR(scaleOf(), statistics.histogram.quantile(0.99), 1e-6);
    settings.estimator = {EstimatorKind::Manual, {}, 0, 0.5};
    EXPECT_EQ(scaleOf(), 0.5F);
    settings.estimator = {EstimatorKind::Percentile, {2}};
    EXPECT_FALSE(resolved("log-sqrt2", statistics, settings));

    // The best of 100 scales, and of the three percentiles.
    const HistogramMoments moments(statistics.histogram);
    const auto errorAt = [&](float scale) { return moments.error(cellsOf(LogGrid{scale, true, 16, false})).total(); };
    settings.estimator = {EstimatorKind::Mse};
    const double found = errorAt(scaleOf());
    for (int i = 1; i <= 100; ++i)
        EXPECT_LE(found, errorAt(statistics.high() * static_cast<float>(i) / 100) * (1 + 1e-6));
    settings.estimator = {EstimatorKind::Percentile, {0.999, 0.9999, 0.99999}};
    const double ofThree = errorAt(scaleOf());
    for (const double p : settings.estimator.percentiles)
        EXPECT_LE(ofThree, errorAt(static_cast<float>(statistics.histogram.quantile(p))) * (1 + 1e-6));
}

TEST(LogQuantizers, WantNoNegativeValues)
{
    const std::vector<float> values{-0.1F, 0.2F, 0.9F};
    const auto statistics = statisticsOf(values);
    for (const char* name : {"log2", "log-sqrt2", "twin-softmax"}) {
        EXPECT_FALSE(findQuantizer(name)->suits(statistics)) << name;
        const auto numbers = resolved(name, values, 4);
        ASSERT_FALSE(numbers) << name;
        EXPECT_NE(numbers.error().text().find("below 0"), std::string::npos);
        EXPECT_TRUE(findQuantizer(name)->suits(statisticsOf(softmaxValues(10, 1)))) << name;
    }
    EXPECT_TRUE(findQuantizer("twin-gelu")->suits(statisticsOf(test::geluValues(1000))));
    EXPECT_FALSE(findQuantizer("twin-gelu")->suits(statistics) && statistics.low() < -0.18F);
}

TEST(TwinSoftmax, SearchesTheSplit)
{
    for (const double deviation : {0.3, 2.0}) {
        const auto values = softmaxValues(1000, deviation);
        for (const int bits : {2, 4, 6, 8}) {
            const auto numbers = resolved("twin-softmax", values, bits);
            ASSERT_TRUE(numbers);
            const RegionGrid& grid = std::get<RegionGrid>(numbers->levels);
            const int top = (1 << (bits - 1)) - 1;
            EXPECT_FLOAT_EQ(grid.step(grid.upper), 1.0F / static_cast<float>(top));
            EXPECT_LE(levelsOf(grid).size(), std::size_t{1} << bits);
            EXPECT_EQ(test::mapped(*numbers->map, {0.0F, 1.0F}), (std::vector<float>{0, 1}));
            SiteSettings uniform = settingsOf("uniform", bits);
            uniform.estimator = {EstimatorKind::Manual, {}, 0, 1};
            EXPECT_LE(numbers->error.total(),
                      1.01 * resolved("uniform", statisticsOf(values), uniform)->error.total());
        }
    }
    // Flat attention has small values, and so a small split.
    EXPECT_GT(std::get<RegionGrid>(resolved("twin-softmax", softmaxValues(500, 0.2), 4)->levels).upper.shift,
              std::get<RegionGrid>(resolved("twin-softmax", softmaxValues(500, 3), 4)->levels).upper.shift);
}

} // namespace
} // namespace qs::quant
