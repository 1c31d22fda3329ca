#include "core/kernels/statistics.h"

#include "tests/kernels/kernel_testing.h"

#include <gtest/gtest.h>
#include <numeric>

namespace qs::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Moments {
    std::vector<float> min, max;
    std::vector<double> sum, squares;
    explicit Moments(std::size_t channels)
        : min(channels, kInfinity), max(channels, -kInfinity), sum(channels), squares(channels)
    {
    }
    ChannelMoments view() { return {min.data(), max.data(), sum.data(), squares.data()}; }
};

void expectEqual(const Moments& got, const Moments& want)
{
    EXPECT_TRUE(allSameBits(got.min, want.min));
    EXPECT_TRUE(allSameBits(got.max, want.max));
    EXPECT_TRUE(allSameBits<double>(got.sum, want.sum));
    EXPECT_TRUE(allSameBits<double>(got.squares, want.squares));
}

std::vector<float> finite(std::size_t count, uint32_t seed)
{
    auto x = anyFloats(count, seed);
    for (std::size_t i = 0; i < count; ++i)
        if (!std::isfinite(x[i]))
            x[i] = i % 2 ? -0.0f : 0.0f;
    return x;
}

TEST(ChannelMoments, EqualReferenceOverSeveralCallsForEverySize)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes()) {
            SCOPED_TRACE(n);
            Moments rowsGot(n), rowsWant(n), planesGot(3), planesWant(3);
            for (uint32_t call = 0; call < 2; ++call) {
                const auto x = finite(3 * n + 1, call + 1);
                accumulateRows(3, n, x.data() + 1, rowsGot.view());
                reference::accumulateRows(3, n, x.data() + 1, rowsWant.view());
                accumulatePlanes(3, n, x.data() + 1, planesGot.view());
                reference::accumulatePlanes(3, n, x.data() + 1, planesWant.view());
            }
            expectEqual(rowsGot, rowsWant);
            expectEqual(planesGot, planesWant);
        }
    });
}

TEST(ChannelMoments, NaNIsLeftOutOfTheRangeAndPoisonsTheSums)
{
    forEachTarget([] {
        std::vector<float> x(40, 2.0f);
        x[7] = std::numeric_limits<float>::quiet_NaN();
        Moments got(1);
        accumulatePlanes(1, x.size(), x.data(), got.view());
        EXPECT_EQ(got.min[0], 2);
        EXPECT_EQ(got.max[0], 2);
        EXPECT_TRUE(std::isnan(got.sum[0]) && std::isnan(got.squares[0]));
    });
}

TEST(MinMax, EqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes()) {
            const auto x = anyFloats(n + 1, 3);
            const std::span<const float> values{x.data() + 1, n};
            const MinMax got = minMax(values);
            const MinMax want = reference::minMax(values);
            EXPECT_TRUE(sameBits(got.min, want.min) && sameBits(got.max, want.max)) << n;
            EXPECT_TRUE(sameBits(absMax(values), reference::absMax(values))) << n;
        }
        const std::vector<float> nothing(20, std::numeric_limits<float>::quiet_NaN());
        EXPECT_EQ(minMax(nothing).min, kInfinity);
        EXPECT_EQ(minMax(nothing).max, -kInfinity);
        EXPECT_EQ(absMax(nothing), 0);
    });
}

TEST(Histogram, EqualsReferenceWithValuesOutsideAndOnTheEdges)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes())
            for (const std::size_t bins : {1u, 7u, 2048u}) {
                auto x = normals(n + 1, 4);
                for (std::size_t i = 0; i < n; i += 3)
                    x[i] = std::round(x[i] * 4) / 4; // exact bin edges
                if (n > 20) {
                    x[5] = kInfinity;
                    x[9] = -kInfinity;
                    x[11] = std::numeric_limits<float>::quiet_NaN();
                    x[12] = 2.0f;
                    x[13] = std::nextafter(2.0f, 0.0f);
                    x[14] = -1.75f;
                }
                const std::span<const float> values{x.data() + 1, n};
                std::vector<uint64_t> got(bins, 5), want(bins, 5);
                const OutOfRange outGot = accumulateHistogram(values, {-1.75f, 2.0f, got});
                const OutOfRange outWant = reference::accumulateHistogram(values, {-1.75f, 2.0f, want});
                EXPECT_EQ(got, want) << n;
                EXPECT_EQ(outGot.below, outWant.below);
                EXPECT_EQ(outGot.above, outWant.above);
                EXPECT_EQ(outGot.notANumber, outWant.notANumber);
                EXPECT_EQ(std::accumulate(got.begin(), got.end(), uint64_t{0}) + outGot.below + outGot.above +
                              outGot.notANumber,
                          n + 5 * bins);
            }
    });
}

TEST(FirstNotFinite, FindsEveryPlaceAndIgnoresHugeNumbers)
{
    forEachTarget([] {
        for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()})
            for (std::size_t at = 0; at < 70; ++at) {
                std::vector<float> x(70, std::numeric_limits<float>::max());
                EXPECT_EQ(firstNotFinite(x), -1);
                x[at] = bad;
                x[69] = bad;
                EXPECT_EQ(firstNotFinite(x), static_cast<int64_t>(at));
            }
        EXPECT_EQ(firstNotFinite({}), -1);
    });
}

} // namespace
} // namespace qs::kernels
