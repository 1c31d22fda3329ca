#include "core/images/folder.h"
#include "core/images/geometry.h"
#include "tests/images/drawing.h"

#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace qs::images {
namespace {

Preprocess lettered(int height, int width)
{
    Preprocess p = test::plain(height, width);
    p.to = ResizeTo::Input;
    p.resize = std::max(height, width);
    return p;
}

std::string described(const Preprocess& p, int width, int height)
{
    const auto g = geometryOf(p, width, height);
    if (!g)
        return std::string(errorCodeName(g.error().code)) + " " + g.error().where;
    const auto region = [](const Region& r) {
        return std::to_string(r.width) + "x" + std::to_string(r.height) + "+" + std::to_string(r.x) + "+" +
               std::to_string(r.y);
    };
    return std::to_string(g->resizedWidth) + "x" + std::to_string(g->resizedHeight) + " " + region(g->kept) + " at " +
           region(g->placed);
}

TEST(Geometry, ShorterSideAndCentreCropAsTorchvision)
{
    Preprocess p = test::plain(224, 224);
    p.resize = 256;
    EXPECT_EQ(described(p, 500, 375), "341x256 224x224+58+16 at 224x224+0+0"); // int(256·500/375), 58.5 to even
    EXPECT_EQ(described(p, 375, 500), "256x341 224x224+16+58 at 224x224+0+0");
    p.squash = true;
    EXPECT_EQ(described(p, 500, 375), "256x256 224x224+16+16 at 224x224+0+0");
    p.resize.reset();
    EXPECT_EQ(described(p, 100, 301), "100x301 100x224+0+38 at 100x224+62+0");
}

TEST(Geometry, LetterboxAsUltralytics)
{
    EXPECT_EQ(described(lettered(640, 640), 1920, 1080), "640x360 640x360+0+0 at 640x360+0+140");
    EXPECT_EQ(described(lettered(640, 640), 427, 640), "427x640 427x640+0+0 at 427x640+106+0");
    EXPECT_EQ(described(lettered(384, 640), 500, 375), "512x384 512x384+0+0 at 512x384+64+0");
    EXPECT_EQ(described(lettered(640, 640), 1280, 721), "640x360 640x360+0+0 at 640x360+0+140"); // round(360.5) = 360
    EXPECT_EQ(described(lettered(640, 640), 1280, 723), "640x362 640x362+0+0 at 640x362+0+139"); // round(361.5) = 362
    EXPECT_EQ(described(lettered(640, 640), 100'000, 1), "640x1 640x1+0+0 at 640x1+0+319");
    EXPECT_EQ(described(lettered(32, 32), 1, 1), "32x32 32x32+0+0 at 32x32+0+0");
    Preprocess p = lettered(384, 640);
    p.resize = 320; // a box of half the input
    EXPECT_EQ(described(p, 500, 375), "256x192 256x192+0+0 at 256x192+192+96");
    p.squash = true;
    EXPECT_EQ(described(p, 500, 375), "320x192 320x192+0+0 at 320x192+160+96");
    p.resize = 640;
    EXPECT_EQ(described(p, 375, 500), "640x384 640x384+0+0 at 640x384+0+0");
}

TEST(Geometry, LongerSideAsSegmentAnything)
{
    Preprocess p = *preprocessPreset("sam", 1024, 1024);
    EXPECT_EQ(described(p, 1800, 1200), "1024x683 1024x683+0+0 at 1024x683+0+0");
    EXPECT_EQ(described(p, 1200, 1800), "683x1024 683x1024+0+0 at 683x1024+0+0");
    EXPECT_EQ(described(p, 2048, 1025), "1024x513 1024x513+0+0 at 1024x513+0+0"); // int(512.5 + 0.5)
    EXPECT_EQ(described(p, 4000, 1), "1024x1 1024x1+0+0 at 1024x1+0+0");
    EXPECT_EQ(described(*preprocessPreset("sam", 512, 1024), 300, 600), "256x512 256x512+0+0 at 256x512+0+0");
}

TEST(Geometry, SidesInMultiples)
{
    const Preprocess depth = *preprocessPreset("depth-anything", 518, 518);
    EXPECT_EQ(described(depth, 640, 480), "686x518 518x518+84+0 at 518x518+0+0"); // 690.67 -> 49 · 14
    Preprocess p = lettered(518, 518);
    p.multiple = 14;
    p.padding.place = Padding::Place::TopLeft;
    EXPECT_EQ(described(p, 640, 480), "518x392 518x392+0+0 at 518x392+0+0"); // 388.5 -> 28 · 14
    EXPECT_EQ(described(p, 640, 10), "518x14 518x14+0+0 at 518x14+0+0");
    p.multiple = 32;
    EXPECT_EQ(described(p, 480, 480), "512x512 512x512+0+0 at 512x512+0+0"); // never over the box
    p.multiple = 1024;
    EXPECT_EQ(described(p, 480, 480), "1024x1024 518x518+253+253 at 518x518+0+0");
    p.resize.reset();
    EXPECT_EQ(described(p, 100, 50), "100x50 100x50+0+0 at 100x50+0+0");
}

TEST(Geometry, RefusesWhatMakesNoSense)
{
    Preprocess p = test::plain(8, 8);
    EXPECT_EQ(described(p, 0, 4), "InvalidArgument ");
    p.multiple = 0;
    EXPECT_EQ(described(p, 4, 4), "InvalidArgument multiple");
    p = test::plain(8, 8);
    p.resize = 16'384;
    EXPECT_EQ(described(p, 1, 2'000'000'000), "TooLarge ");
}

TEST(Geometry, IsItsOwnInverseAndKeepsTheCropInside)
{
    std::mt19937 random(3);
    const auto between = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
    for (int round = 0; round < 3000; ++round) {
        Preprocess p = test::plain(between(1, 90), between(1, 90));
        p.to = static_cast<ResizeTo>(between(0, 2));
        p.squash = between(0, 3) == 0;
        p.multiple = between(0, 1) == 0 ? 1 : between(1, 20);
        p.padding.place = static_cast<Padding::Place>(between(0, 1));
        if (between(0, 3) > 0)
            p.resize = between(1, 120);
        const int width = between(1, 200);
        const int height = between(1, 200);
        const auto g = geometryOf(p, width, height);
        ASSERT_TRUE(g);
        const auto inside = [](const Region& r, int w, int h) {
            return r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0 && r.x + r.width <= w && r.y + r.height <= h;
        };
        ASSERT_TRUE(inside(g->kept, g->resizedWidth, g->resizedHeight));
        ASSERT_TRUE(inside(g->placed, p.cropWidth, p.cropHeight));
        ASSERT_EQ(g->kept.width, g->placed.width);
        ASSERT_EQ(g->kept.height, g->placed.height);
        const Point back = g->toPhoto(g->toInput({1.25, 7.5}));
        ASSERT_NEAR(back.x, 1.25, 1e-9);
        ASSERT_NEAR(back.y, 7.5, 1e-9);
        const int pictureWidth = between(1, 300);
        for (int column = 0; column < p.cropWidth; ++column) {
            const bool padding = column < g->placed.x || column >= g->placed.x + g->placed.width;
            const double place = g->toPhoto({column + 0.5, 0}).x * pictureWidth / width;
            const int64_t nearest = g->nearestColumn(column, pictureWidth);
            ASSERT_EQ(nearest == -1, padding);
            if (!padding && std::abs(place - std::round(place)) > 1e-6) {
                ASSERT_EQ(nearest, static_cast<int64_t>(std::floor(place)));
            }
            ASSERT_LT(nearest, pictureWidth);
        }
    }
}

/// A bright rectangle of a photograph is where the geometry says, in what the images' own source gives the model.
TEST(Geometry, SaysWhereTheImagesPixelsGo)
{
    const test::TempDir dir;
    const int photos[][2] = {{120, 80}, {80, 120}, {64, 64}, {97, 31}, {300, 210}};
    const test::Rectangle relative[] = {
        {0.3, 0.4, 0.7, 0.6}, {0.45, 0.3, 0.55, 0.7}, {0, 0, 0.5, 0.5}, {0.6, 0.1, 1, 1}};
    int cases = 0;
    for (const auto& [width, height] : photos)
        for (const test::Rectangle& share : relative) {
            const test::Rectangle box{std::round(share.x0 * width), std::round(share.y0 * height),
                                      std::round(share.x1 * width), std::round(share.y1 * height)};
            const auto path = dir.write("photo.ppm", test::drawing(width, height, box));
            const auto folder = openFolder(dir.path());
            ASSERT_TRUE(folder);
            for (const auto& [name, p] : test::everyMode()) {
                const auto g = geometryOf(p, width, height);
                ASSERT_TRUE(g) << name;
                std::vector<float> values(static_cast<std::size_t>(3 * p.cropWidth * p.cropHeight));
                ASSERT_TRUE(makeSource(*folder, p)->load(0, values)) << name;
                const std::string what = name + " " + std::to_string(width) + "x" + std::to_string(height);
                test::expectDrawn(values, p, *g, box, what);
                ++cases;
            }
        }
    EXPECT_GE(cases, 240);
}

TEST(Geometry, PaddingIsColourOrExactlyTheMean)
{
    const Pixels white{2, 1, {255, 255, 255, 255, 255, 255}};
    Preprocess p;
    p.cropHeight = 2;
    p.cropWidth = 4;
    p.padding = {.mean = true, .place = Padding::Place::TopLeft};
    std::vector<float> values(24);
    ASSERT_TRUE(apply(p, white, values));
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t i = 0; i < 8; ++i)
            EXPECT_EQ(values[c * 8 + i], i < 2 ? (1.0F - p.mean[c]) / p.stddev[c] : 0.0F) << c << " " << i;
    EXPECT_EQ(resizeAndCrop(p, white)->rgb[6], 124); // 0.485 · 255 = 123.7

    p.padding = {.colour = {114, 0, 255}, .place = Padding::Place::Centre};
    ASSERT_TRUE(apply(p, white, values));
    const float padded[] = {114.0F, 0.0F, 255.0F};
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t i = 0; i < 8; ++i)
            EXPECT_EQ(values[c * 8 + i],
                      ((i == 1 || i == 2 ? 255.0F : padded[c]) / 255.0F - p.mean[c]) / p.stddev[c]);

    std::vector<float> grey(8);
    ASSERT_TRUE(apply(p, white, grey));
    const float luminance = (114 * 19595 + 255 * 7471 + 0x8000) >> 16;
    EXPECT_EQ(grey[0], (luminance / 255.0F - p.mean[0]) / p.stddev[0]);
    EXPECT_EQ(grey[1], (1.0F - p.mean[0]) / p.stddev[0]);
}

TEST(Geometry, SettingsAsJson)
{
    EXPECT_EQ(nlohmann::json(*preprocessPreset("yolo", 640, 640)).dump(),
              R"({"crop":[640,640],"interpolation":"bilinear","mean":[0.0,0.0,0.0],"pad":[114,114,114],"resize":640,)"
              R"("squash":false,"std":[1.0,1.0,1.0],"to":"input"})");
    const auto sam = *preprocessPreset("sam", 64, 64);
    const nlohmann::json written = sam;
    EXPECT_EQ(written["to"], "longer");
    EXPECT_EQ(written["pad"], "mean");
    EXPECT_EQ(written["pad_at"], "top-left");
    EXPECT_EQ(nlohmann::json(*preprocessPreset("depth-anything", 518, 518))["multiple"], 14);
    for (const char* name : {"imagenet", "cifar", "crop-only"})
        for (const char* key : {"to", "multiple", "pad", "pad_at"})
            EXPECT_FALSE(nlohmann::json(*preprocessPreset(name, 32, 32)).contains(key)) << name << key;
    const std::pair<const char*, const char*> bad[] = {
        {R"({"to": "shortest"})", "to"},       {R"({"to": 1})", "to"},         {R"({"multiple": 0})", "multiple"},
        {R"({"multiple": 2000})", "multiple"}, {R"({"pad": [0, 0]})", "pad"},  {R"({"pad": [0, 0, 256]})", "pad"},
        {R"({"pad": [0, 0.5, 0]})", "pad"},    {R"({"pad": "black"})", "pad"}, {R"({"pad_at": "left"})", "pad_at"}};
    for (const auto& [text, key] : bad) {
        const JsonReader json = JsonReader::of(nlohmann::json::parse(text));
        preprocessFrom(json);
        const auto read = json.check();
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().where.starts_with(key)) << text << ": " << read.error().text();
    }
}

} // namespace
} // namespace qs::images
