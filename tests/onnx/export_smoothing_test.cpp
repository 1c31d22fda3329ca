#include "core/onnx/export.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <string>

namespace qs::onnx {
namespace {

using quant::SmoothingKind;
using test::NoiseImages;
using test::TinyVitOptions;

struct Case {
    const char* name;
    TinyVitOptions file;
    SmoothingKind kind;
    int weightBits;
    int activationBits;
    std::string_view softmax = "uniform";
    int opset = 17;
};

/// Smoothing on every input of a linear layer: folded into decomposed LayerNorms and into V, explicit after GELU.
quant::Recipe recipeOf(const Case& wanted)
{
    quant::Recipe recipe;
    recipe.weight.bits = wanted.weightBits;
    recipe.activation.bits = wanted.activationBits;
    recipe.activation.scheme = quant::Scheme::Symmetric;
    recipe.activation.smoothing = {wanted.kind, 0.7};
    quant::Rule softmax;
    softmax.match.role = graph::Role::SoftmaxOutput;
    softmax.set.quantizer = std::string(wanted.softmax);
    recipe.rules.push_back(softmax);
    return recipe;
}

class SmoothedExport : public testing::TestWithParam<Case> {};

TEST_P(SmoothedExport, ReloadedFileEqualsTheSimulation)
{
    const test::TempDir folder;
    auto model = importModel(test::writeTinyVit(folder / "float.onnx", GetParam().file));
    ASSERT_TRUE(model) << model.error().text();
    const NoiseImages images(8);
    const auto calibration = stats::calibrate(*model, images, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    const auto plan = quant::resolve(*model, *calibration, recipeOf(GetParam()), nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    int folded = 0;
    int explicitly = 0;
    for (const auto& site : (*plan)->sites)
        if (site->smoothing)
            ++(site->smoothing->target.place == quant::FoldPlace::Explicit ? explicitly : folded);
    EXPECT_GE(folded, 3);     // q k v, proj, fc1
    EXPECT_GE(explicitly, 1); // fc2
    ExportOptions options;
    options.opset = GetParam().opset;
    const auto report = exportModel(*model, **plan, folder / "quantized.onnx", options);
    ASSERT_TRUE(report) << report.error().text();
    const auto verified = verifyExport(*model, **plan, folder / "quantized.onnx", images, {8}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
    EXPECT_LT(verified->maxLogitDifference, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, SmoothedExport,
    testing::Values(Case{"Eight", {}, SmoothingKind::ShiftScale, 8, 8},
                    Case{"Four", {}, SmoothingKind::ShiftScale, 4, 4},
                    Case{"Int4", {}, SmoothingKind::ShiftScale, 4, 8, "uniform", 21},
                    Case{"SmoothQuant", {}, SmoothingKind::Scale, 8, 8},
                    Case{"Shift", {}, SmoothingKind::Shift, 8, 8},
                    Case{"FloatWeights", {}, SmoothingKind::ShiftScale, quant::kFloatBits, 8},
                    Case{"FloatActivations", {}, SmoothingKind::ShiftScale, 8, quant::kFloatBits},
                    Case{"Float", {}, SmoothingKind::ShiftScale, quant::kFloatBits, quant::kFloatBits},
                    Case{"Logarithm", {}, SmoothingKind::ShiftScale, 8, 4, "log-sqrt2"},
                    Case{"Old", {9, false, false, 0.5F}, SmoothingKind::ShiftScale, 8, 8}),
    [](const auto& instance) { return std::string(instance.param.name); });

} // namespace
} // namespace qs::onnx
