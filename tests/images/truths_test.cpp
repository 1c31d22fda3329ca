#include "core/images/geometry.h"
#include "core/images/truths.h"
#include "tests/images/drawing.h"
#include "tests/images/raw_png.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qs::images {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kPalette("\xFF\x00\x00\x00\xFF\x00\x00\x00\xFF\x80\x80\x80", 12);

class TruthPictures : public testing::Test {
protected:
    void photo(const std::string& name, int width, int height, const test::Rectangle& box = {})
    {
        m_dir.write("images/" + name, test::drawing(width, height, box));
    }
    void truth(const std::string& name, const std::string& content) { m_dir.write("truths/" + name, content); }

    Result<Truths> open(TruthKind kind, const Preprocess& preprocess, const TruthOptions& options = {})
    {
        const auto folder = openFolder(m_dir / "images");
        if (!folder)
            return tl::unexpected(folder.error());
        return openTruths({kind, m_dir / "truths", options}, *folder, preprocess);
    }
    /// The only truth, as text: "class class; class class" by row, '.' ignored; or the error.
    std::string mask(const Preprocess& preprocess, const TruthOptions& options = {})
    {
        const auto truths = open(TruthKind::Masks, preprocess, options);
        if (!truths)
            return failed(truths.error());
        const auto one = truths->source->of(0);
        if (!one)
            return failed(one.error());
        const auto& found = std::get<tasks::TrueMask>(*one);
        EXPECT_EQ(found.height, preprocess.cropHeight);
        EXPECT_EQ(found.width, preprocess.cropWidth);
        std::string text;
        for (std::size_t i = 0; i < found.classes.size(); ++i) {
            text += i == 0 ? "" : i % static_cast<std::size_t>(found.width) == 0 ? "; " : " ";
            text += found.classes[i] == 255 ? "." : std::to_string(found.classes[i]);
        }
        return text;
    }
    std::vector<float> map(const Preprocess& preprocess, const TruthOptions& options = {})
    {
        const auto truths = open(TruthKind::Maps, preprocess, options);
        if (!truths) {
            ADD_FAILURE() << truths.error().text();
            return {};
        }
        const auto one = truths->source->of(0);
        EXPECT_TRUE(one) << one.error().text();
        return one ? std::get<tasks::TrueMap>(*one).values : std::vector<float>{};
    }
    static std::string failed(const Error& error)
    {
        return std::string(errorCodeName(error.code)) + " " + std::filesystem::path(error.where).filename().string() +
               ": " + error.message;
    }

    test::TempDir m_dir;
};

TEST_F(TruthPictures, MasksOfEveryDepthGiveIndicesNotColours)
{
    photo("a.ppm", 3, 2);
    for (const int bits : {1, 2, 4, 8}) {
        const auto top = static_cast<uint16_t>(std::min((1 << bits) - 1, 254));
        const std::string expected = "0 1 " + std::to_string(top) + "; 1 0 0";
        truth("a.png", test::rawPng(3, 2, bits, {0, 1, top, 1, 0, 0}));
        EXPECT_EQ(mask(test::plain(2, 3)), expected) << bits;
        truth("a.png", test::rawPng(3, 2, bits, {0, 1, 1, 1, 0, 0}, kPalette.substr(0, 6)));
        EXPECT_EQ(mask(test::plain(2, 3)), "0 1 1; 1 0 0") << bits;
    }
    truth("a.png", test::rawPng(3, 2, 16, {0, 1, 254, 65535, 255, 2}));
    EXPECT_EQ(mask(test::plain(2, 3)), "0 1 254; . . 2");
    // Transparency and gamma are of colours, not of classes.
    truth("a.png", test::rawPng(3, 2, 8, {0, 1, 2, 3, 2, 1}, kPalette,
                                test::detail::pngChunk("tRNS", std::string("\x00\x80", 2)) +
                                    test::detail::pngChunk("gAMA", std::string("\x00\x00\x80\x00", 4))));
    EXPECT_EQ(mask(test::plain(2, 3)), "0 1 2; 3 2 1");
}

TEST_F(TruthPictures, MaskValues)
{
    photo("a.ppm", 3, 1);
    truth("a.png", test::rawPng(3, 1, 8, {0, 7, 255}));
    EXPECT_EQ(mask(test::plain(1, 3)), "0 7 .");
    EXPECT_EQ(mask(test::plain(1, 3), {.reduceZero = true}), ". 6 .");
    EXPECT_EQ(mask(test::plain(1, 3), {.ignored = 7}), "0 . .");
    EXPECT_EQ(mask(test::plain(3, 5)), ". . . . .; . 0 7 . .; . . . . ."); // padding is ignored
    EXPECT_EQ(mask(test::plain(1, 3), {.classes = 8}), "0 7 .");
    EXPECT_EQ(mask(test::plain(1, 3), {.classes = 7}),
              "InvalidArgument a.png: holds the class 7, the model has 7 classes, 0 to 6; where 0 means no class, "
              "classes are less by one");
}

TEST_F(TruthPictures, MasksGoWithTheImageInEveryMode)
{
    for (const auto& [width, height] : {std::pair{120, 80}, {80, 121}, {33, 33}}) {
        const test::Rectangle box{std::round(0.2 * width), std::round(0.3 * height), std::round(0.8 * width),
                                  std::round(0.7 * height)};
        photo("a.ppm", width, height, box);
        std::vector<uint16_t> samples;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                samples.push_back(x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1 ? 3 : 0);
        truth("a.png", test::rawPng(width, height, 8, samples, kPalette));
        const auto folder = openFolder(m_dir / "images");
        ASSERT_TRUE(folder);
        for (const auto& [name, p] : test::everyMode()) {
            const auto truths = open(TruthKind::Masks, p);
            ASSERT_TRUE(truths) << truths.error().text();
            const auto one = truths->source->of(0);
            ASSERT_TRUE(one) << one.error().text();
            const auto& classes = std::get<tasks::TrueMask>(*one).classes;
            std::vector<float> values(3 * classes.size());
            ASSERT_TRUE(makeSource(*folder, p)->load(0, values));
            const auto g = geometryOf(p, width, height);
            std::size_t bright = 0;
            for (std::size_t i = 0; i < classes.size(); ++i) {
                const auto x = static_cast<int>(i) % p.cropWidth;
                const auto y = static_cast<int>(i) / p.cropWidth;
                const Region& r = g->placed;
                if (x < r.x || y < r.y || x >= r.x + r.width || y >= r.y + r.height) {
                    EXPECT_EQ(classes[i], 255) << name;
                } else if (values[i] < 0.2F || values[i] > 0.8F) { // not on an edge
                    EXPECT_EQ(classes[i], values[i] > 0.5F ? 3 : 0) << name << " " << x << " " << y;
                    bright += values[i] > 0.5F ? 1 : 0;
                }
            }
            EXPECT_GT(bright, 20u) << name;
        }
    }
}

TEST_F(TruthPictures, MaskOfACopyOfAnotherSize)
{
    photo("a.ppm", 8, 4);
    truth("a.png", test::rawPng(4, 2, 8, {0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(mask(test::plain(4, 8)), "0 0 1 1 2 2 3 3; 0 0 1 1 2 2 3 3; 4 4 5 5 6 6 7 7; 4 4 5 5 6 6 7 7");
    truth("a.png", test::rawPng(8, 1, 8, {0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(mask(test::plain(4, 8)), "ShapeMismatch a.png: has 8 × 1 pixels, its image a.ppm has 8 × 4");
}

TEST_F(TruthPictures, WhereAMaskIsLookedFor)
{
    for (const char* name : {"a.ppm", "b.ppm", "c.ppm", "d.ppm"})
        photo(name, 1, 1);
    truth("a.png", test::rawPng(1, 1, 8, {1}));
    truth("b.ppm.png", test::rawPng(1, 1, 8, {2}));
    const auto truths = open(TruthKind::Masks, test::plain(1, 1));
    ASSERT_TRUE(truths) << truths.error().text();
    EXPECT_EQ(truths->known, 2u);
    ASSERT_EQ(truths->doubts.size(), 1u);
    EXPECT_EQ(truths->doubts[0].message, "2 of 4 images have a truth; 2 images have none: c.ppm, d.ppm");
    EXPECT_EQ(truths->doubts[0].evidence.at("known"), 2);
    EXPECT_EQ(std::get<tasks::TrueMask>(*truths->source->of(1)).classes, std::vector<uint8_t>{2});
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*truths->source->of(2)));
    EXPECT_FALSE(truths->source->of(4));
    // A photograph in PNG is not its own mask.
    m_dir.write("truths/x.png", test::png(1, 1, 1, {1}));
    const auto folder = openFolder(m_dir / "truths");
    const auto self = openTruths({TruthKind::Masks, m_dir / "truths"}, *folder, test::plain(1, 1));
    ASSERT_FALSE(self);
    EXPECT_THAT(failed(self.error()), HasSubstr("tells nothing of the 3 images"));
}

TEST_F(TruthPictures, KeysAreOfContentsAndOfHowTheyAreRead)
{
    photo("a.ppm", 2, 2);
    truth("a.png", test::rawPng(2, 2, 8, {0, 1, 2, 3}));
    const auto key = [&](const TruthOptions& options, const Preprocess& preprocess) {
        const auto folder =
            ImageFolder{m_dir / "images", {{m_dir / "images/a.ppm", "a.ppm", std::nullopt}}, {}, {}, {}};
        const auto truths = openTruths({TruthKind::Masks, m_dir / "truths", options}, folder, preprocess);
        return truths ? truths->source->key() : truths.error().text();
    };
    const std::string first = key({}, test::plain(2, 2));
    EXPECT_EQ(first.size(), 32U) << first;
    EXPECT_EQ(key({}, test::plain(2, 2)), first);
    EXPECT_NE(key({.reduceZero = true}, test::plain(2, 2)), first);
    EXPECT_NE(key({}, test::plain(1, 2)), first);
    truth("a.png", test::rawPng(2, 2, 8, {0, 1, 2, 2}));
    EXPECT_NE(key({}, test::plain(2, 2)), first);
}

TEST_F(TruthPictures, MalformedMasks)
{
    photo("a.ppm", 2, 2);
    const std::string good = test::rawPng(2, 2, 8, {0, 1, 2, 3}, kPalette);
    std::string broken = good;
    broken[good.size() - 30] ^= 0x55;
    std::string huge = good;
    huge.replace(8 + 8, 8, std::string("\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", 8));
    const std::pair<std::string, const char*> cases[] = {
        {test::png(2, 2, 3, std::vector<uint8_t>(12)), "Unsupported a.png: is a picture of colours"},
        {test::png(2, 2, 2, std::vector<uint8_t>(8)), "Unsupported a.png: is a picture of colours or with alpha"},
        {test::rawPng(2, 2, 16, {0, 1, 300, 3}),
         "Unsupported a.png: holds the class 300: classes of pixels are 0 to 254"},
        {test::plainPpm(2, 2, 1, 1, 1), "Unsupported a.png: is a PNM image: only PNG"},
        {"no image", "Malformed a.png: "},
        {"", "Malformed a.png: "},
        {good.substr(0, 20), "Malformed a.png: "},
        {good.substr(0, good.size() - 20), "Malformed a.png: "},
        {broken, "Malformed a.png: the PNG image is damaged"},
        {huge, "TooLarge a.png: "}};
    for (const auto& [content, message] : cases) {
        truth("a.png", content);
        EXPECT_THAT(mask(test::plain(2, 2)), HasSubstr(message));
    }
    truth("a.png", good);
    EXPECT_EQ(mask(test::plain(2, 2)), "0 1; 2 3");
    m_dir.write("images/a.ppm", "P6\n2"); // the photograph
    EXPECT_THAT(mask(test::plain(2, 2)), HasSubstr("Malformed a.ppm: "));
    const auto folder = ImageFolder{m_dir / "images", {{m_dir / "images/a.ppm", "a.ppm", std::nullopt}}, {}, {}, {}};
    EXPECT_EQ(openTruths({TruthKind::Masks, m_dir / "none"}, folder, {}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(openTruths({TruthKind::Masks, m_dir / "truths/a.png"}, folder, {}).error().message, "is not a folder");
    EXPECT_EQ(openTruths({TruthKind::Masks, m_dir / "truths", {.ignored = 256}}, folder, {}).error().where,
              "ignored");
    EXPECT_EQ(openTruths({TruthKind::Maps, m_dir / "truths", {.scale = 0.0}}, folder, {}).error().where, "scale");
}

std::string npy(const std::string& type, const std::string& shape, const std::string& bytes)
{
    std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(118 - 1, ' ');
    header += '\n';
    return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + bytes;
}

std::string bytesOf(const std::vector<float>& values)
{
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

TEST_F(TruthPictures, DepthOf16BitsIsScaledAndZeroIsUnknown)
{
    photo("a.ppm", 3, 1);
    truth("a.png", test::rawPng(3, 1, 16, {0, 256, 65535}));
    const auto metres = map(test::plain(1, 5), {.scale = 256});
    ASSERT_EQ(metres.size(), 5u);
    EXPECT_TRUE(std::isnan(metres[0]) && std::isnan(metres[1]) && std::isnan(metres[4])); // padding, 0, padding
    EXPECT_EQ(metres[2], 1.0F);
    EXPECT_EQ(metres[3], 65535.0F / 256);
    EXPECT_THAT(map(test::plain(1, 3), {.zeroUnknown = false}), ElementsAre(0, 256, 65535));
    truth("a.png", test::rawPng(3, 1, 8, {0, 51, 255}));
    EXPECT_THAT(map(test::plain(1, 3), {.scale = 255, .zeroUnknown = false}), ElementsAre(0, 0.2F, 1));
    EXPECT_THAT(open(TruthKind::Maps, test::plain(1, 3), {.scale = 255})->doubts, IsEmpty());
    EXPECT_THAT(open(TruthKind::Maps, test::plain(1, 3))->doubts[0].message, HasSubstr("taken as they are"));
}

TEST_F(TruthPictures, DepthInNumPysFiles)
{
    photo("a.ppm", 2, 2);
    const std::string values = bytesOf({1.5F, 0, NAN, 4});
    truth("a.png", test::rawPng(2, 2, 16, {9, 9, 9, 9})); // .npy comes first
    for (const char* shape : {"(2, 2)", "(1, 2, 2)", "(2, 2, 1)", "(1, 1, 2, 2)"}) {
        truth("a.npy", npy("<f4", shape, values));
        const auto found = map(test::plain(2, 2));
        ASSERT_EQ(found.size(), 4u) << shape;
        EXPECT_EQ(found[0], 1.5F);
        EXPECT_TRUE(std::isnan(found[1]) && std::isnan(found[2]));
        EXPECT_EQ(found[3], 4.0F);
    }
    truth("a.npy", npy("|u1", "(2, 2)", "\x01\x02\x03\x04"));
    EXPECT_THAT(map(test::plain(2, 2)), ElementsAre(1, 2, 3, 4));
    const auto problem = [&](const std::string& content) {
        truth("a.npy", content);
        const auto one = open(TruthKind::Maps, test::plain(2, 2))->source->of(0);
        return one ? std::string("none") : failed(one.error());
    };
    EXPECT_EQ(problem(npy("<f4", "(4,)", values)), "ShapeMismatch a.npy: must be a map [height, width]");
    EXPECT_EQ(problem(npy("<f4", "(4, 1, 1)", values)), "ShapeMismatch a.npy: must be a map [height, width]");
    EXPECT_THAT(problem(npy("<f4", "(1, 4)", values)), HasSubstr("ShapeMismatch a.npy: has 4 × 1 pixels"));
    EXPECT_THAT(problem("no array"), HasSubstr("Malformed a.npy"));
    EXPECT_THAT(problem(npy("<f4", "(2, 2)", values.substr(4))), HasSubstr("Malformed a.npy"));
}

/// Every value of the result is a value of the file, that of the pixel the centre lies in: nothing in between.
TEST_F(TruthPictures, DepthIsNeverInterpolated)
{
    const int width = 41;
    const int height = 29;
    photo("a.ppm", width, height);
    std::vector<uint16_t> samples;
    for (int i = 0; i < width * height; ++i)
        samples.push_back(static_cast<uint16_t>(1 + i * 53));
    truth("a.png", test::rawPng(width, height, 16, samples));
    for (const auto& [name, p] : test::everyMode()) {
        const auto found = map(p, {.scale = 1});
        const auto g = geometryOf(p, width, height);
        ASSERT_EQ(found.size(), static_cast<std::size_t>(p.cropWidth * p.cropHeight));
        for (int y = 0; y < p.cropHeight; ++y)
            for (int x = 0; x < p.cropWidth; ++x) {
                const Point at = g->toPhoto({x + 0.5, y + 0.5});
                const float value = found[static_cast<std::size_t>(y * p.cropWidth + x)];
                if (at.x < 0 || at.y < 0 || at.x >= width || at.y >= height) {
                    EXPECT_TRUE(std::isnan(value)) << name;
                } else if (std::abs(at.x - std::round(at.x)) > 1e-6 && std::abs(at.y - std::round(at.y)) > 1e-6) {
                    EXPECT_EQ(value, samples[static_cast<std::size_t>(at.y) * width + static_cast<std::size_t>(at.x)])
                        << name << " " << x << " " << y;
                }
            }
    }
}

TEST_F(TruthPictures, LabelsOfTheFolder)
{
    photo("a.ppm", 1, 1);
    photo("b.ppm", 1, 1);
    EXPECT_EQ(open(TruthKind::Classes, test::plain(1, 1)).error().message, "the images have no labels");
    m_dir.write("images/labels.csv", "a.ppm,3\nb.ppm,0\n");
    const auto truths = open(TruthKind::Classes, test::plain(1, 1));
    ASSERT_TRUE(truths) << truths.error().text();
    EXPECT_EQ(std::get<int>(*truths->source->of(0)), 3);
    EXPECT_EQ(truths->known, 2u);
}

TEST(TruthKinds, HaveNames)
{
    for (const TruthKindDef& def : truthKinds())
        EXPECT_EQ(findTruthKind(def.name)->kind, def.kind);
    EXPECT_EQ(findTruthKind("mask"), nullptr);
}

} // namespace
} // namespace qs::images
