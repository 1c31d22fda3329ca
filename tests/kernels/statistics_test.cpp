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

TEST(CountBins, EqualsReferenceForEverySizeWithValuesOnTheEdges)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes())
            for (const float inverse : {1.0f, 64.0f, 0x1p20f}) {
                auto x = normals(n + 1, 4);
                for (float& value : x)
                    value = std::clamp(value, -4.0f, 4.0f) * 128 / inverse;
                for (std::size_t i = 0; i < n; i += 3)
                    x[i] = std::floor(x[i] * inverse) / inverse; // exact borders
                const std::span<const float> values{x.data() + 1, n};
                std::vector<uint64_t> got(1025, 5), want(1025, 5);
                countBins(values, {inverse, -512, got});
                reference::countBins(values, {inverse, -512, want});
                EXPECT_EQ(got, want) << n;
                EXPECT_EQ(std::accumulate(got.begin(), got.end(), uint64_t{0}), n + 5 * got.size());
            }
    });
}

TEST(CountBins, ABorderBelongsToTheBinAboveIt)
{
    const std::vector<float> x{-0.25f, std::nextafter(-0.25f, -1.0f), 0.0f,
                               -0.0f,  std::nextafter(0.25f, 0.0f),   0.25f};
    std::vector<uint64_t> counts(4, 0);
    countBins(x, {4.0f, -2, counts});
    EXPECT_EQ(counts, (std::vector<uint64_t>{1, 1, 3, 1}));
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
