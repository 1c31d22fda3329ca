#include "core/images/preprocess.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qs::images {
namespace {

std::string fromHex(std::string_view hex)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

// One picture of 8 × 6 pixels (30 x, 40 y, 128) in five formats.
constexpr std::string_view kJpeg =
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17"
    "202e2931302e292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113"
    "261515264f352d354f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f"
    "4f4f4f4f4f4f4f4fffc00011080006000803012200021101031101ffc4001500010100000000000000000000000000000003"
    "ffc400191001000203000000000000000000000000000305062132ffc4001501010100000000000000000000000000000203"
    "ffc4001c1100020007000000000000000000000000000301040512132231ffda000c03010002110311003f00956e3b06b901"
    "073d977474d9976086c7ffd9";
constexpr std::string_view kPng =
    "89504e470d0a1a0a0000000d4948445200000008000000060802000000716748ac0000001849444154789c63646068906360"
    "c0442c0c1a0c58013d2400f9f2023017d4037a0000000049454e44ae426082";
constexpr std::string_view kWebp =
    "524946462a000000574542505650384c1e0000002f07400100b98ce87fec22a2ff012101618eff1b250bc663006302905a36";
constexpr std::string_view kTiff =
    "49492a00780000008000000800f40c79032d40cf1034b40d69036940c00288245079142d450f1144b4516914694500050824"
    "9079242d490f1244b4916924694900078824d079342d4d0f1344b4d16934694d000a08251079442d510f1444b51169446951"
    "000c88255079542d550f1544b5516954695520200a0000010300010000000800000001010300010000000600000002010300"
    "03000000f6000000030103000100000005000000060103000100000002000000110104000100000008000000150103000100"
    "0000030000001601030001000000060000001701040001000000700000001c01030001000000010000000000000008000800"
    "0800";
constexpr std::string_view kBmp =
    "424dc60000000000000036000000280000000800000006000000010018000000000090000000c40e0000c40e000000000000"
    "0000000080c80080c81e80c83c80c85a80c87880c89680c8b480c8d280a00080a01e80a03c80a05a80a07880a09680a0b480"
    "a0d280780080781e80783c80785a8078788078968078b48078d280500080501e80503c80505a8050788050968050b48050d2"
    "80280080281e80283c80285a8028788028968028b48028d280000080001e80003c80005a8000788000968000b48000d2";

const std::vector<std::pair<std::string, std::string_view>> kFiles{
    {"a.jpg", kJpeg}, {"a.png", kPng}, {"a.webp", kWebp}, {"a.tif", kTiff}, {"a.bmp", kBmp}};

std::string errorOf(const std::filesystem::path& path)
{
    const auto image = decodeImage(path);
    if (image)
        return "none";
    EXPECT_EQ(image.error().where, path.string());
    EXPECT_FALSE(image.error().message.empty());
    return std::string(errorCodeName(image.error().code));
}

TEST(Decode, ReadsTheFormats)
{
    const test::TempDir dir;
    for (const auto& [name, hex] : kFiles) {
        const auto image = decodeImage(dir.write(name, fromHex(hex)));
        ASSERT_TRUE(image) << image.error().text();
        ASSERT_EQ(image->width, 8) << name;
        ASSERT_EQ(image->height, 6) << name;
        const int tolerance = name == "a.jpg" ? 60 : 0; // strongly compressed
        for (int y = 0; y < 6; ++y)
            for (int x = 0; x < 8; ++x) {
                const uint8_t* rgb = &image->rgb[static_cast<std::size_t>(y * 8 + x) * 3];
                EXPECT_NEAR(rgb[0], x * 30, tolerance) << name;
                EXPECT_NEAR(rgb[1], y * 40, tolerance) << name;
                EXPECT_NEAR(rgb[2], 128, tolerance) << name;
            }
    }
}

TEST(Decode, GreyBecomesRgbAndAlphaIsDropped)
{
    const test::TempDir dir;
    const auto grey = decodeImage(dir.write("g.png", test::png(2, 1, 1, {7, 200})));
    ASSERT_TRUE(grey) << grey.error().text();
    EXPECT_EQ(grey->rgb, (std::vector<uint8_t>{7, 7, 7, 200, 200, 200}));
    const auto rgba = decodeImage(dir.write("a.png", test::png(2, 1, 4, {1, 2, 3, 0, 4, 5, 6, 128})));
    ASSERT_TRUE(rgba) << rgba.error().text();
    EXPECT_EQ(rgba->rgb, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));
    const auto pgm = decodeImage(dir.write("p.pgm", "P5\n# a comment\n2 1\n255\n\x01\x02"));
    ASSERT_TRUE(pgm) << pgm.error().text();
    EXPECT_EQ(pgm->rgb, (std::vector<uint8_t>{1, 1, 1, 2, 2, 2}));
}

TEST(Decode, BadFilesGiveOneClearError)
{
    const test::TempDir dir;
    EXPECT_EQ(errorOf(dir / "none.jpg"), "NotFound");
    EXPECT_EQ(errorOf(dir.path()), "Io");
    EXPECT_EQ(errorOf(dir.write("empty.jpg", "")), "Malformed");
    EXPECT_EQ(errorOf(dir.write("text.jpg", "this is no picture\n")), "Malformed");
    EXPECT_EQ(errorOf(dir.write("magic.jpg", "\xFF\xD8\xFF")), "Malformed");
    EXPECT_EQ(errorOf(dir.write("zero.ppm", test::ppm(0, 0, {}))), "Malformed");
    EXPECT_EQ(errorOf(dir.write("zero.png", test::png(0, 0, 3, {}))), "Malformed");
    EXPECT_EQ(errorOf(dir.write("nosize.ppm", "P6\n")), "Malformed");
    EXPECT_EQ(errorOf(dir.write("huge.png", test::png(100'000, 100'000, 3, {1, 2, 3}))), "TooLarge");
    EXPECT_EQ(errorOf(dir.write("huge.ppm", "P6 2000000000 2000000000 255\n")), "TooLarge");
    EXPECT_EQ(errorOf(dir.write("shortrows.png", test::png(4, 400, 3, std::vector<uint8_t>(60, 9)))), "Malformed");
}

/// Cut at every length, no format may crash, hang or give half a picture.
TEST(Decode, EveryTruncationIsAnError)
{
    const test::TempDir dir;
    for (const auto& [name, hex] : kFiles) {
        const std::string whole = fromHex(hex);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const std::string code = errorOf(dir.write(name, std::string_view(whole).substr(0, length)));
            const bool harmless = name == "a.png" && length + 16 >= whole.size(); // the check sums after the pixels
            if (!harmless) {
                EXPECT_EQ(code, "Malformed") << name << " cut to " << length << " of " << whole.size();
            }
        }
    }
}

/// One byte changed at a time: an image or an error, nothing else (the sanitizers watch).
TEST(Decode, DamagedBytesDoNotCrashAndCodecsPrintNothing)
{
    const test::TempDir dir;
    testing::internal::CaptureStderr();
    for (const auto& [name, hex] : kFiles) {
        const std::string whole = fromHex(hex);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
            const auto image = decodeImage(dir.write(name, damaged));
            if (image) {
                EXPECT_EQ(image->rgb.size(), static_cast<std::size_t>(image->width) * image->height * 3);
            }
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

} // namespace
} // namespace qs::images
