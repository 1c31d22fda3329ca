#include "core/kernels/quantize_levels.h"

#include "core/kernels/quantize.h"
#include "tests/kernels/kernel_testing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

namespace qs::kernels {
namespace {

std::vector<RegionLevels> regionCases()
{
    return {
        {0, false, {0.01F, -8, 0}, {0.16F, 0, 7}},               // sign split
        {0.11F, true, {0.03F, -4, 3}, {0.12F, -4, 3}},           // magnitude split
        {0.35F, false, {0.05F, -3, 4}, {0.2F, 2, 9}},            // asymmetric
        {0.5F, false, {0x1p-12F, 0, 127}, {1.0F / 127, 1, 127}}, // softmax
        {1e-30F, false, {1e-38F, 0, 0}, {1e30F, 0, 1}},
    };
}

std::vector<LogLevels> logCases()
{
    std::vector<LogLevels> cases;
    for (const bool rootTwo : {false, true})
        for (const float scale : {1.0F, 0.9871F, 3.7F, 1e-20F, 1e30F})
            for (const int least : {1, 2, 6, 14, 30, 254})
                cases.push_back({scale, rootTwo, leastOfLog(rootTwo, least)});
    return cases;
}

/// Borders of both kinds and their neighbours, beside awkward and arbitrary values.
std::vector<float> data(float scale)
{
    std::vector<float> x = awkwardFloats();
    const auto around = [&](float value) {
        x.insert(x.end(), {value, std::nextafter(value, 1e38F), std::nextafter(value, -1e38F), -value});
    };
    for (int k = -40; k < 300; ++k) {
        around((static_cast<float>(k) + 0.5F) * scale);
        around(static_cast<float>(scale * std::exp2(-(k + 0.5))));
        around(static_cast<float>(scale * std::exp2(-(k + 0.5) / 2)));
    }
    for (const auto& more : {anyFloats(5003, 1), normals(5001, 2, 10 * scale), normals(5003, 3, 0.01F * scale)})
        x.insert(x.end(), more.begin(), more.end());
    return x;
}

TEST(QuantizeLevels, EqualTheReference)
{
    forEachTarget([] {
        for (const RegionLevels& levels : regionCases())
            for (const float scale : {levels.lower.step, levels.upper.step, levels.border}) {
                const auto x = data(scale);
                std::vector<float> got(x.size());
                std::vector<float> want(x.size());
                fakeQuantizeRegions(x, levels, got);
                reference::fakeQuantizeRegions(x, levels, want);
                EXPECT_TRUE(allSameBits(got, want)) << levels.lower.step;
            }
        for (const LogLevels& levels : logCases()) {
            const auto x = data(levels.scale);
            std::vector<float> got(x.size());
            std::vector<float> want(x.size());
            fakeQuantizeLog(x, levels, got);
            reference::fakeQuantizeLog(x, levels, want);
            EXPECT_TRUE(allSameBits(got, want)) << levels.scale << ' ' << levels.rootTwo << ' ' << levels.least;
        }
    });
}

TEST(QuantizeLevels, EverySizeMisalignedAndInPlace)
{
    forEachTarget([] {
        const RegionLevels regions = regionCases()[0];
        const LogLevels logs{1, true, leastOfLog(true, 14)};
        for (const std::size_t n : awkwardSizes()) {
            for (const bool log : {false, true}) {
                auto x = normals(n, 3, 2);
                std::vector<float> want(n);
                std::vector<float> y(n + 2, -99.0F);
                const std::span<float> inside{y.data() + 1, n};
                std::copy(x.begin(), x.end(), inside.begin());
                if (log) {
                    reference::fakeQuantizeLog(x, logs, want);
                    fakeQuantizeLog(inside, logs, inside);
                } else {
                    reference::fakeQuantizeRegions(x, regions, want);
                    fakeQuantizeRegions(inside, regions, inside);
                }
                EXPECT_TRUE(allSameBits<float>(inside, want));
                EXPECT_EQ(y.front(), -99.0F);
                EXPECT_EQ(y.back(), -99.0F);
            }
        }
    });
}

/// The rule in words, in double: q = rne(-log_b(x / scale)).
TEST(QuantizeLevels, LogsRoundTheLogarithm)
{
    auto x = normals(20'000, 4);
    for (float& value : x)
        value = static_cast<float>(std::exp2(-std::fabs(value) * 6));
    for (const bool rootTwo : {false, true}) {
        const LogLevels levels{1, rootTwo, leastOfLog(rootTwo, 14)};
        std::vector<float> y(x.size());
        fakeQuantizeLog(x, levels, y);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double code = std::nearbyint(-std::log2(static_cast<double>(x[i])) * (rootTwo ? 2 : 1));
            const double want = code > 14 ? 0 : std::exp2(-code / (rootTwo ? 2 : 1));
            ASSERT_FLOAT_EQ(y[i], static_cast<float>(want)) << x[i];
        }
    }
}

TEST(QuantizeLevels, OneStepIsTheUniformGrid)
{
    forEachTarget([] {
        const auto x = data(0.1F);
        std::vector<float> got(x.size());
        std::vector<float> want(x.size());
        fakeQuantizeRegions(x, {0, false, {0.1F, -8, 0}, {0.1F, 0, 7}}, got);
        fakeQuantize(x, {0.1F, 0, -8, 7}, want);
        EXPECT_TRUE(allSameBits(got, want));
    });
}

TEST(QuantizeLevels, ExtremesStayOnTheLevels)
{
    const float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> x{infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 0.0F, -0.0F, -1e-3F};
    forEachTarget([&] {
        std::vector<float> y(x.size());
        fakeQuantizeRegions(x, {0, false, {0.25F, -8, 0}, {1, 0, 7}}, y);
        EXPECT_EQ(y, (std::vector<float>{7, -2, -2, 0, 0, 0}));
        EXPECT_FALSE(std::signbit(y[5]));
        fakeQuantizeLog(x, {1, true, leastOfLog(true, 14)}, y);
        EXPECT_EQ(y, (std::vector<float>{1, 0, 0, 0, 0, 0}));
    });
}

TEST(QuantizeLevels, TiesGoToEvenInBothRegions)
{
    forEachTarget([] {
        const std::vector<float> x{-0.125F, -0.375F, -0.625F, 0.5F, 1.5F, 2.5F};
        std::vector<float> y(x.size());
        fakeQuantizeRegions(x, {0, false, {0.25F, -8, 0}, {1, 0, 7}}, y);
        EXPECT_EQ(y, (std::vector<float>{0, -0.5F, -0.5F, 0, 2, 2}));
    });
}

} // namespace
} // namespace qs::kernels
