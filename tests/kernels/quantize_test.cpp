#include "core/kernels/quantize.h"

#include "tests/kernels/kernel_testing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

namespace qs::kernels {
namespace {

const std::vector<QuantGrid>& grids()
{
    static const std::vector<QuantGrid> all{
        {1, 0, -128, 127},         {1, 128, 0, 255},   {0.0123f, -7, -128, 127}, {0.3f, 3, 0, 15},
        {2.5f, 0, -127, 127},      {1e-30f, 0, -8, 7}, {0.1f, 20, 0, 15}, // 0 is off this grid
        {0.07f, 0, -32768, 32767}, {1e20f, 0, -2, 1},
    };
    return all;
}

/// Ties (k + 1/2) * scale and their neighbours, beside awkward and arbitrary values.
std::vector<float> data(float scale)
{
    std::vector<float> x = awkwardFloats();
    for (int k = -300; k < 300; ++k) {
        const float tie = (static_cast<float>(k) + 0.5f) * scale;
        x.push_back(tie);
        x.push_back(std::nextafter(tie, 1e30f));
        x.push_back(std::nextafter(tie, -1e30f));
    }
    for (const auto& more : {anyFloats(5003, 1), normals(5001, 2, 30 * scale)})
        x.insert(x.end(), more.begin(), more.end());
    return x;
}

TEST(Quantize, ExactTiesGoToEvenAndNaNToTheLowestCode)
{
    const std::vector<float> x{0.5f,
                               1.5f,
                               2.5f,
                               -0.5f,
                               -1.5f,
                               127.5f,
                               -128.5f,
                               1e30f,
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN(),
                               -0.0f};
    const std::vector<int8_t> want{0, 2, 2, 0, -2, 127, -128, 127, -128, -128, 0};
    forEachTarget([&] {
        std::vector<int8_t> codes(x.size());
        quantize(x, {1, 0, -128, 127}, codes);
        EXPECT_EQ(codes, want);
    });
}

TEST(Quantize, DividesInsteadOfMultiplyingByTheReciprocal)
{
    // 25 ties of scale 0.1 in float: times 10 and divided by 0.1 do not round alike.
    forEachTarget([] {
        for (int k = -127; k < 127; ++k)
            for (const float scale : {0.1f, 0.3f, 0.007f}) {
                const std::vector<float> x{(static_cast<float>(k) + 0.5f) * scale};
                std::vector<int32_t> code(1);
                quantize(x, {scale, 0, -128, 127}, code);
                EXPECT_EQ(static_cast<float>(code[0]), std::nearbyint(x[0] / scale));
            }
    });
}

TEST(Quantize, FakeQuantizationEqualsReference)
{
    forEachTarget([] {
        for (const QuantGrid& grid : grids()) {
            const auto x = data(grid.scale);
            std::vector<float> got(x.size());
            std::vector<float> want(x.size());
            fakeQuantize(x, grid, got);
            reference::fakeQuantize(x, grid, want);
            EXPECT_TRUE(allSameBits(got, want)) << grid.scale;
        }
    });
}

TEST(Quantize, EverySizeMisalignedAndInPlace)
{
    forEachTarget([] {
        const QuantGrid grid{0.25f, 1, -8, 7};
        for (const std::size_t n : awkwardSizes()) {
            const auto x = normals(n, 3, 2);
            std::vector<float> want(n);
            reference::fakeQuantize(x, grid, want);
            std::vector<float> y(n + 2, -99.0f);
            const std::span<float> inside{y.data() + 1, n};
            std::copy(x.begin(), x.end(), inside.begin());
            fakeQuantize(inside, grid, inside);
            EXPECT_TRUE(allSameBits<float>(inside, want));
            EXPECT_EQ(y.front(), -99.0f);
            EXPECT_EQ(y.back(), -99.0f);
        }
    });
}

template <class T>
void checkChannels(const ChannelLayout& layout, int32_t qmin, int32_t qmax, bool withZeroPoints)
{
    SCOPED_TRACE(testing::Message() << layout.outer << ' ' << layout.channels << ' ' << layout.inner);
    const std::size_t n = layout.elements();
    const auto x = normals(n + 1, 4, 20);
    std::vector<float> scales(layout.channels);
    std::vector<int32_t> zeroPoints(withZeroPoints ? layout.channels : 0);
    for (std::size_t c = 0; c < layout.channels; ++c) {
        scales[c] = 0.05f + 0.01f * static_cast<float>(c);
        if (withZeroPoints)
            zeroPoints[c] = qmin + static_cast<int32_t>(c) % (qmax - qmin);
    }
    const ChannelGrids grid{scales, zeroPoints, qmin, qmax};
    std::vector<float> got(n);
    std::vector<float> want(n);
    fakeQuantizeChannels(layout, x.data() + 1, grid, got.data());
    reference::fakeQuantizeChannels(layout, x.data() + 1, grid, want.data());
    EXPECT_TRUE(allSameBits(got, want));

    std::vector<T> codes(n + 1, T{77});
    std::vector<T> wantCodes(n + 1, T{77});
    quantizeChannels(layout, x.data() + 1, grid, codes.data());
    reference::quantizeChannels(layout, x.data() + 1, grid, wantCodes.data());
    EXPECT_EQ(codes, wantCodes);

    std::vector<float> back(n);
    dequantizeChannels(layout, codes.data(), grid, back.data());
    EXPECT_TRUE(allSameBits(back, want));
    reference::dequantizeChannels(layout, codes.data(), grid, back.data());
    EXPECT_TRUE(allSameBits(back, want));
}

TEST(Quantize, ChannelsOfEveryLayoutAndType)
{
    forEachTarget([] {
        for (const bool zeroPoints : {false, true})
            for (std::size_t size = 1; size <= 19; ++size)
                for (const ChannelLayout& layout :
                     {ChannelLayout{3, size, 1}, ChannelLayout{1, 4, size}, ChannelLayout{2, size, 5}}) {
                    checkChannels<int8_t>(layout, -128, 127, zeroPoints);
                    checkChannels<uint8_t>(layout, 0, 255, zeroPoints);
                    checkChannels<int32_t>(layout, -30000, 30000, zeroPoints);
                }
    });
}

TEST(Quantize, RoundTripIsWithinHalfAStep)
{
    forEachTarget([] {
        const QuantGrid grid{0.037f, 11, 0, 255};
        auto x = normals(10'001, 9, 2);
        std::vector<uint8_t> codes(x.size());
        std::vector<float> y(x.size());
        quantize(x, grid, codes);
        dequantize(codes, grid, y);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const float inside = std::clamp(x[i], (0 - 11) * grid.scale, (255 - 11) * grid.scale);
            ASSERT_LE(std::fabs(y[i] - inside), 0.50001f * grid.scale);
        }
    });
}

TEST(QuantizationError, EqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes()) {
            const auto x = normals(n + 1, 5, 10);
            const std::span<const float> values{x.data() + 1, n};
            std::vector<ErrorSums> all(grids().size());
            quantizationErrors(values, grids(), all);
            for (std::size_t g = 0; g < grids().size(); ++g) {
                const ErrorSums want = reference::quantizationError(values, grids()[g]);
                for (const ErrorSums& got : {all[g], quantizationError(values, grids()[g])}) {
                    EXPECT_TRUE(sameBits(got.squaredError, want.squaredError)) << n << ' ' << g;
                    EXPECT_TRUE(sameBits(got.squaredSignal, want.squaredSignal)) << n;
                    EXPECT_EQ(got.clipped, want.clipped) << n << ' ' << g;
                }
            }
            const auto y = normals(n, 6);
            const ErrorSums got = differenceSums(values, y);
            const ErrorSums want = reference::differenceSums(values, y);
            EXPECT_TRUE(sameBits(got.squaredError, want.squaredError));
            EXPECT_TRUE(sameBits(got.squaredSignal, want.squaredSignal));
        }
    });
}

TEST(QuantizationError, CountsWhatIsClippedAndMoreThanOneGroupOfGrids)
{
    forEachTarget([] {
        const std::vector<float> x{-3, -2, -1, 0, 1, 2, 3, std::numeric_limits<float>::quiet_NaN()};
        EXPECT_EQ(quantizationError(x, {1, 0, -2, 1}).clipped, 4u);
        const auto values = normals(100, 8);
        std::vector<QuantGrid> many(40);
        for (std::size_t g = 0; g < many.size(); ++g)
            many[g] = {0.01f * static_cast<float>(g + 1), 0, -8, 7};
        std::vector<ErrorSums> errors(many.size());
        quantizationErrors(values, many, errors);
        for (std::size_t g = 0; g < many.size(); ++g)
            EXPECT_EQ(errors[g].squaredError, reference::quantizationError(values, many[g]).squaredError);
    });
}

} // namespace
} // namespace qs::kernels
