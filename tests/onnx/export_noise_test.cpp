// Exports of networks whose bias, LayerNormalization or V takes up noise, reparameterization or bias correction.
#include "core/onnx/export.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace qs::onnx {
namespace {

using test::NoiseImages;
using test::TinyVitOptions;

struct Case {
    std::string_view preset;
    int bits = 8;
    bool correct = false;
    TinyVitOptions file = {};
    int opset = 17;
};

class PresetExport : public testing::TestWithParam<Case> {
protected:
    void SetUp() override
    {
        auto model = importModel(test::writeTinyVit(m_folder / "float.onnx", GetParam().file));
        ASSERT_TRUE(model) << model.error().text();
        m_model = std::make_unique<Model>(std::move(*model));
        auto calibration = stats::calibrate(*m_model, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        auto recipe = quant::presetRecipe(std::string(GetParam().preset) + std::string(quant::kLiteral),
                                          GetParam().bits, GetParam().bits);
        ASSERT_TRUE(recipe) << recipe.error().text();
        recipe->weight.biasCorrection = GetParam().correct;
        auto plan = quant::resolve(*m_model, *calibration, *recipe, nullptr, {});
        ASSERT_TRUE(plan) << plan.error().text();
        m_plan = *plan;
    }

    test::TempDir m_folder;
    NoiseImages m_images{8};
    std::unique_ptr<Model> m_model;
    std::shared_ptr<const quant::Plan> m_plan;
};

TEST_P(PresetExport, ReloadedFileEqualsTheSimulation)
{
    ExportOptions options;
    options.opset = GetParam().opset;
    const auto report = exportModel(*m_model, *m_plan, m_folder / "quantized.onnx", options);
    ASSERT_TRUE(report) << report.error().text();
    const auto verified = verifyExport(*m_model, *m_plan, m_folder / "quantized.onnx", m_images, {8}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
    EXPECT_LT(verified->maxLogitDifference, 1e-5);
    // Nothing is left to do in float around the products of linear layers with uniform codes.
    if (GetParam().preset == "noisyquant" && GetParam().bits == 8) {
        for (const NodePrecision& node : report->nodes)
            EXPECT_TRUE(node.macs == 0 || node.op == "Conv" || node.precision == Precision::Int8)
                << node.node << ": " << node.reason;
    }
}

std::string nameOf(const testing::TestParamInfo<Case>& info)
{
    std::string name = std::string(info.param.preset) + std::to_string(info.param.bits) +
                       (info.param.correct ? "Corrected" : "") + (info.param.opset == 21 ? "Opset21" : "") +
                       std::to_string(info.index);
    std::erase_if(name, [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; });
    return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, PresetExport,
                         testing::Values(Case{"repq-vit", 8}, Case{"repq-vit", 4}, Case{"repq-vit", 4, true},
                                         Case{"noisyquant", 8}, Case{"noisyquant", 8, true}, Case{"noisyquant", 4},
                                         Case{"noisyquant", 4, true, {}, 21}, Case{"noisyquant-ptq4vit", 6},
                                         Case{"noisyquant-ptq4vit", 4, true}, Case{"minmax", 8, true},
                                         Case{"minmax", 4, true}, Case{"fq-vit", 8}, Case{"fq-vit", 4},
                                         Case{"noisyquant", 8, false, {9, false, false, 0.5F}}),
                         nameOf);

} // namespace
} // namespace qs::onnx
