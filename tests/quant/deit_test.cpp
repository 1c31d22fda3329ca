// DeiT-Tiny on ImageNet images, from the folder that QUANTOSCOPE_TEST_ASSETS names (models/, images/). 64 test
// images, or all of them and all bit widths where QUANTOSCOPE_TEST_ALL is set: then it prints the table of the
// project's notes.
#include "core/base/thread_pool.h"
#include "core/images/folder.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace qs::quant {
namespace {

class DeitTiny : public ::testing::Test {
protected:
    void SetUp() override
    {
        const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
        if (assets == nullptr)
            GTEST_SKIP() << "QUANTOSCOPE_TEST_ASSETS is not set";
        const std::filesystem::path root(assets);
        auto model = onnx::importModel(root / "models/deit_tiny_patch16_224_b1_op17.onnx");
        ASSERT_TRUE(model) << model.error().text();
        m_model = std::make_unique<onnx::Model>(std::move(*model));
        m_calibrationImages = source(root / "images/imagenet-calib", 248);
        m_testImages = source(root / "images/imagenet-val", std::nullopt);
        m_context.pool = &m_pool;
        if (!m_all)
            m_count = 64;
    }

    static std::shared_ptr<const exec::ImageSource> source(const std::filesystem::path& path,
                                                           std::optional<int> resize)
    {
        auto folder = images::openFolder(path);
        EXPECT_TRUE(folder) << folder.error().text();
        images::Preprocess preprocess;
        preprocess.resize = resize;
        return images::makeSource(std::move(*folder), preprocess);
    }

    std::shared_ptr<const stats::Calibration> calibrated(std::size_t images) const
    {
        stats::CalibrationOptions options;
        options.images = images;
        auto calibration = stats::calibrate(*m_model, *m_calibrationImages, options, m_context);
        EXPECT_TRUE(calibration) << calibration.error().text();
        return calibration ? *calibration : nullptr;
    }

    std::shared_ptr<const Plan> planned(std::shared_ptr<const stats::Calibration> calibration, const Recipe& recipe,
                                        const Plan* previous = nullptr) const
    {
        auto plan = resolve(*m_model, std::move(calibration), recipe, previous, m_context);
        EXPECT_TRUE(plan) << plan.error().text();
        return plan ? *plan : nullptr;
    }

    bool m_all = std::getenv("QUANTOSCOPE_TEST_ALL") != nullptr;
    std::size_t m_count = SIZE_MAX;
    ThreadPool m_pool;
    Context m_context;
    std::unique_ptr<onnx::Model> m_model;
    std::shared_ptr<const exec::ImageSource> m_calibrationImages;
    std::shared_ptr<const exec::ImageSource> m_testImages;
};

TEST_F(DeitTiny, KeepsItsAccuracyAtEightBits)
{
    const auto calibration = calibrated(32);
    ASSERT_TRUE(calibration);
    const auto reference = floatReference(*m_model, *m_testImages, m_count, m_context);
    ASSERT_TRUE(reference) << reference.error().text();
    const auto weights = exec::makeWeightCache();
    for (const int bits : {8, 6, 4}) {
        for (const char* preset : {"minmax", "percentile", "sq-b", "opt-m", "mptq-vit"}) {
            if (bits < 8 && !m_all)
                continue;
            const auto plan = planned(calibration, *presetRecipe(preset + std::string(kLiteral), bits, bits));
            ASSERT_TRUE(plan);
            const auto result =
                evaluate(*m_model, plan.get(), *m_testImages, m_count, &*reference, weights, m_context);
            ASSERT_TRUE(result) << result.error().text();
            std::printf("%-10s W%dA%d: top-1 %.2f %% (float %.2f), top-5 %.2f, agreement %.2f %%, KL %.4f, "
                        "SQNR %.2f dB, %zu images, %.1f/s (float %.1f/s)\n",
                        preset, bits, bits, 100 * *result->top1, 100 * *result->floatTop1, 100 * *result->top5,
                        100 * result->agreement, result->klDivergence, result->logitSqnrDb, result->images,
                        result->imagesPerSecond, static_cast<double>(result->images) / reference->seconds);
            if (std::string_view(preset) == "mptq-vit" && bits < 8) {
                EXPECT_GE(*result->top1, bits == 4 ? 0.71 : 0.79);
            }
            if (bits == 8) {
                EXPECT_NEAR(*result->top1, *result->floatTop1, m_all ? 0.015 : 0.05);
                EXPECT_GT(result->agreement, 0.93);
                EXPECT_LT(result->klDivergence, 0.05);
            }
        }
    }
}

TEST_F(DeitTiny, AnotherPreprocessingIsNamedAndTheRightOneIsNot)
{
    const auto folder = *images::openFolder(
        std::filesystem::path(std::getenv("QUANTOSCOPE_TEST_ASSETS")) / "images/imagenet-val", {.count = 64});
    const auto doubts = [&](const char* preset) {
        const auto images = images::makeSource(folder, *images::preprocessPreset(preset, 224, 224));
        const auto evaluation = evaluate(*m_model, nullptr, *images, images->size(), nullptr, nullptr, m_context);
        EXPECT_TRUE(evaluation) << (evaluation ? "" : evaluation.error().text());
        return evaluation ? evaluation->doubts : std::vector<Doubt>{};
    };
    for (const char* right : {"imagenet", "dinov2"})
        EXPECT_TRUE(doubts(right).empty()) << right;
    for (const char* wrong : {"half", "none", "bytes"}) {
        const auto found = doubts(wrong);
        ASSERT_EQ(found.size(), 1u) << wrong;
        EXPECT_EQ(found[0].cure, "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225") << wrong;
    }
}

} // namespace
} // namespace qs::quant
