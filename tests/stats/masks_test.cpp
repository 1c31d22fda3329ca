#include "core/quant/plan.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "core/stats/calibration_file.h"
#include "core/stats/masks.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace qs::stats {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The small ViT with a mask that is added before its softmax.
std::string masked(const std::string& mask, const std::string& sum = "qm:1x2x4x4 = Add(qs, mask)")
{
    std::string text(test::kSmallVit);
    const std::string softmax = "sm:1x2x4x4 = Softmax(qs) axis=3";
    text.replace(text.find(softmax), softmax.size(), sum + "\nsm:1x2x4x4 = Softmax(qm) axis=3");
    text.insert(text.find("p0:"), "mask:" + mask + "\n");
    return text;
}

/// Causal: a query sees the keys up to its own; the last key is padding, which none sees.
const std::string kCausal = masked("1x1x4x4 = [0 -inf -inf -inf 0 0 -inf -inf 0 0 0 -inf 0 0 0 -inf]");

class Masks : public ::testing::Test {
protected:
    Result<std::shared_ptr<const Calibration>> run(const std::string& text)
    {
        m_vit = test::smallVit(text);
        return calibrate(m_vit, m_images, {}, {});
    }
    const SiteStatistics& input(const Calibration& calibration) const
    {
        return calibration.sites[m_vit.at("sm", 0).index()];
    }

    test::NoiseImages m_images{10};
    test::SmallVit m_vit = test::smallVit();
};

TEST_F(Masks, AreCountedAndLeftOut)
{
    const auto with = run(kCausal);
    ASSERT_TRUE(with) << with.error().text();
    const SiteStatistics& site = input(**with);
    EXPECT_EQ(site.masked, 10U * 2 * 7);
    EXPECT_EQ(site.values, 10U * 2 * 9);
    EXPECT_EQ(site.histogram.total(), site.values);
    for (const auto* numbers : {&site.minimum, &site.maximum})
        EXPECT_TRUE(std::ranges::all_of(*numbers, [](float x) { return std::isfinite(x); }));
    EXPECT_EQ(site.minimum[3], 0); // a key that nobody sees
    EXPECT_EQ(site.maximum[3], 0);
    EXPECT_EQ(site.variance[3], 0);
    EXPECT_TRUE(std::ranges::all_of(site.sample.floats(), [](float x) { return std::isfinite(x); }));

    // What the other keys have is what they have where the mask lets all queries through.
    const auto without = run(masked("1x1x4x4 = [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]"));
    ASSERT_TRUE(without);
    const SiteStatistics& all = input(**without);
    EXPECT_EQ(all.masked, 0U);
    EXPECT_EQ(site.minimum[0], all.minimum[0]);
    EXPECT_EQ(site.maximum[0], all.maximum[0]);
    EXPECT_NEAR(site.mean[0], all.mean[0], 1e-12);
    EXPECT_NEAR(site.variance[0], all.variance[0], 1e-9);
}

TEST_F(Masks, ComeBackFromTheFile)
{
    const auto with = run(kCausal);
    ASSERT_TRUE(with);
    const test::TempDir folder;
    ASSERT_TRUE(saveCalibration(**with, folder.path() / "a.qcal"));
    const auto read = loadCalibration(folder.path() / "a.qcal");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(input(**read).masked, input(**with).masked);
    EXPECT_TRUE(checkCalibration(**read, "", m_vit.sites));
}

TEST_F(Masks, OfSumsOfMasksToo)
{
    const auto with = run(masked("1x2x4x4 = [0 -inf 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]",
                                 "qa:1x2x4x4 = Add(qs, mask)\nqb:1x2x4x4 = Add(qa, qs)\nqm:1x2x4x4 = Add(qb, qa)"));
    ASSERT_TRUE(with) << with.error().text();
    EXPECT_EQ(input(**with).masked, 10U);
}

TEST_F(Masks, ASoftmaxInputThatHoldsThemStaysInFloatAndThePlanSaysSo)
{
    const auto with = run(kCausal);
    ASSERT_TRUE(with);
    quant::Recipe recipe;
    recipe.coverage = graph::Coverage::Full;
    const auto plan = quant::resolve(m_vit, *with, recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    const SiteId id = m_vit.at("sm", 0);
    EXPECT_FALSE((**plan)[id].quantized());
    EXPECT_TRUE((**plan)[id].masked);
    const std::string& name = m_vit.sites[id].name;
    EXPECT_EQ(1, std::ranges::count_if((*plan)->warnings, [&](const std::string& line) {
                  return line.starts_with(name) && line.find("43.8 % of the values are -inf") != std::string::npos;
              }));
    const auto open = run(masked("1x1x4x4 = [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]"));
    ASSERT_TRUE(open);
    const auto other = quant::resolve(m_vit, *open, recipe, nullptr, {});
    ASSERT_TRUE(other);
    EXPECT_TRUE((**other)[m_vit.at("sm", 0)].quantized());
}

TEST_F(Masks, NothingElseIsTakenForOne)
{
    // +inf, and NaN from a row of which nothing is left.
    for (const std::string& text : {masked("1x1x4x4 = [0 inf 0 0 0 0 0 0 0 0 0 0 0 0 0 0]"),
                                    masked("1x1x4x4 = [-inf -inf -inf -inf 0 0 0 0 0 0 0 0 0 0 0 0]")}) {
        const auto result = run(text);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::NotFinite);
        EXPECT_NE(result.error().message.find("node"), std::string::npos) << result.error().message;
    }
    // -inf that no softmax takes.
    std::string text(test::kSmallVit);
    text.replace(text.find("half:1 = [0.5]"), 14, "half:1 = [0.5]\nlow:8 = [0 0 -inf 0 0 0 0 0]");
    text.replace(text.find("n2:1x4x8 = LayerNormalization(r1"), 32,
                 "rl:1x4x8 = Add(r1, low)\nn2:1x4x8 = LayerNormalization(rl");
    const auto result = run(text);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::NotFinite);
}

TEST(Unmasked, IsNothingForNaNAndPlusInfinity)
{
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
        const std::vector<float> data{1, -kInfinity, bad, 2};
        std::vector<float> low{5}, high{6};
        std::vector<double> sum{7}, squares{8};
        EXPECT_FALSE(unmasked(data, {4, 1, 1}, {low.data(), high.data(), sum.data(), squares.data()}));
        EXPECT_EQ(low[0], 5);
        EXPECT_EQ(sum[0], 7);
    }
}

} // namespace
} // namespace qs::stats
