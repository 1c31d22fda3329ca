// What a file takes and what it gives: open sizes, layouts, bytes, further inputs; outputs of any rank.
#include "core/base/half.h"
#include "core/exec/program.h"
#include "core/onnx/export.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/support/noise_images.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace qs::onnx {
namespace {

using test::OnnxBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Model> import(OnnxBuilder& builder, const ImportOptions& options = {})
{
    const std::string bytes = builder.model().SerializeAsString();
    return importModel(std::as_bytes(std::span(bytes)), {}, options);
}

/// A convolution over an image whose sizes are given, -1 open; its map is the output "map", its mean "logits".
OnnxBuilder mapModel(const OnnxBuilder::Ints& dims)
{
    OnnxBuilder b(17);
    b.input("image", dims);
    b.output("map", {});
    b.output("logits", {});
    b.random("w", {5, 3, 4, 4}, 0.3f);
    b.node("Conv", {"image", "w"}, "map");
    b.with("strides", OnnxBuilder::Ints{4, 4});
    b.node("GlobalAveragePool", {"map"}, "pooled");
    b.node("Flatten", {"pooled"}, "logits");
    return b;
}

TEST(ModelInput, OpenSizesAreChosenAndWhatIsAssumedIsSaid)
{
    auto b = mapModel({-1, 3, -1, -1});
    const auto assumed = import(b);
    ASSERT_TRUE(assumed) << assumed.error().text();
    EXPECT_EQ(assumed->info.height, 224);
    EXPECT_THAT(assumed->info.assumed, ::testing::Contains(::testing::Property(
                                           &Doubt::text, HasSubstr("224×224 assumed: --input-size HxW chooses"))));
    const auto chosen = import(b, {.imageSize = ImageSize{32, 48}});
    ASSERT_TRUE(chosen) << chosen.error().text();
    EXPECT_EQ(chosen->info.height, 32);
    EXPECT_EQ(chosen->info.width, 48);
    EXPECT_THAT(chosen->info.assumed,
                ::testing::Not(::testing::Contains(::testing::Property(&Doubt::text, HasSubstr("--input-size")))));
    auto fixed = mapModel({-1, 3, 16, -1});
    EXPECT_EQ(import(fixed, {.imageSize = ImageSize{16, 24}})->info.width, 24);
    EXPECT_EQ(import(fixed, {.imageSize = ImageSize{32, 24}}).error().code, ErrorCode::InvalidArgument);
}

TEST(ModelInput, AnErrorUnderAnAssumedSizeNamesSizesThatFit)
{
    OnnxBuilder b(17);
    b.input("image", {-1, 3, -1, -1});
    b.output("logits", {});
    b.random("w", {6, 3, 8, 8}, 0.3f);
    b.random("position", {1, 6, 8, 8}, 0.3f); // an image of 64 × 64
    b.node("Conv", {"image", "w"}, "map");
    b.with("strides", OnnxBuilder::Ints{8, 8});
    b.node("Add", {"map", "position"}, "placed");
    b.node("GlobalAveragePool", {"placed"}, "pooled");
    b.node("Flatten", {"pooled"}, "logits");
    test::TempDir folder;
    b.write(folder / "m.onnx");
    const auto model = importModel(folder / "m.onnx");
    ASSERT_FALSE(model);
    EXPECT_THAT(model.error().text(), HasSubstr("224×224 assumed"));
    EXPECT_THAT(model.error().text(), HasSubstr("it fits at 64x64"));
    EXPECT_THAT(fittingSizes(folder / "m.onnx", {}), ElementsAre(ImageSize{64, 64}));
    EXPECT_TRUE(importModel(folder / "m.onnx", {.imageSize = ImageSize{64, 64}}));
}

Tensor outputOf(const Model& model, uint64_t seed)
{
    const auto program = exec::Program::compile(model);
    EXPECT_TRUE(program) << program.error().text();
    std::vector<float> image(static_cast<std::size_t>(program->inputElements()));
    for (float& v : image) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        v = static_cast<float>(seed >> 56); // whole numbers of 0 to 255
    }
    Tensor out(DType::Float32, Shape{program->outputElements()});
    exec::Workspace workspace;
    exec::run(*program, workspace, image.data(), out.mutableData<float>().data());
    return out;
}

TEST(ModelInput, ChannelsLastAndBytesGiveWhatTheSameNetworkGives)
{
    auto plain = mapModel({1, 3, 16, 20});
    OnnxBuilder b(17);
    b.input("image", {1, 16, 20, 3});
    b.model().mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(2);
    b.output("map", {});
    b.output("logits", {});
    b.random("w", {5, 3, 4, 4}, 0.3f);
    b.node("Cast", {"image"}, "real");
    b.with("to", int64_t{1});
    b.node("Transpose", {"real"}, "first");
    b.with("perm", OnnxBuilder::Ints{0, 3, 1, 2});
    b.node("Conv", {"first", "w"}, "map");
    b.with("strides", OnnxBuilder::Ints{4, 4});
    b.node("GlobalAveragePool", {"map"}, "pooled");
    b.node("Flatten", {"pooled"}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_TRUE(model->info.bytes);
    EXPECT_TRUE(model->info.channelsLast);
    EXPECT_EQ(model->info.channels, 3);
    EXPECT_EQ(model->info.width, 20);
    EXPECT_THAT(outputOf(*model, 5).floats(), ::testing::ElementsAreArray(outputOf(*import(plain), 5).floats()));
}

TEST(ModelInput, SixteenBitsRoundTheImageInBothLayouts)
{
    for (const auto& [type, round] : {std::pair(10, &roundToFloat16), std::pair(16, &roundToBFloat16)})
        for (const bool channelsLast : {false, true}) {
            OnnxBuilder b(17);
            b.input("image", channelsLast ? OnnxBuilder::Ints{1, 16, 20, 3} : OnnxBuilder::Ints{1, 3, 16, 20});
            b.model().mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(type);
            b.output("flat", {});
            b.node("Cast", {"image"}, "real");
            b.with("to", int64_t{1});
            b.node("Flatten", {"real"}, "flat");
            const auto model = import(b);
            ASSERT_TRUE(model) << model.error().text();
            const auto program = exec::Program::compile(*model);
            ASSERT_TRUE(program) << program.error().text();
            std::vector<float> image(static_cast<std::size_t>(program->inputElements()));
            for (std::size_t i = 0; i < image.size(); ++i)
                image[i] = std::sin(static_cast<float>(i));
            Tensor out(DType::Float32, Shape{program->outputElements()});
            exec::Workspace workspace;
            exec::run(*program, workspace, image.data(), out.mutableData<float>().data());
            const std::size_t pixels = std::size_t{16} * 20;
            for (std::size_t i = 0; i < image.size(); ++i) {
                const std::size_t at = channelsLast ? i % pixels * 3 + i / pixels : i;
                ASSERT_EQ(out.floats()[at], round(image[i])) << i;
            }
        }
}

TEST(ModelInput, FurtherInputsAreUnusedOrGivenOrRefused)
{
    OnnxBuilder b(17);
    b.input("mask", {1, 4});
    b.input("image", {1, 1, 2, 2});
    b.input("idle", {1});
    b.output("logits", {});
    b.node("Flatten", {"image"}, "flat");
    b.node("Mul", {"flat", "mask"}, "logits");
    const auto refused = import(b);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("'mask' (--input NAME=FILE.npy"));
    ImportOptions given;
    given.constants["mask"] = Tensor::fromFloats({1, 4}, std::vector<float>{1, 2, 3, 4});
    const auto model = import(b, given);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_THAT(model->info.warnings, ::testing::Contains(HasSubstr("nothing reads the input 'idle'")));
    given.constants["msk"] = Tensor::fromFloats({1}, std::vector<float>{1});
    EXPECT_THAT(import(b, given).error().text(), HasSubstr("no such input"));
}

TEST(ModelOutput, ARowOfScoresIsPreferredAndAnyCanBeChosen)
{
    auto b = mapModel({1, 3, 16, 16});
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_THAT(model->info.counted, testing::ElementsAre("logits"));
    EXPECT_EQ(model->info.classes, 5);
    ASSERT_EQ(model->info.outputs.size(), 2u);
    EXPECT_EQ(model->info.outputs[0].meaning, "map");
    EXPECT_EQ(model->info.outputs[0].shape, (Shape{1, 5, 4, 4}));
    const auto map = import(b, {.outputs = {"map"}});
    ASSERT_TRUE(map) << map.error().text();
    EXPECT_EQ(map->info.classes, 0);
    EXPECT_THAT(import(b, {.outputs = {"maps"}}).error().text(), HasSubstr("it has 'map', 'logits'"));
}

TEST(ModelOutput, ScoresMayHaveSizesOfOneBesideOrNoImages)
{
    for (const OnnxBuilder::Ints& shape : {OnnxBuilder::Ints{1, 5, 1, 1}, {5}, {1, 1, 5}}) {
        OnnxBuilder b(17);
        b.input("image", {1, 3, 16, 16});
        b.output("y", {});
        b.random("w", {5, 3, 16, 16}, 0.3f);
        b.node("Conv", {"image", "w"}, "c");
        b.ints("shape", shape);
        b.node("Reshape", {"c", "shape"}, "y");
        const auto model = import(b);
        ASSERT_TRUE(model) << model.error().text();
        EXPECT_EQ(model->info.classes, 5);
    }
}

/// The whole road with an output that is no row of scores: no labels, no agreement, but errors.
TEST(ModelOutput, ATensorIsCalibratedEvaluatedExportedAndChecked)
{
    test::TempDir folder;
    auto b = mapModel({1, 3, 16, 16});
    b.write(folder / "m.onnx");
    const auto model = importModel(folder / "m.onnx", {.outputs = {"map"}});
    ASSERT_TRUE(model) << model.error().text();
    const test::NoiseImages images(6);
    const auto calibration = stats::calibrate(*model, images, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    const auto recipe = quant::presetRecipe("minmax", 8, 8);
    const auto plan = quant::resolve(*model, *calibration, *recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    const auto evaluation = quant::evaluate(*model, plan->get(), images, images.size(), nullptr, nullptr, {});
    ASSERT_TRUE(evaluation) << evaluation.error().text();
    EXPECT_FALSE(evaluation->scores);
    EXPECT_FALSE(evaluation->top1);
    EXPECT_GT(evaluation->logitSqnrDb, 25);
    EXPECT_GT(evaluation->cosine, 0.99);
    EXPECT_GT(evaluation->maxDifference, 0);
    EXPECT_NEAR(10 * std::log10(1 / evaluation->relativeError), evaluation->logitSqnrDb, 1e-6);
    EXPECT_THAT(quant::evaluationToJson(*evaluation), ::testing::Not(HasSubstr("agreement")));
    const auto report = exportModel(*model, **plan, folder / "q.onnx", {});
    ASSERT_TRUE(report) << report.error().text();
    const auto verified = verifyExport(*model, **plan, folder / "q.onnx", images, {4}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
}

} // namespace
} // namespace qs::onnx
