#include "core/quant/evaluate.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/profiles.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"

#include "core/base/thread_pool.h"
#include "core/exec/losses.h"
#include "core/quant/logits.h"
#include "core/quant/presets.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace qs::quant {
namespace {

class Evaluate : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
        const auto reference = floatReference(m_vit, m_images, SIZE_MAX, {});
        ASSERT_TRUE(reference) << reference.error().text();
        m_reference = *reference;
        // Two of three labels are what the float network says, every fourth image has none.
        m_images.labels = [this](std::size_t i) -> std::optional<int> {
            if (i % 4 == 3)
                return std::nullopt;
            const int best = topClasses(m_reference.logits->floats().subspan(i * 5, 5), 1)[0];
            return i % 3 == 0 ? (best + 1) % 5 : best;
        };
    }
    std::shared_ptr<const Plan> plan(int bits) const
    {
        return *resolve(m_vit, m_calibration, *presetRecipe("minmax", bits, bits), nullptr, {});
    }
    Result<Evaluation> run(const Plan* plan, const Context& context = {}, std::size_t count = SIZE_MAX) const
    {
        return evaluate(m_vit, plan, m_images, count, &m_reference, nullptr, context);
    }

    test::SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{36};
    std::shared_ptr<const stats::Calibration> m_calibration;
    FloatReference m_reference;
};

TEST_F(Evaluate, FloatAgreesWithItself)
{
    const auto result = run(nullptr);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_TRUE(result->isFloat);
    EXPECT_EQ(result->images, 36U);
    EXPECT_EQ(result->labelled, 27U);
    EXPECT_DOUBLE_EQ(*result->top1, 18.0 / 27);
    EXPECT_DOUBLE_EQ(*result->top5, 1);
    EXPECT_EQ(result->floatTop1, result->top1);
    EXPECT_EQ(result->agreement, 1);
    EXPECT_EQ(result->klDivergence, 0);
    EXPECT_TRUE(std::isinf(result->logitSqnrDb));
    EXPECT_EQ(result->meanWeightBits, 32);
    EXPECT_GT(result->modelBytes, 4000U);
    EXPECT_EQ(result->results.size(), 36U);
    EXPECT_FALSE(result->results[3].label);
}

TEST_F(Evaluate, ErrorsGrowAsBitsShrink)
{
    double sqnr = std::numeric_limits<double>::infinity();
    double kl = 0;
    for (const int bits : {8, 6, 4}) {
        const auto quantized = plan(bits);
        const auto result = run(quantized.get());
        ASSERT_TRUE(result) << result.error().text();
        EXPECT_LT(result->logitSqnrDb, sqnr - 3);
        EXPECT_GT(result->klDivergence, kl);
        EXPECT_FALSE(result->isFloat);
        EXPECT_EQ(result->preset, "minmax");
        EXPECT_EQ(result->floatTop1, run(nullptr)->top1);
        const auto flips = std::ranges::count_if(result->results, &ImageResult::flipped);
        EXPECT_DOUBLE_EQ(result->agreement, 1 - static_cast<double>(flips) / 36);
        sqnr = result->logitSqnrDb;
        kl = result->klDivergence;
        if (bits == 8) {
            EXPECT_GT(sqnr, 25);
            EXPECT_GT(result->agreement, 0.9);
        }
    }
}

TEST_F(Evaluate, DoesNotDependOnThreads)
{
    ThreadPool pool(3);
    Context context;
    context.pool = &pool;
    const auto quantized = plan(4);
    const auto a = run(quantized.get());
    const auto b = run(quantized.get(), context);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->logitSqnrDb, b->logitSqnrDb);
    EXPECT_EQ(a->klDivergence, b->klDivergence);
    EXPECT_EQ(b->threads, 3);
    const auto errors = accumulatedErrors(m_vit, *quantized, m_images, 10, nullptr, {});
    const auto same = accumulatedErrors(m_vit, *quantized, m_images, 10, nullptr, context);
    ASSERT_TRUE(errors && same);
    for (std::size_t i = 0; i < errors->size(); ++i)
        EXPECT_EQ((*errors)[i].accumulatedSqnrDb, (*same)[i].accumulatedSqnrDb);
}

TEST_F(Evaluate, RefusesWhatMakesNoSense)
{
    EXPECT_EQ(run(nullptr, {}, 0).error().code, ErrorCode::InvalidArgument);
    m_images.labels = [](std::size_t i) { return std::optional<int>(i == 9 ? 5 : 0); };
    const auto label = run(nullptr);
    ASSERT_FALSE(label);
    EXPECT_EQ(label.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(label.error().where, "noise-9");
    m_images.labels = nullptr;
    const auto unlabelled = run(nullptr);
    ASSERT_TRUE(unlabelled);
    EXPECT_FALSE(unlabelled->top1);
    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    const auto quantized = plan(8);
    EXPECT_EQ(run(quantized.get(), context).error().code, ErrorCode::Cancelled);
    FloatReference few = *floatReference(m_vit, m_images, 4, {});
    EXPECT_EQ(evaluate(m_vit, nullptr, m_images, 36, &few, nullptr, {}).error().code, ErrorCode::InvalidArgument);
}

TEST_F(Evaluate, JsonHasTheFiguresOfTheCommandLine)
{
    const auto quantized = plan(6);
    const auto json = nlohmann::json::parse(evaluationToJson(*run(quantized.get()), true));
    for (const char* key :
         {"images", "top1", "top5", "agreement", "logit_sqnr_db", "mean_weight_bits", "mean_activation_bits",
          "model_bytes", "images_per_second", "seconds", "coverage", "preset", "threads", "batch"})
        EXPECT_TRUE(json.contains(key)) << key;
    EXPECT_EQ(json["images"], 36);
    EXPECT_EQ(json["coverage"], "matmul");
    EXPECT_EQ(json["results"].size(), 36U);
    m_images.labels = nullptr;
    const auto unlabelled = nlohmann::json::parse(evaluationToJson(*run(nullptr)));
    EXPECT_FALSE(unlabelled.contains("top1"));
    EXPECT_TRUE(unlabelled["logit_sqnr_db"].is_null());
}

TEST_F(Evaluate, ErrorAccumulatesFromTheImageOn)
{
    const auto quantized = plan(4);
    const auto profiles = accumulatedErrors(m_vit, *quantized, m_images, 8, nullptr, {});
    ASSERT_TRUE(profiles) << profiles.error().text();
    EXPECT_EQ(profiles->size(), test::activationSites(m_vit.sites).size());
    for (const SiteProfile& profile : *profiles) {
        if (profile.site == m_vit.at("p0", 0)) {
            EXPECT_TRUE(std::isinf(profile.accumulatedSqnrDb)); // nothing is quantized before the image
        } else {
            EXPECT_TRUE(std::isfinite(profile.accumulatedSqnrDb)) << m_vit.sites[profile.site].name;
            EXPECT_LT(profile.accumulatedSqnrDb, 40);
        }
    }
}

TEST_F(Evaluate, SensitivityIsThatOfOneSiteAlone)
{
    Recipe recipe = *presetRecipe("minmax", kFloatBits, kFloatBits);
    SitePatch bits;
    bits.bits = 3;
    const SiteId activation = m_vit.at("f2", 0);
    const SiteId weight = m_vit.at("f2", 1);
    const std::vector<SiteId> both{activation, weight};
    const auto pair = *resolve(m_vit, m_calibration, edited(recipe, m_vit.sites, both, bits), nullptr, {});
    const auto profiles = sensitivities(m_vit, *pair, m_images, 12, nullptr, {});
    ASSERT_TRUE(profiles) << profiles.error().text();
    ASSERT_EQ(profiles->size(), 2U);
    for (const SiteProfile& profile : *profiles) {
        const auto alone =
            *resolve(m_vit, m_calibration, edited(recipe, m_vit.sites, std::vector{profile.site}, bits), nullptr, {});
        const auto result = run(alone.get(), {}, 12);
        ASSERT_TRUE(result);
        EXPECT_EQ(profile.sensitivityKl, result->klDivergence);
        EXPECT_EQ(profile.sensitivitySqnrDb, result->logitSqnrDb);
    }
}

TEST(Logits, FormulasHold)
{
    const std::vector<float> a{1, 2, 3, 2.5F, 3};
    const std::vector<float> b{1, 2, 3, 2, 0};
    EXPECT_EQ(topClasses(a, 3), (std::vector<int>{2, 4, 3}));
    EXPECT_EQ(topClasses(a, 9).size(), 5U);
    double sum = 0;
    const auto p = softmax(a);
    const auto q = softmax(b);
    double total = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        sum += p[i] * std::log(p[i] / q[i]);
        total += p[i];
    }
    EXPECT_NEAR(total, 1, 1e-12);
    EXPECT_NEAR(exec::klDivergence(a, b), sum, 1e-12);
    EXPECT_EQ(exec::klDivergence(a, a), 0);
    EXPECT_NEAR(exec::klDivergence(std::vector<float>{1000, 0}, std::vector<float>{0, 1000}), 1000, 1e-6);
    EXPECT_NEAR(decibels(100, 1), 20, 1e-12);
}

} // namespace
} // namespace qs::quant
