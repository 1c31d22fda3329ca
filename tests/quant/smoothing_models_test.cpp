// Smoothing on real models: the float logits stay as they are. Models from QUANTOSCOPE_TEST_ASSETS, and all of
// QUANTOSCOPE_TEST_MODELS.
#include "core/base/thread_pool.h"
#include "core/exec/run_images.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/assets.h"
#include "tests/support/logits.h"
#include "tests/support/noise_images.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace qs::quant {
namespace {

/// max |Δlogit| / max |logit| of a preset's smoothing alone, and how many sites have one.
void expectUnchanged(const std::filesystem::path& path, const char* preset)
{
    SCOPED_TRACE(path.filename().string() + " " + preset);
    const auto model = onnx::importModel(path);
    ASSERT_TRUE(model) << model.error().text();
    ThreadPool pool;
    Context context;
    context.pool = &pool;
    const test::NoiseImages images(4);
    const auto calibration = stats::calibrate(*model, images, {}, context);
    ASSERT_TRUE(calibration) << calibration.error().text();
    const auto recipe = presetRecipe(preset + std::string(kLiteral), 8, 8);
    ASSERT_TRUE(recipe);
    const auto plan = resolve(*model, *calibration, *recipe, nullptr, context);
    ASSERT_TRUE(plan) << plan.error().text();
    std::size_t smoothed = 0;
    for (const auto& site : (*plan)->sites)
        smoothed += site->smoothing ? 1 : 0;
    EXPECT_GE(smoothed, 9U);
    const auto program = exec::Program::compile(*model, (*plan)->smoothed, {});
    ASSERT_TRUE(program) << program.error().text();
    const auto logits = exec::runImages(*program, images, 0, images.size(), context, "testing");
    ASSERT_TRUE(logits) << logits.error().text();
    const double difference = test::relativeDifference((*calibration)->logits, *logits);
    std::printf("%s, %s: %zu sites smoothed, logits differ by %.2g of the largest\n", path.filename().c_str(), preset,
                smoothed, difference);
    EXPECT_LT(difference, 1e-5);
}

TEST(SmoothingModels, DeitTinyKeepsItsLogits)
{
    const auto path = test::modelAsset("deit_tiny_patch16_224_b1_op17.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    for (const char* preset : {"smoothquant", "sq-b"})
        expectUnchanged(path, preset);
}

TEST(SmoothingModels, SwinAndOthersKeepTheirLogits)
{
    const char* folder = std::getenv("QUANTOSCOPE_TEST_MODELS");
    if (!folder)
        GTEST_SKIP() << "QUANTOSCOPE_TEST_MODELS does not name a folder of exported models";
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".onnx")
            expectUnchanged(entry.path(), "sq-b");
}

} // namespace
} // namespace qs::quant
