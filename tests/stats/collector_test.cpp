#include "core/stats/collector.h"

#include "core/base/thread_pool.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace qs::stats {
namespace {

constexpr std::size_t kRuns = 37;

std::vector<SiteStatistics> collect(const graph::SiteTable& sites, ThreadPool& pool, std::size_t rows, uint64_t seed)
{
    const auto observed = test::activationSites(sites);
    Collector collector(sites, observed, 1, kRuns, pool.size(), rows, seed);
    pool.parallelFor(kRuns, [&](std::size_t run, int worker) {
        for (const SiteId id : observed)
            collector.observe(id, run, worker, test::madeUpValues(sites[id], run));
    });
    EXPECT_EQ(collector.runs(), kRuns);
    EXPECT_GT(collector.bytes(), 0U);
    return collector.finish();
}

bool same(const Tensor& a, const Tensor& b)
{
    return a.empty() == b.empty() &&
           (a.empty() || (a.shape() == b.shape() && std::ranges::equal(a.floats(), b.floats())));
}

TEST(Collector, DoesNotDependOnThreads)
{
    const auto vit = test::smallVit();
    ThreadPool one(1);
    const auto expected = collect(vit.sites, one, 50, 3);
    for (const int threads : {2, 3, 7}) {
        ThreadPool pool(threads);
        const auto result = collect(vit.sites, pool, 50, 3);
        ASSERT_EQ(result.size(), expected.size());
        for (std::size_t i = 0; i < result.size(); ++i) {
            EXPECT_EQ(result[i].minimum, expected[i].minimum);
            EXPECT_EQ(result[i].maximum, expected[i].maximum);
            EXPECT_EQ(result[i].mean, expected[i].mean); // bitwise
            EXPECT_EQ(result[i].variance, expected[i].variance);
            EXPECT_EQ(result[i].histogram.firstIndex(), expected[i].histogram.firstIndex());
            EXPECT_TRUE(std::ranges::equal(result[i].histogram.counts(), expected[i].histogram.counts()));
            EXPECT_TRUE(same(result[i].sample, expected[i].sample));
            EXPECT_EQ(result[i].sampleImage, expected[i].sampleImage);
        }
    }
}

TEST(Collector, AgreesWithTheValuesThemselves)
{
    const auto vit = test::smallVit();
    ThreadPool pool(2);
    const auto result = collect(vit.sites, pool, 16, 0);
    for (const SiteId id : test::activationSites(vit.sites)) {
        const graph::Site& site = vit.sites[id];
        const SiteStatistics& statistics = result[id.index()];
        const auto channels = static_cast<std::size_t>(site.layout.channels);
        const auto inner = static_cast<std::size_t>(site.layout.inner);
        EXPECT_EQ(statistics.site, site.name);
        EXPECT_EQ(statistics.values, kRuns * static_cast<uint64_t>(site.elements()));
        EXPECT_EQ(statistics.histogram.total(), statistics.values);
        std::vector<double> sum(channels, 0);
        std::vector<double> squares(channels, 0);
        std::vector<float> low(channels, std::numeric_limits<float>::infinity());
        std::vector<float> high(channels, -std::numeric_limits<float>::infinity());
        double fourth = 0;
        double second = 0;
        for (std::size_t run = 0; run < kRuns; ++run) {
            const auto values = test::madeUpValues(site, run);
            for (std::size_t i = 0; i < values.size(); ++i) {
                const std::size_t c = i / inner % channels;
                sum[c] += values[i];
                squares[c] += static_cast<double>(values[i]) * values[i];
                low[c] = std::min(low[c], values[i]);
                high[c] = std::max(high[c], values[i]);
                second += std::pow(values[i] - statistics.meanAll(), 2);
                fourth += std::pow(values[i] - statistics.meanAll(), 4);
            }
        }
        const auto count = static_cast<double>(statistics.values);
        const double perChannel = count / static_cast<double>(channels);
        for (std::size_t c = 0; c < channels; ++c) {
            const double mean = sum[c] / perChannel;
            EXPECT_NEAR(statistics.mean[c], mean, 1e-6);
            EXPECT_NEAR(statistics.variance[c], squares[c] / perChannel - mean * mean, 1e-5);
            EXPECT_EQ(statistics.minimum[c], low[c]);
            EXPECT_EQ(statistics.maximum[c], high[c]);
        }
        EXPECT_EQ(statistics.low(), *std::ranges::min_element(low));
        EXPECT_EQ(statistics.high(), *std::ranges::max_element(high));
        EXPECT_NEAR(statistics.stddevAll(), std::sqrt(second / count), 1e-5);
        EXPECT_NEAR(statistics.kurtosis(), fourth * count / (second * second) - 3, 0.05);
        EXPECT_NEAR(statistics.tailWeight(),
                    std::max(std::abs(statistics.low()), std::abs(statistics.high())) / statistics.stddevAll(), 1e-6);
    }
    for (const graph::Site& site : vit.sites)
        EXPECT_EQ(result[site.id.index()].values == 0, site.kind == graph::SiteKind::Weight);
}

TEST(Collector, SamplesRowsOfTheirImagesEvenly)
{
    const auto vit = test::smallVit();
    ThreadPool pool(2);
    const auto result = collect(vit.sites, pool, 40, 1);
    const auto other = collect(vit.sites, pool, 40, 2);
    bool differs = false;
    for (const SiteId id : test::activationSites(vit.sites)) {
        const graph::Site& site = vit.sites[id];
        const SiteStatistics& statistics = result[id.index()];
        const auto channels = static_cast<std::size_t>(site.layout.channels);
        const auto inner = static_cast<std::size_t>(site.layout.inner);
        const std::size_t rowsPerRun = static_cast<std::size_t>(site.elements()) / channels;
        const auto rows = static_cast<std::size_t>(statistics.sample.shape()[0]);
        EXPECT_EQ(rows, std::min<std::size_t>(40, kRuns * rowsPerRun));
        EXPECT_EQ(static_cast<std::size_t>(statistics.sample.shape()[1]), channels);
        ASSERT_EQ(statistics.sampleImage.size(), rows);
        EXPECT_TRUE(std::ranges::is_sorted(statistics.sampleImage));
        EXPECT_GT(std::set(statistics.sampleImage.begin(), statistics.sampleImage.end()).size(), kRuns / 3);
        for (std::size_t r = 0; r < rows; ++r) {
            const auto values = test::madeUpValues(site, statistics.sampleImage[r]);
            bool found = false;
            for (std::size_t place = 0; place < rowsPerRun && !found; ++place) {
                found = true;
                for (std::size_t c = 0; c < channels && found; ++c)
                    found = values[(place / inner * channels + c) * inner + place % inner] ==
                            statistics.sample.floats()[r * channels + c];
            }
            EXPECT_TRUE(found) << site.name << " row " << r;
        }
        differs = differs || !same(statistics.sample, other[id.index()].sample);
    }
    EXPECT_TRUE(differs);
}

TEST(Collector, NamesTheFirstRunAndSiteThatIsNotFinite)
{
    const auto vit = test::smallVit();
    const auto observed = test::activationSites(vit.sites);
    Collector collector(vit.sites, observed, 1, 4, 1, 8, 0);
    for (std::size_t run = 0; run < 4; ++run) {
        for (std::size_t i = 0; i < observed.size(); ++i) {
            auto values = test::madeUpValues(vit.sites[observed[i]], run);
            if ((run == 2 && i >= 3) || run == 3)
                values[values.size() / 2] = run == 2 ? std::nanf("") : -std::numeric_limits<float>::infinity();
            collector.observe(observed[i], run, 0, values);
        }
    }
    ASSERT_TRUE(collector.notFinite());
    EXPECT_EQ(collector.notFinite()->run, 2U);
    EXPECT_EQ(collector.notFinite()->site, observed[3]);
}

TEST(Reservoir, PicksEveryRowEquallyOften)
{
    constexpr std::size_t kRows = 50;
    constexpr std::size_t kSeeds = 2000;
    std::vector<int> picked(kRows, 0);
    std::vector<float> values(kRows);
    for (std::size_t r = 0; r < kRows; ++r)
        values[r] = static_cast<float>(r);
    for (std::size_t seed = 0; seed < kSeeds; ++seed) {
        Reservoir reservoir(5, 1, seed, 3);
        reservoir.offer({static_cast<int64_t>(kRows), 1, 1}, values.data(), 0, 1);
        const Tensor rows = reservoir.rows();
        ASSERT_EQ(rows.elements(), 5);
        for (const float row : rows.floats())
            ++picked[static_cast<std::size_t>(row)];
    }
    // 200 each; a standard deviation is 13.
    EXPECT_GT(*std::ranges::min_element(picked), 140);
    EXPECT_LT(*std::ranges::max_element(picked), 260);
}

} // namespace
} // namespace qs::stats
