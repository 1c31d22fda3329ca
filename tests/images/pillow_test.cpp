#include "core/images/preprocess.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace qs::images {
namespace {

namespace fs = std::filesystem;

enum class Pattern { Gradient, Checkerboard, Noise, Spikes };

Pixels synthetic(Pattern pattern, int width, int height)
{
    Pixels image{width, height, {}};
    uint32_t state = 0x9E3779B9U + static_cast<uint32_t>(width * 131 + height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) {
                state = state * 1664525U + 1013904223U;
                int v = 0;
                switch (pattern) {
                case Pattern::Gradient:
                    v = (x * 255 / std::max(1, width - 1) + y * (c + 1)) % 256;
                    break;
                case Pattern::Checkerboard:
                    v = (x / (c + 1) + y) % 2 * 255;
                    break;
                case Pattern::Noise:
                    v = static_cast<int>(state >> 24);
                    break;
                case Pattern::Spikes:
                    v = state >> 28 == 0 ? 255 : 0;
                    break;
                }
                image.rgb.push_back(static_cast<uint8_t>(v));
            }
    return image;
}

const char* filterName(Interpolation interpolation)
{
    return interpolation == Interpolation::Bilinear ? "bilinear" : "bicubic";
}

int largestDifference(const Pixels& a, const Pixels& b)
{
    if (a.width != b.width || a.height != b.height || a.rgb.size() != b.rgb.size())
        return 256;
    int largest = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        largest = std::max(largest, std::abs(int{a.rgb[i]} - int{b.rgb[i]}));
    return largest;
}

/// Runs pillow_reference.py over cases.txt in the folder; skips the test where there is no Python with Pillow.
class AgainstPillow : public testing::Test {
protected:
    void SetUp() override
    {
        const char* python = std::getenv("QUANTOSCOPE_PYTHON");
        if (!python || *python == '\0')
            GTEST_SKIP() << "QUANTOSCOPE_PYTHON names no Python with Pillow";
        m_python = python;
        if (std::system(("'" + m_python + "' -c 'import PIL' 2>/dev/null").c_str()) != 0)
            GTEST_SKIP() << m_python << " has no Pillow";
    }

    void runPillow(const std::string& cases)
    {
        m_dir.write("cases.txt", cases);
        const std::string command =
            "'" + m_python + "' '" + QUANTOSCOPE_PILLOW_SCRIPT + "' '" + m_dir.path().string() + "'";
        ASSERT_EQ(std::system(command.c_str()), 0);
    }

    std::string m_python;
    test::TempDir m_dir;
};

TEST_F(AgainstPillow, ResizeIsBitExact)
{
    struct Case {
        Pixels src;
        int width;
        int height;
        Interpolation interpolation;
        std::string file;
    };
    std::vector<Case> cases;
    std::string list;
    const int sizes[][4] = {{64, 48, 31, 17},     {31, 17, 64, 48}, {33, 21, 33, 50},     {33, 21, 7, 21},
                            {1, 1, 5, 4},         {300, 2, 3, 9},   {2, 300, 9, 3},       {500, 375, 331, 248},
                            {227, 227, 224, 224}, {32, 32, 64, 64}, {288, 431, 248, 371}, {40, 40, 1, 1}};
    for (const auto& [w, h, newW, newH] : sizes)
        for (const Pattern pattern : {Pattern::Gradient, Pattern::Checkerboard, Pattern::Noise, Pattern::Spikes})
            for (const Interpolation interpolation : {Interpolation::Bilinear, Interpolation::Bicubic}) {
                const std::string name = std::to_string(cases.size());
                cases.push_back({synthetic(pattern, w, h), newW, newH, interpolation, name + "_out.ppm"});
                m_dir.write(name + ".ppm", test::ppm(w, h, cases.back().src.rgb));
                list += "resize " + name + ".ppm " + name + "_out.ppm " + std::to_string(newW) + " " +
                        std::to_string(newH) + " " + filterName(interpolation) + "\n";
            }
    runPillow(list);
    for (const Case& c : cases) {
        const auto expected = decodeImage(m_dir / c.file);
        ASSERT_TRUE(expected) << expected.error().text();
        EXPECT_EQ(largestDifference(resize(c.src, c.width, c.height, c.interpolation), *expected), 0)
            << c.src.width << "x" << c.src.height << " -> " << c.width << "x" << c.height << " "
            << filterName(c.interpolation);
    }
}

TEST_F(AgainstPillow, EvaluationTransformIsBitExact)
{
    struct Case {
        Pixels src;
        Preprocess preprocess;
        std::string file;
    };
    std::vector<Case> cases;
    std::string list;
    const int sizes[][2] = {{227, 227}, {500, 375}, {375, 500}, {248, 251},
                            {251, 248}, {32, 32},   {400, 100}, {225, 226}};
    const int settings[][3] = {{0, 224, 224}, {248, 224, 224}, {256, 224, 224},
                               {64, 64, 64},  {233, 100, 201}, {150, 224, 192}};
    for (const auto& [w, h] : sizes)
        for (const auto& [size, cropH, cropW] : settings)
            for (const Interpolation interpolation : {Interpolation::Bilinear, Interpolation::Bicubic}) {
                Preprocess p;
                p.resize = size > 0 ? std::optional(size) : std::nullopt;
                p.cropHeight = cropH;
                p.cropWidth = cropW;
                p.interpolation = interpolation;
                const std::string name = std::to_string(cases.size());
                cases.push_back({synthetic(Pattern::Noise, w, h), p, name + "_out.ppm"});
                m_dir.write(name + ".ppm", test::ppm(w, h, cases.back().src.rgb));
                list += "eval " + name + ".ppm " + name + "_out.ppm " + std::to_string(size) + " " +
                        std::to_string(cropH) + " " + std::to_string(cropW) + " " + filterName(interpolation) + "\n";
            }
    runPillow(list);
    for (const Case& c : cases) {
        const auto expected = decodeImage(m_dir / c.file);
        ASSERT_TRUE(expected) << expected.error().text();
        std::vector<float> values(static_cast<std::size_t>(3 * c.preprocess.cropHeight * c.preprocess.cropWidth));
        ASSERT_TRUE(apply(c.preprocess, c.src, values));
        std::size_t wrong = 0;
        const std::size_t area = values.size() / 3;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t channel = i / area;
            const float byte = expected->rgb[i % area * 3 + channel];
            wrong += values[i] != (byte / 255.0F - c.preprocess.mean[channel]) / c.preprocess.stddev[channel];
        }
        EXPECT_EQ(wrong, 0u) << c.src.width << "x" << c.src.height << " resize " << c.preprocess.resize.value_or(0)
                             << " crop " << c.preprocess.cropHeight << "x" << c.preprocess.cropWidth;
    }
}

/// Two JPEG decoders may differ by a grey level or two (rounding of the inverse DCT and of the colour conversion).
TEST_F(AgainstPillow, JpegsDecodeNearlyTheSame)
{
    const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
    const fs::path folder = assets ? fs::path(assets) / "images" / "imagenet-calib" : fs::path();
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().extension() == ".jpg")
            files.push_back(it->path());
    if (files.empty())
        GTEST_SKIP() << "QUANTOSCOPE_TEST_ASSETS has no images/imagenet-calib";
    std::sort(files.begin(), files.end());
    files.resize(std::min<std::size_t>(files.size(), 40));
    std::string list;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string name = std::to_string(i);
        fs::copy_file(files[i], m_dir / (name + ".jpg"));
        list += "decode " + name + ".jpg " + name + ".ppm\n";
    }
    runPillow(list);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto ours = decodeImage(files[i]);
        const auto pillow = decodeImage(m_dir / (std::to_string(i) + ".ppm"));
        ASSERT_TRUE(ours && pillow);
        EXPECT_LE(largestDifference(*ours, *pillow), 2) << files[i];
    }
}

} // namespace
} // namespace qs::images
