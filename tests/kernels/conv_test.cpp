#include "core/kernels/conv.h"

#include "tests/kernels/kernel_testing.h"

#include <gtest/gtest.h>

namespace qs::kernels {
namespace {

/// Windows of the networks we meet, and odd ones: even kernels, unequal sides, padding wider than the image.
const std::vector<ConvWindow>& windows()
{
    static const std::vector<ConvWindow> all{
        {14, 14, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, {28, 28, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
        {7, 7, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2},   {15, 13, 5, 3, 2, 3, 1, 2, 0, 1, 2, 3},
        {9, 33, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},  {9, 9, 3, 3, 1, 1, 2, 3, 2, 3, 2, 3},
        {1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},   {2, 3, 2, 4, 1, 1, 1, 1, 5, 6, 0, 1},
        {16, 17, 7, 7, 4, 4, 1, 1, 3, 3, 3, 3}, {8, 8, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0},
        {10, 40, 3, 9, 1, 3, 1, 1, 1, 4, 1, 4},
    };
    return all;
}

TEST(DepthwiseConv, EqualsReferenceForEveryWindow)
{
    constexpr std::size_t kChannels = 3;
    forEachTarget([] {
        for (const ConvWindow& window : windows()) {
            SCOPED_TRACE(testing::Message()
                         << window.height << 'x' << window.width << " kernel " << window.kernelHeight << 'x'
                         << window.kernelWidth << " stride " << window.strideWidth);
            const auto x = normals(kChannels * window.height * window.width, 1);
            const auto w = normals(kChannels * window.kernelHeight * window.kernelWidth, 2);
            const auto bias = normals(kChannels, 3);
            const std::size_t plane = window.outHeight() * window.outWidth();
            for (const Activation activation : {Activation::None, Activation::HardSwish}) {
                std::vector<float> got(kChannels * plane + 1, -5);
                std::vector<float> want(kChannels * plane + 1, -5);
                depthwiseConv(window, 0, 2, x.data(), w.data(), bias.data(), activation, got.data());
                depthwiseConv(window, 2, 3, x.data(), w.data(), bias.data(), activation, got.data());
                reference::depthwiseConv(window, 0, 3, x.data(), w.data(), bias.data(), activation, want.data());
                if (targetHasFma()) {
                    EXPECT_TRUE(allSameBits(got, want));
                    continue;
                }
                for (std::size_t i = 0; i < got.size(); ++i)
                    EXPECT_NEAR(got[i], want[i], 3e-5) << i;
            }
        }
    });
}

TEST(Im2col, TimesTheFilterIsTheConvolution)
{
    constexpr std::size_t kChannels = 2;
    for (const ConvWindow& window : windows()) {
        const std::size_t taps = window.kernelHeight * window.kernelWidth;
        const std::size_t width = window.outWidth();
        const auto x = normals(kChannels * window.height * window.width, 1);
        const auto w = normals(kChannels * taps, 2);
        std::vector<float> want(kChannels * window.outHeight() * width);
        reference::depthwiseConv(window, 0, kChannels, x.data(), w.data(), nullptr, Activation::None, want.data());
        const std::size_t stride = kChannels * taps + 3;
        for (std::size_t first = 0; first < window.outHeight(); ++first) {
            std::vector<float> patches(width * stride, -9.0f);
            im2col(window, kChannels, x.data(), first, first + 1, patches.data(), stride);
            for (std::size_t ox = 0; ox < width; ++ox) {
                for (std::size_t c = 0; c < kChannels; ++c) {
                    float sum = 0;
                    for (std::size_t t = 0; t < taps; ++t)
                        sum = std::fma(patches[ox * stride + c * taps + t], w[c * taps + t], sum);
                    ASSERT_EQ(sum, want[(c * window.outHeight() + first) * width + ox]);
                }
                ASSERT_EQ(patches[ox * stride + kChannels * taps], -9.0f);
            }
        }
    }
}

} // namespace
} // namespace qs::kernels
