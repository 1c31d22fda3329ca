// Every preset, with both coverages, on networks of awkward forms: what resolves is exported, and the file computes
// what the simulation computes.
#include "core/onnx/export.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace qs::onnx {
namespace {

using test::OnnxBuilder;

/// An attention on the tokens of an image, [1, 4, 16], behind a normalization; the pieces vary.
struct Pieces {
    bool gamma = true, beta = true;
    bool reciprocal = false; ///< the normalization divides by Mul with Reciprocal(Sqrt)
    bool gammaFirst = false; ///< constant operands come first
    bool sumBehindSoftmax = false;
    bool mask = false; ///< -inf above the diagonal
    bool headBias = true;
    bool sumsMeet = false;       ///< an element-wise product of two residual sums
    bool normalizedHead = false; ///< convolution and BatchNormalization give the classes
};

std::filesystem::path write(const std::filesystem::path& path, const Pieces& p)
{
    OnnxBuilder b(13);
    b.input("image", {1, 3, 8, 8});
    b.output("logits", {1, 16});
    b.node("Conv", {"image", b.random("patch.weight", {16, 3, 4, 4}, 0.15F), b.random("patch.bias", {16}, 0.1F)},
           "patch");
    b.with("strides", OnnxBuilder::Ints{4, 4}).with("kernel_shape", OnnxBuilder::Ints{4, 4});
    b.node("Reshape", {"patch", b.ints("patch.shape", {0, 16, 4})}, "flat");
    b.node("Transpose", {"flat"}, "tokens");
    b.with("perm", OnnxBuilder::Ints{0, 2, 1});
    const auto pair = [&](const char* op, const std::string& x, const std::string& constant, const std::string& y) {
        return p.gammaFirst ? b.node(op, {constant, x}, y) : b.node(op, {x, constant}, y);
    };
    const auto mean = [&](const std::string& x, const std::string& y) {
        b.node("ReduceMean", {x}, y);
        b.with("axes", OnnxBuilder::Ints{-1}).with("keepdims", int64_t{1});
        return y;
    };
    const auto norm = [&](const std::string& x, const std::string& name) {
        const std::string centred = b.node("Sub", {x, mean(x, name + ".mean")}, name + ".centred");
        const std::string square = b.node("Mul", {centred, centred}, name + ".square");
        const std::string shifted =
            b.node("Add", {mean(square, name + ".variance"), b.scalar(name + ".epsilon", 1e-5F)}, name + ".shifted");
        const std::string root = b.node("Sqrt", {shifted}, name + ".root");
        std::string y =
            p.reciprocal ? b.node("Mul", {centred, b.node("Reciprocal", {root}, name + ".inverse")}, name + ".normal")
                         : b.node("Div", {centred, root}, name + ".normal");
        if (p.gamma)
            y = pair("Mul", y, b.random(name + ".gamma", {16}, 1), name + ".scaled");
        if (p.beta)
            y = pair("Add", y, b.random(name + ".beta", {16}, 0.3F), name + ".moved");
        return y;
    };
    const auto linear = [&](const std::string& x, const std::string& name) {
        const std::string product = b.node("MatMul", {x, b.random(name + ".weight", {16, 16}, 0.25F)}, name);
        return b.node("Add", {product, b.random(name + ".bias", {16}, 0.2F)}, name + ".sum");
    };
    const std::string n1 = norm("tokens", "norm1");
    const std::string k = b.node("Transpose", {linear(n1, "k")}, "k.turned");
    b.with("perm", OnnxBuilder::Ints{0, 2, 1});
    std::string scores = b.node("MatMul", {linear(n1, "q"), k}, "scores");
    if (p.mask) {
        std::vector<float> mask(16, 0);
        for (std::size_t i = 0; i < 4; ++i)
            for (std::size_t j = i + 1; j < 4; ++j)
                mask[i * 4 + j] = -std::numeric_limits<float>::infinity();
        scores = b.node("Add", {scores, b.floats("mask", {1, 4, 4}, mask)}, "masked");
    }
    std::string weights = b.node("Softmax", {scores}, "softmax");
    b.with("axis", int64_t{-1});
    if (p.sumBehindSoftmax)
        weights = b.node("Add", {weights, scores}, "not.a.softmax");
    std::string x = b.node("Add", {b.node("MatMul", {weights, linear(n1, "v")}, "joined"), "tokens"}, "residual1");
    x = b.node("Add", {linear(norm(x, "norm2"), "fc"), x}, "residual2");
    if (p.sumsMeet)
        x = b.node("Mul", {x, b.node("Add", {x, "residual1"}, "residual3")}, "meeting");
    if (p.normalizedHead) {
        b.node("Transpose", {x}, "turned");
        b.with("perm", OnnxBuilder::Ints{0, 2, 1});
        b.node("Reshape", {"turned", b.ints("map.shape", {0, 16, 2, 2})}, "map");
        b.node("GlobalAveragePool", {"map"}, "pooled");
        b.node("Conv", {"pooled", b.random("head.weight", {16, 16, 1, 1}, 0.25F)}, "head");
        b.node("BatchNormalization",
               {"head", b.floats("bn.gain", {16}, std::vector<float>(16, 1.5F)), b.random("bn.offset", {16}, 0.2F),
                b.random("bn.mean", {16}, 0.2F), b.floats("bn.variance", {16}, std::vector<float>(16, 0.5F))},
               "normalized");
        b.node("Flatten", {"normalized"}, "logits");
        return b.write(path);
    }
    b.node("ReduceMean", {x}, "pooled");
    b.with("axes", OnnxBuilder::Ints{1}).with("keepdims", int64_t{0});
    const std::string product =
        b.node("MatMul", {"pooled", b.random("head.weight", {16, 16}, 0.25F)}, p.headBias ? "head" : "logits");
    if (p.headBias)
        b.node("Add", {product, b.random("head.bias", {16}, 0.2F)}, "logits");
    return b.write(path);
}

struct Form {
    std::string name;
    Pieces pieces;
};

class EveryPreset : public testing::TestWithParam<Form> {};

TEST_P(EveryPreset, IsExportedAsItIsSimulated)
{
    const test::TempDir folder;
    const test::NoiseImages images(4);
    const auto model = importModel(write(folder / "float.onnx", GetParam().pieces));
    ASSERT_TRUE(model) << model.error().text();
    const auto calibration = stats::calibrate(*model, images, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    for (const quant::Preset& preset : quant::presets())
        for (const std::string_view end : {std::string_view(), quant::kLiteral})
            for (const graph::Coverage coverage : {graph::Coverage::MatMul, graph::Coverage::Full})
                for (const int bits : {8, 4}) {
                    quant::Recipe recipe =
                        *quant::presetRecipe(std::string(preset.name) + std::string(end), bits, bits);
                    recipe.coverage = coverage;
                    SCOPED_TRACE(recipe.preset + (coverage == graph::Coverage::Full ? " full " : " matmul ") +
                                 std::to_string(bits));
                    const auto plan = quant::resolve(*model, *calibration, recipe, nullptr, {});
                    ASSERT_TRUE(plan) << plan.error().text();
                    const auto path = folder / "quantized.onnx";
                    const auto report = exportModel(*model, **plan, path, {});
                    ASSERT_TRUE(report) << report.error().text();
                    const auto verified = verifyExport(*model, **plan, path, images, {2}, {});
                    ASSERT_TRUE(verified) << verified.error().text();
                    EXPECT_TRUE(verified->passed);
                }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, EveryPreset,
    testing::Values(Form{"Plain", {}}, Form{"WithoutOffset", {.beta = false}}, Form{"WithoutGain", {.gamma = false}},
                    Form{"WithoutBoth", {.gamma = false, .beta = false}},
                    Form{"ReciprocalWithoutOffset", {.beta = false, .reciprocal = true, .gammaFirst = true}},
                    Form{"ReciprocalWithoutBoth", {.gamma = false, .beta = false, .reciprocal = true}},
                    Form{"SumBehindSoftmax", {.sumBehindSoftmax = true}}, Form{"Mask", {.mask = true}},
                    Form{"HeadWithoutBias", {.headBias = false}}, Form{"SumsMeet", {.sumsMeet = true}},
                    Form{"NormalizedHead", {.normalizedHead = true}}),
    [](const auto& form) { return form.param.name; });

} // namespace
} // namespace qs::onnx
