#include "core/images/preprocess.h"
#include "core/images/resample.h"

#include <gtest/gtest.h>
#include <vector>

namespace qs::images {
namespace {

Pixels pattern(int width, int height)
{
    Pixels image{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                image.rgb.push_back(static_cast<uint8_t>((x * 37 + y * 91 + c * 53 + x * y * x * 11) % 256));
    return image;
}

/// Results of Pillow, embedded so that they are always compared; pillow_test.cpp compares many more where it can.
TEST(Resample, EqualsPillow)
{
    struct Golden {
        int width;
        int height;
        Interpolation interpolation;
        std::vector<uint8_t> rgb;
    };
    const std::vector<Golden> goldens{
        {3, 4, Interpolation::Bilinear, {58,  98,  151, 112, 150, 177, 173, 158, 92,  158, 133, 148,
                                         143, 110, 103, 138, 191, 98,  131, 106, 121, 174, 142, 73,
                                         122, 175, 134, 129, 168, 139, 139, 177, 133, 123, 176, 174}},
        {3, 4, Interpolation::Bicubic, {45,  90,  151, 110, 158, 189, 178, 154, 87,  165, 136, 154,
                                        142, 100, 99,  138, 200, 93,  127, 98,  119, 184, 143, 63,
                                        119, 177, 137, 125, 170, 145, 141, 183, 129, 121, 176, 180}},
        {2, 9, Interpolation::Bilinear, {59,  112, 165, 163, 163, 139, 84,  115, 162, 147, 159, 121, 125, 119,
                                         157, 121, 152, 91,  156, 119, 131, 140, 164, 98,  184, 118, 99,  169,
                                         180, 114, 152, 116, 104, 142, 167, 107, 128, 123, 112, 122, 159, 110,
                                         133, 164, 134, 129, 176, 149, 136, 189, 147, 133, 186, 173}},
        {2, 9, Interpolation::Bicubic, {45,  111, 167, 174, 165, 145, 72,  112, 166, 154, 161, 122, 124, 115,
                                        162, 119, 155, 82,  163, 116, 133, 139, 167, 89,  183, 115, 101, 170,
                                        181, 111, 153, 107, 97,  146, 171, 103, 125, 116, 109, 123, 164, 107,
                                        130, 166, 137, 130, 180, 152, 135, 193, 153, 135, 189, 178}},
    };
    for (const Golden& g : goldens)
        EXPECT_EQ(resize(pattern(7, 5), g.width, g.height, g.interpolation).rgb, g.rgb) << g.width << "x" << g.height;
}

TEST(Resample, OvershootIsClamped)
{
    Pixels edge{8, 1, {}};
    for (int x = 0; x < 8; ++x)
        edge.rgb.insert(edge.rgb.end(), 3, x < 4 ? 0 : 255);
    const Pixels wide = resize(edge, 16, 1, Interpolation::Bicubic);
    for (int x = 0; x < 7; ++x)
        EXPECT_EQ(wide.rgb[static_cast<std::size_t>(x) * 3], 0) << x;
    for (int x = 9; x < 16; ++x)
        EXPECT_EQ(wide.rgb[static_cast<std::size_t>(x) * 3], 255) << x;
}

TEST(Resample, SameSizeIsACopyAndAConstantStaysConstant)
{
    EXPECT_EQ(resize(pattern(7, 5), 7, 5, Interpolation::Bicubic).rgb, pattern(7, 5).rgb);
    for (const uint8_t value : {0, 1, 127, 254, 255})
        for (const Interpolation interpolation : {Interpolation::Bilinear, Interpolation::Bicubic}) {
            const Pixels flat{13, 9, std::vector<uint8_t>(13 * 9 * 3, value)};
            EXPECT_EQ(resize(flat, 5, 31, interpolation).rgb, std::vector<uint8_t>(5 * 31 * 3, value));
        }
}

TEST(Resample, RegionIsTheSameAsCuttingTheWhole)
{
    const Pixels src = pattern(37, 29);
    for (const auto& [width, height] : {std::pair{20, 17}, {37, 17}, {20, 29}, {37, 29}, {80, 70}}) {
        const Pixels whole = resize(src, width, height, Interpolation::Bicubic);
        const Region region{3, 5, width - 7, height - 9};
        const Pixels part = resizeRegion(src, width, height, Interpolation::Bicubic, region);
        ASSERT_EQ(part.width, region.width);
        ASSERT_EQ(part.height, region.height);
        for (int y = 0; y < region.height; ++y)
            for (int i = 0; i < region.width * 3; ++i)
                ASSERT_EQ(part.rgb[static_cast<std::size_t>(y * region.width * 3 + i)],
                          whole.rgb[static_cast<std::size_t>(((y + region.y) * width + region.x) * 3 + i)]);
    }
}

} // namespace
} // namespace qs::images
