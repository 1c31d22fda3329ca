#include "core/tasks/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Bootstrap, DrawsAsManyImagesAsThereAre)
{
    int draws = 0;
    std::vector<long> sums(7);
    bootstrap(
        7,
        [&](std::span<const int> times) {
            EXPECT_EQ(std::accumulate(times.begin(), times.end(), 0), 7);
            std::ranges::transform(times, sums, sums.begin(), std::plus<long>());
            ++draws;
            return 0.0;
        },
        1000);
    EXPECT_EQ(draws, 1000);
    for (const long sum : sums)
        EXPECT_NEAR(static_cast<double>(sum), 1000, 150) << "each image as often as another";
}

TEST(Bootstrap, IsTheSameAgain)
{
    const std::vector<double> values{0.1, 0.7, 0.3, 0.9, 0.2};
    EXPECT_EQ(meanInterval(values), meanInterval(values));
}

TEST(Bootstrap, OfOneImageNothingIsKnown)
{
    EXPECT_EQ(meanInterval({}), (stats::Interval{-kInfinity, kInfinity}));
    EXPECT_EQ(meanInterval(std::vector{0.5}), (stats::Interval{-kInfinity, kInfinity}));
    EXPECT_EQ(meanInterval(std::vector{0.5, kNaN}), (stats::Interval{-kInfinity, kInfinity}));
    EXPECT_EQ(bootstrap(5, [](std::span<const int>) { return kNaN; }), (stats::Interval{-kInfinity, kInfinity}));
}

TEST(Bootstrap, ValuesThatAreNotFiniteAreLeftOut)
{
    EXPECT_EQ(meanInterval(std::vector{0.5, kNaN, 0.7, kInfinity, 0.1}), meanInterval(std::vector{0.5, 0.7, 0.1}));
    EXPECT_DOUBLE_EQ(meanOf(std::vector{0.5, kNaN, 0.7}), 0.6);
    EXPECT_TRUE(std::isnan(meanOf(std::vector{kNaN})));
    EXPECT_TRUE(std::isnan(meanOf({})));
}

TEST(Bootstrap, EqualValuesHaveAPoint)
{
    const auto interval = meanInterval(std::vector<double>(20, 0.25));
    EXPECT_EQ(interval, (stats::Interval{0.25, 0.25}));
}

TEST(Bootstrap, IntervalsOfMeansAreAsTheoryHasThem)
{
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal(2, 1);
    int covered = 0;
    double width = 0;
    constexpr int kSets = 200, kImages = 60;
    for (int set = 0; set < kSets; ++set) {
        std::vector<double> values(kImages);
        std::ranges::generate(values, [&] { return normal(random); });
        const auto interval = meanInterval(values);
        covered += interval.contains(2) ? 1 : 0;
        width += (interval.high - interval.low) / kSets;
    }
    EXPECT_GE(covered, 0.90 * kSets);
    EXPECT_LE(covered, 0.99 * kSets);
    EXPECT_NEAR(width, 2 * 1.96 / std::sqrt(kImages), 0.05);
}

} // namespace
} // namespace qs::tasks
