#include "core/stats/proportion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

using namespace qs::stats;

// Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 3.
TEST(Proportion, WilsonHasThePublishedValues)
{
    const struct {
        std::size_t hits, count;
        double low, high;
    } known[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (const auto& [hits, count, low, high] : known) {
        EXPECT_NEAR(wilson(hits, count).low, low, 5e-5) << hits;
        EXPECT_NEAR(wilson(hits, count).high, high, 5e-5) << hits;
        // The same of the misses.
        EXPECT_NEAR(wilson(count - hits, count).low, 1 - high, 5e-5) << hits;
    }
}

TEST(Proportion, WilsonAtTheEnds)
{
    EXPECT_EQ(wilson(0, 0), (Interval{0, 1}));
    EXPECT_EQ(wilson(0, 10).low, 0);
    EXPECT_EQ(wilson(10, 10).high, 1);
    EXPECT_NEAR(wilson(1, 1).low, 0.2065, 5e-5);
    for (std::size_t n : {1U, 2U, 64U, 50000U})
        for (std::size_t h = 0; h <= n; h += std::max<std::size_t>(1, n / 7)) {
            const Interval i = wilson(h, n);
            EXPECT_LE(0, i.low);
            EXPECT_LE(i.high, 1);
            EXPECT_TRUE(i.contains(static_cast<double>(h) / static_cast<double>(n)));
        }
}

// The definition: the ends are the shares that a test of the score at 95 % just does not refuse.
TEST(Proportion, WilsonInvertsTheScoreTest)
{
    for (const auto& [hits, count] : {std::pair{54, 64}, {3, 100}, {2117, 2500}})
        for (const double p0 : {wilson(hits, count).low, wilson(hits, count).high}) {
            const double p = static_cast<double>(hits) / count;
            EXPECT_NEAR(std::abs(p - p0) / std::sqrt(p0 * (1 - p0) / count), 1.959964, 1e-6);
        }
}

// Agresti, Min 2005: approval ratings of 1600 persons, 86 and 150 of them changed their mind.
TEST(Proportion, PairedDifferenceOfThePublishedExample)
{
    const Interval i = pairedDifference(86, 150, 1600);
    EXPECT_NEAR(i.low, -0.059, 5e-4);
    EXPECT_NEAR(i.high, -0.021, 5e-4);
}

TEST(Proportion, PairedDifferenceIsOfEitherSign)
{
    const Interval none = pairedDifference(0, 0, 64);
    EXPECT_TRUE(none.contains(0));
    EXPECT_NEAR(none.low, -none.high, 1e-15);
    EXPECT_EQ(pairedDifference(0, 0, 0), (Interval{-1, 1}));
    EXPECT_GT(pairedDifference(12, 0, 64).low, 0); // beyond noise
    EXPECT_LT(pairedDifference(0, 12, 64).high, 0);
    EXPECT_TRUE(pairedDifference(5, 3, 64).contains(0)); // +3 points on 64 images are none
}

TEST(Proportion, DifferenceOfTwoSamplesOfNewcombe)
{
    // Newcombe, Interval estimation for the difference between independent proportions, 1998, table II, method 10.
    const Interval i = difference(56, 70, 48, 80);
    EXPECT_NEAR(i.low, 0.0524, 5e-5);
    EXPECT_NEAR(i.high, 0.3339, 5e-5);
    EXPECT_NEAR(difference(9, 10, 3, 10).low, 0.1705, 5e-5);
    EXPECT_NEAR(difference(9, 10, 3, 10).high, 0.8090, 5e-5);
    EXPECT_TRUE(difference(981, 1000, 972, 1000).contains(0));
}

TEST(Proportion, HitsBehindAShare)
{
    for (std::size_t n : {1U, 3U, 64U, 997U})
        for (std::size_t h = 0; h <= n; ++h)
            ASSERT_EQ(hitsOf(static_cast<double>(h) / static_cast<double>(n), n), h);
    EXPECT_EQ(hitsOf(std::nan(""), 5), 0U);
}
