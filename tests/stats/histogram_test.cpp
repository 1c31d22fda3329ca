#include "core/stats/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qs::stats {
namespace {

std::vector<float> normalValues(std::size_t count, float mean, float deviation, unsigned seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<float> values(count);
    for (float& value : values)
        value = normal(engine);
    return values;
}

bool same(const Histogram& a, const Histogram& b)
{
    return a.total() == b.total() && a.widthExponent() == b.widthExponent() && a.firstIndex() == b.firstIndex() &&
           std::ranges::equal(a.counts(), b.counts());
}

/// Counts by the definition: floor(x / width) - first.
void expectCounts(const Histogram& histogram, const std::vector<float>& values)
{
    std::vector<uint64_t> counts(Histogram::kBins, 0);
    for (const float value : values) {
        const double bin =
            std::floor(static_cast<double>(value) / histogram.width()) - static_cast<double>(histogram.firstIndex());
        ASSERT_GE(bin, 0);
        ASSERT_LT(bin, static_cast<double>(Histogram::kBins));
        ++counts[static_cast<std::size_t>(bin)];
    }
    EXPECT_TRUE(std::ranges::equal(histogram.counts(), counts));
    EXPECT_EQ(histogram.total(), values.size());
}

TEST(Histogram, StartsEmpty)
{
    const Histogram histogram;
    EXPECT_TRUE(histogram.empty());
    EXPECT_EQ(histogram.quantile(0.5), 0);
    Histogram other;
    other.add({});
    EXPECT_TRUE(other.empty());
}

TEST(Histogram, CountsByTheDefinition)
{
    for (const float deviation : {1e-30F, 1e-3F, 1.0F, 37.0F, 5000.0F, 1e20F}) {
        const auto values = normalValues(10007, 0.3F * deviation, deviation, 7);
        Histogram histogram;
        histogram.add(values);
        expectCounts(histogram, values);
    }
}

TEST(Histogram, BordersBelongToTheBinAbove)
{
    std::vector<float> values;
    for (int i = -1024; i < 1024; ++i)
        values.push_back(static_cast<float>(i) / 1024.0F);
    Histogram histogram;
    histogram.add(values);
    EXPECT_EQ(histogram.width(), 1.0 / 1024);
    EXPECT_EQ(histogram.low(), -1);
    for (const uint64_t count : histogram.counts())
        EXPECT_EQ(count, 1U);
}

TEST(Histogram, TakesExtremesOfFloat)
{
    const float tiny = std::numeric_limits<float>::denorm_min();
    const float huge = std::numeric_limits<float>::max();
    const std::vector<float> values{-0.0F, 0.0F, tiny, -tiny, huge, -huge, 1.0F, -1.0F};
    Histogram histogram;
    for (const float value : values)
        histogram.add({&value, 1});
    expectCounts(histogram, values);
    Histogram constant;
    constant.add(std::vector<float>(5, 3.75F));
    EXPECT_LT(constant.width(), 1e-5);
    EXPECT_EQ(constant.counts()[0], 5U);
}

TEST(BinWindow, EndsOnWhatIsNotFinite)
{
    constexpr double kInfinity = std::numeric_limits<double>::infinity(),
                     kLargest = std::numeric_limits<float>::max();
    const BinWindow all = BinWindow::of(-kLargest, kLargest, 2048);
    EXPECT_EQ(BinWindow::of(-kInfinity, kInfinity, 2048), all);
    EXPECT_EQ(BinWindow::of(std::nan(""), std::nan(""), 2048), all);
    EXPECT_EQ(BinWindow::of(-1e300, 1e300, 2048), all);
    EXPECT_EQ(BinWindow::of(0, kInfinity, 2048), BinWindow::of(0, kLargest, 2048));
    EXPECT_EQ(BinWindow::of(kInfinity, kInfinity, 2048), BinWindow::of(kLargest, kLargest, 2048));
    EXPECT_LT(all.last - all.first, 2048);
}

TEST(Histogram, DoublingKeepsEveryCountExact)
{
    Histogram histogram;
    std::vector<float> all;
    for (int step = 0; step < 24; ++step) {
        const auto values = normalValues(501, 0, std::ldexp(1e-3F, step), static_cast<unsigned>(step));
        histogram.add(values);
        all.insert(all.end(), values.begin(), values.end());
        expectCounts(histogram, all);
    }
}

TEST(Histogram, DoesNotDependOnOrderOrSplitting)
{
    auto values = normalValues(20000, 0.1F, 1, 3);
    values[1234] = 70;
    values[17] = -1e-7F;
    values[19999] = -3;
    Histogram whole;
    whole.add(values);

    std::mt19937 engine(5);
    for (int round = 0; round < 10; ++round) {
        std::shuffle(values.begin(), values.end(), engine);
        Histogram parts[3];
        std::size_t at = 0;
        while (at < values.size()) {
            const std::size_t count = std::min<std::size_t>(values.size() - at, 1 + engine() % 3000);
            parts[engine() % 3].add({values.data() + at, count});
            at += count;
        }
        Histogram merged;
        for (const int i : {2, 0, 1})
            merged.merge(parts[i]);
        EXPECT_TRUE(same(merged, whole));
    }
}

TEST(Histogram, QuantilesAreWithinABinOfSortedData)
{
    auto values = normalValues(100000, 2, 3, 11);
    Histogram histogram;
    histogram.add(values);
    std::ranges::sort(values);
    for (const double q : {0.0, 1e-5, 0.001, 0.1, 0.5, 0.9, 0.999, 0.99999, 1.0}) {
        const auto index = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
        EXPECT_NEAR(histogram.quantile(q), values[index], histogram.width() * 1.01) << q;
    }
    EXPECT_LE(histogram.quantile(0.2), histogram.quantile(0.2000001));
}

TEST(Histogram, PartsRoundTrip)
{
    Histogram histogram;
    histogram.add(normalValues(5000, -4, 0.5F, 2));
    const auto copy = Histogram::fromParts(histogram.widthExponent(), histogram.firstIndex(),
                                           {histogram.counts().begin(), histogram.counts().end()});
    EXPECT_TRUE(same(histogram, copy));
    Histogram grown = copy;
    grown.add(std::vector<float>{9.0F});
    histogram.add(std::vector<float>{9.0F});
    EXPECT_TRUE(same(histogram, grown));
    EXPECT_TRUE(Histogram::fromParts(0, 0, std::vector<uint64_t>(Histogram::kBins)).empty());
}

} // namespace
} // namespace qs::stats
