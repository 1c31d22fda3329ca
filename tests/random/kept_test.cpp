// Shrunk networks that were once computed wrongly, refused or not exported (tests/random/kept, made by shrink.py from
// our own generator): through all comparisons that need no Python.
#include "checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

namespace qs::random_tests {
namespace {

std::vector<std::filesystem::path> kept()
{
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(QUANTOSCOPE_KEPT_FOLDER))
        if (entry.path().extension() == ".onnx")
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

class Kept : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Kept, agreesWithTheInterpreterUnderEverySetting)
{
    const auto model = onnx::importModel(GetParam());
    ASSERT_TRUE(model) << model.error().text();
    const auto each = static_cast<std::size_t>(model->graph.value(model->graph.input()).shape.elements());
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> images(4 * each);
    for (float& v : images)
        v = normal(random);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        const auto checks = checkFloat(GetParam(), *model, std::span(images).first(each), seed, false);
        ASSERT_TRUE(checks) << checks.error().text();
        EXPECT_TRUE(checks->findings.empty()) << toJson(checks->findings).dump(1);
        const auto stem = std::filesystem::temp_directory_path() /
                          ("quantoscope-kept-" + GetParam().stem().string() + std::to_string(seed));
        const auto quantized = checkQuantized(stem.string(), *model, images, seed);
        EXPECT_TRUE(quantized.findings.empty()) << toJson(quantized.findings).dump(1) << quantized.recipe.dump();
        EXPECT_EQ(quantized.refused, "") << quantized.recipe.dump();
        for (const char* end : {".export.onnx", ".sites", ".logits"})
            std::filesystem::remove(stem.string() + end);
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, Kept, testing::ValuesIn(kept()), [](const auto& tested) {
    std::string name = tested.param.stem().string();
    std::ranges::replace_if(
        name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Kept);

} // namespace
} // namespace qs::random_tests
