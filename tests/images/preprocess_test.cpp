#include "core/images/preprocess.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace qs::images {
namespace {

/// Red is the column, green the row, blue 0.
Pixels coordinates(int width, int height)
{
    Pixels image{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            image.rgb.insert(image.rgb.end(), {static_cast<uint8_t>(x), static_cast<uint8_t>(y), 0});
    return image;
}

/// Values are the bytes themselves.
Preprocess bytesOnly(int cropHeight, int cropWidth)
{
    Preprocess p;
    p.cropHeight = cropHeight;
    p.cropWidth = cropWidth;
    p.mean = {0.0F, 0.0F, 0.0F};
    p.stddev = {1.0F / 255.0F, 1.0F / 255.0F, 1.0F / 255.0F};
    return p;
}

TEST(Preprocess, CropOffsetRoundsHalvesToEven)
{
    // Python: int(round((size - crop) / 2.0)).
    for (const auto& [size, expected] :
         {std::pair{224, 0}, {225, 0}, {226, 1}, {227, 2}, {228, 2}, {229, 2}, {231, 4}}) {
        std::vector<float> values(3 * 224 * 224);
        ASSERT_TRUE(apply(bytesOnly(224, 224), coordinates(size, size), values));
        EXPECT_FLOAT_EQ(values[0], static_cast<float>(expected)) << size;
        EXPECT_FLOAT_EQ(values[224 * 224], static_cast<float>(expected)) << size;
    }
}

TEST(Preprocess, IsPlanarAndNormalised)
{
    Preprocess p;
    p.cropHeight = 1;
    p.cropWidth = 2;
    const Pixels two{2, 1, {0, 255, 51, 255, 0, 102}};
    std::vector<float> values(6);
    ASSERT_TRUE(apply(p, two, values));
    const float expected[] = {(0.0F - 0.485F) / 0.229F, (1.0F - 0.485F) / 0.229F, (1.0F - 0.456F) / 0.224F,
                              (0.0F - 0.456F) / 0.224F, (0.2F - 0.406F) / 0.225F, (0.4F - 0.406F) / 0.225F};
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_FLOAT_EQ(values[i], expected[i]) << i;
}

TEST(Preprocess, AFourthChannelIsAnOpaqueAlpha)
{
    Preprocess p = bytesOnly(4, 5);
    std::vector<float> three(3 * 20), four(4 * 20);
    ASSERT_TRUE(apply(p, coordinates(3, 2), three));
    ASSERT_TRUE(apply(p, coordinates(3, 2), four));
    EXPECT_TRUE(std::equal(three.begin(), three.end(), four.begin()));
    const float white = 1.0F / p.stddev[0]; // what a byte of 255 becomes
    EXPECT_FLOAT_EQ(white, 255);
    EXPECT_EQ(std::count(four.begin() + 60, four.end(), white), 20) << "padding too";
    p.mean = {0.4F, 0.5F, 0.6F};
    ASSERT_TRUE(apply(p, coordinates(3, 2), four));
    EXPECT_EQ(std::count(four.begin() + 60, four.end(), 1.0F), 20);
    std::vector<float> two(2 * 20);
    EXPECT_FALSE(apply(p, coordinates(3, 2), two));
}

TEST(Preprocess, SmallImageIsPaddedWithBlack)
{
    std::vector<float> values(3 * 4 * 6);
    ASSERT_TRUE(apply(bytesOnly(4, 6), Pixels{3, 1, {10, 0, 0, 20, 0, 0, 30, 0, 0}}, values));
    std::vector<float> red(24, 0.0F);
    red[1 * 6 + 1] = 10.0F; // row (4 - 1) / 2, column (6 - 3) / 2
    red[1 * 6 + 2] = 20.0F;
    red[1 * 6 + 3] = 30.0F;
    for (std::size_t i = 0; i < red.size(); ++i)
        EXPECT_FLOAT_EQ(values[i], red[i]) << i;
}

TEST(Preprocess, SquashIgnoresTheAspectRatio)
{
    Preprocess p = bytesOnly(8, 8);
    p.resize = 8;
    p.squash = true;
    p.interpolation = Interpolation::Bilinear;
    const Pixels src = coordinates(64, 16);
    const Pixels whole = resize(src, 8, 8, Interpolation::Bilinear);
    std::vector<float> values(3 * 64);
    ASSERT_TRUE(apply(p, src, values));
    for (std::size_t i = 0; i < 64; ++i)
        EXPECT_FLOAT_EQ(values[i], whole.rgb[i * 3]);
}

TEST(Preprocess, RefusesWhatMakesNoSense)
{
    std::vector<float> values(3 * 4);
    const auto code = [&](const Preprocess& p, const Pixels& src) {
        const auto result = apply(p, src, values);
        return result ? std::string("none")
                      : std::string(errorCodeName(result.error().code)) + " " + result.error().where;
    };
    const Pixels good = coordinates(2, 2);
    Preprocess p = bytesOnly(2, 2);
    EXPECT_EQ(code(p, good), "none");
    EXPECT_EQ(code(p, Pixels{}), "ShapeMismatch ");
    EXPECT_EQ(code(p, Pixels{2, 2, {1, 2, 3}}), "ShapeMismatch ");
    EXPECT_EQ(code(bytesOnly(2, 3), good), "ShapeMismatch ");
    EXPECT_EQ(code(bytesOnly(0, 2), good), "InvalidArgument crop");
    for (const float bad : {0.0F, -1.0F, 1e-40F, std::numeric_limits<float>::quiet_NaN(), INFINITY}) {
        p = bytesOnly(2, 2);
        p.stddev[1] = bad;
        EXPECT_EQ(code(p, good), "InvalidArgument std") << bad;
    }
    p = bytesOnly(2, 2);
    p.mean[2] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(code(p, good), "InvalidArgument mean");
    p = bytesOnly(2, 2);
    p.resize = 0;
    EXPECT_EQ(code(p, good), "InvalidArgument resize");
    p.resize = 10'000;
    EXPECT_EQ(code(p, Pixels{1, 100'000, std::vector<uint8_t>(300'000)}), "TooLarge ");
}

Result<Preprocess> preprocessOf(std::string_view text)
{
    QS_ASSIGN(const JsonReader json, JsonReader::parse(text));
    return json.finish(preprocessFrom(json));
}

TEST(Preprocess, JsonRoundTripsAndReadsWell)
{
    for (const PreprocessPreset& preset : preprocessPresets()) {
        const auto value = preprocessPreset(preset.name, 224, 224);
        ASSERT_TRUE(value) << preset.name;
        const auto again = preprocessOf(nlohmann::json(*value).dump());
        ASSERT_TRUE(again) << again.error().text();
        EXPECT_EQ(*again, *value) << preset.name;
    }
    const nlohmann::json json = *preprocessPreset("imagenet", 224, 192);
    EXPECT_EQ(json.dump(), R"({"crop":[224,192],"interpolation":"bicubic","mean":[0.485,0.456,0.406],"resize":248,)"
                           R"("squash":false,"std":[0.229,0.224,0.225]})");
}

TEST(Preprocess, BadJsonNamesItsKey)
{
    const std::pair<const char*, const char*> cases[] = {{R"({"resize": "big"})", "resize"},
                                                         {R"({"resize": -4})", "resize"},
                                                         {R"({"resize": 1.5})", "resize"},
                                                         {R"({"squash": 1})", "squash"},
                                                         {R"({"crop": 224})", "crop"},
                                                         {R"({"crop": [0, 4]})", "crop[0]"},
                                                         {R"({"interpolation": "cubic"})", "interpolation"},
                                                         {R"({"mean": [1, 2]})", "mean"},
                                                         {R"({"std": [1, 0, 1]})", "std"},
                                                         {R"({"std": [1, "x", 1]})", "std[1]"},
                                                         {R"({"mean": [1e300, 0, 0]})", "mean[0]"},
                                                         {R"({"sise": 4})", "sise"},
                                                         {R"([1])", ""},
                                                         {R"({"crop": [99999999999, 4]})", "crop[0]"}};
    for (const auto& [text, key] : cases) {
        const auto value = preprocessOf(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().code, ErrorCode::InvalidArgument) << text;
        EXPECT_EQ(value.error().where, key) << text;
    }
}

TEST(Preprocess, PresetsFollowTimm)
{
    EXPECT_EQ(preprocessPreset("imagenet", 224, 224)->resize, 248); // floor(224 / 0.9)
    EXPECT_EQ(preprocessPreset("unit", 256, 256)->resize, 284);
    EXPECT_EQ(preprocessPreset("clip", 224, 224)->resize, 224);
    EXPECT_EQ(preprocessPreset("crop-only", 224, 224)->resize, std::nullopt);
    EXPECT_TRUE(preprocessPreset("cifar", 64, 64)->squash);
    const auto unknown = preprocessPreset("imagent", 224, 224);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(preprocessPreset("imagenet", 0, 224));
}

} // namespace
} // namespace qs::images
