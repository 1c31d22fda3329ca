// Activations with a scale a channel, and zero points that are no 8-bit code.
#include "core/base/file.h"
#include "core/exec/run_images.h"
#include "core/onnx/export.h"
#include "core/quant/resolve.h"
#include "core/search/hybrid_methods.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/assets.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/temp_dir.h"

#include "quantoscope_onnx.pb.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::NoiseImages;
using test::OnnxBuilder;
using test::TempDir;

/// Convolutions of all kinds, a product of activations that is as long as its tokens, a classifier.
std::filesystem::path writeNetwork(const std::filesystem::path& path)
{
    OnnxBuilder b(17);
    b.input("image", {1, 3, 8, 8});
    b.output("logits", {1, 4});
    const auto conv = [&](const std::string& x, const OnnxBuilder::Ints& shape, int64_t group,
                          const std::string& name) {
        b.node("Conv", {x, b.random(name + ".weight", shape, 0.3F), b.random(name + ".bias", {shape[0]}, 0.1F)},
               name);
        b.with("pads", OnnxBuilder::Ints{shape[2] / 2, shape[2] / 2, shape[2] / 2, shape[2] / 2})
            .with("group", group);
    };
    conv("image", {4, 3, 3, 3}, 1, "stem");
    conv("stem", {4, 1, 3, 3}, 4, "depthwise");
    conv("depthwise", {4, 4, 1, 1}, 1, "pointwise");
    conv("pointwise", {4, 2, 3, 3}, 2, "grouped");
    b.node("GlobalAveragePool", {"grouped"}, "pooled");
    b.node("Flatten", {"pooled"}, "flat");
    b.node("Gemm", {"flat", b.random("head.weight", {4, 4}, 0.5F), b.random("head.bias", {4}, 0.1F)}, "logits");
    return b.write(path);
}

void setGrid(quant::Plan& plan, const graph::Site& site, quant::UniformGrid grid)
{
    auto numbers = std::make_shared<quant::SitePlan>(plan[site.id]);
    numbers->grid = std::move(grid);
    numbers->map = quant::makeUniformMap(numbers->grid);
    plan.simulation.activations[site.id.index()] = numbers->map;
    plan.sites[site.id.index()] = numbers;
    for (const graph::Use& use : site.uses)
        if (use.input == 0 && plan.biases.erase(use.node) > 0)
            plan.simulation.constants.erase({use.node, 2});
}

enum class Form { Channels, Wide, WideChannels };

quant::UniformGrid gridOf(const graph::Site& site, int bits, Form form)
{
    quant::UniformGrid grid;
    const int64_t count = form == Form::Wide ? 1 : site.layout.channels;
    for (int64_t c = 0; c < count; ++c) {
        const double low =
            form == Form::Channels ? -1.3 - 0.2 * static_cast<double>(c) : 1 + 0.05 * static_cast<double>(c % 7);
        const quant::UniformGrid one =
            quant::uniformGrid(low, low + 1.9 + 0.3 * static_cast<double>(c % 3), bits, quant::Scheme::Asymmetric,
                               form == Form::Channels ? quant::ZeroPoint::ZeroInRange : quant::ZeroPoint::Wide);
        grid.scale.push_back(one.scale[0]);
        grid.zeroPoint.push_back(one.zeroPoint[0]);
        grid.qmin = one.qmin;
        grid.qmax = one.qmax;
    }
    return grid;
}

quant::Plan planWith(const Model& model, int bits, Form form)
{
    quant::Plan plan = test::handPlan(model, {.weightBits = bits});
    for (const graph::Site& site : model.sites)
        if (site.kind == graph::SiteKind::Activation && plan[site.id].quantized())
            setGrid(plan, site, gridOf(site, bits, form));
    return plan;
}

TEST(ExportGrid, ReloadedFileEqualsTheSimulation)
{
    const TempDir folder;
    for (const auto& path : {writeNetwork(folder / "conv.onnx"), test::writeTinyVit(folder / "vit.onnx")}) {
        const auto model = importModel(path);
        ASSERT_TRUE(model) << model.error().text();
        for (const Form form : {Form::Channels, Form::Wide, Form::WideChannels})
            for (const int bits : {3, 4, 8})
                for (const int opset : {17, 21}) {
                    const quant::Plan plan = planWith(*model, bits, form);
                    const auto report = exportModel(*model, plan, folder / "q.onnx", {.opset = opset});
                    ASSERT_TRUE(report) << report.error().text();
                    const auto verified = verifyExport(*model, plan, folder / "q.onnx", NoiseImages(4), {4}, {});
                    ASSERT_TRUE(verified) << verified.error().text();
                    EXPECT_TRUE(verified->passed);
                    EXPECT_LT(verified->maxLogitDifference, 1e-5);
                    for (const NodePrecision& node : report->nodes)
                        if (node.macs > 0) {
                            EXPECT_EQ(node.precision, Precision::Float) << node.node;
                            const char* why = form == Form::Wide ? "no 8-bit code" : "a scale a channel";
                            EXPECT_NE(node.reason.find(why), std::string::npos) << node.reason;
                        }
                }
    }
}

TEST(ExportGrid, OnlyTheLayersConcernedLeaveTheIntegers)
{
    const TempDir folder;
    const auto model = importModel(test::writeTinyVit(folder / "float.onnx"));
    ASSERT_TRUE(model) << model.error().text();
    quant::Plan plan = test::handPlan(*model);
    for (const graph::Site& site : model->sites)
        if (site.kind == graph::SiteKind::Activation && site.role == graph::Role::Fc2)
            setGrid(plan, site, gridOf(site, 8, Form::Channels));
    const auto report = exportModel(*model, plan, folder / "q.onnx", {});
    ASSERT_TRUE(report) << report.error().text();
    std::map<std::string, Precision> precision;
    for (const NodePrecision& node : report->nodes)
        precision[node.node] = node.precision;
    EXPECT_EQ(precision["node/fc2.product"], Precision::Float);
    EXPECT_EQ(precision["node/fc1.product"], Precision::Int8);
    EXPECT_TRUE(std::ranges::any_of(
        report->warnings, [](const std::string& text) { return text.starts_with("1 products run in float"); }));
}

TEST(ExportGrid, VerifyFindsAChangedNumber)
{
    const TempDir folder;
    const auto model = importModel(writeNetwork(folder / "float.onnx"));
    ASSERT_TRUE(model) << model.error().text();
    const quant::Plan plan = planWith(*model, 8, Form::WideChannels);
    const graph::Site* site = nullptr;
    for (const graph::Site& s : model->sites)
        if (s.kind == graph::SiteKind::Activation && s.role == graph::Role::DepthwiseConv)
            site = &s;
    ASSERT_NE(site, nullptr);
    for (const char* changed : {"_scale", "_lowest", "_highest"}) {
        ASSERT_TRUE(exportModel(*model, plan, folder / "q.onnx", {}));
        ASSERT_TRUE(verifyExport(*model, plan, folder / "q.onnx", NoiseImages(1), {1}, {}));
        pb::ModelProto q;
        ASSERT_TRUE(q.ParseFromString(readText(folder / "q.onnx").value()));
        int found = 0;
        for (pb::TensorProto& tensor : *q.mutable_graph()->mutable_initializer())
            if (tensor.name() == site->name + changed) {
                (*tensor.mutable_raw_data())[6] ^= 1;
                ++found;
            }
        EXPECT_EQ(found, 1) << changed;
        std::ofstream(folder / "q.onnx", std::ios::binary) << q.SerializeAsString();
        const auto verified = verifyExport(*model, plan, folder / "q.onnx", NoiseImages(1), {1}, {});
        ASSERT_FALSE(verified) << changed;
        EXPECT_EQ(verified.error().where, site->name);
    }
}

/// What Q-HyViT's search writes down for MobileViT-XXS, all of it.
TEST(ExportGrid, WhatTheSearchFindsOnMobileVit)
{
    const auto path = test::modelAsset("mobilevit_xxs_cifar10_64.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    const auto model = importModel(path);
    ASSERT_TRUE(model) << model.error().text();
    const NoiseImages images(4);
    const auto calibration = stats::calibrate(*model, images, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    const search::HybridMethod& method = *search::findHybridMethod("q-hyvit");
    search::HybridOptions options = search::hybridOptions(method);
    options.grid = {0.4, 1.2, 4, 1, false};
    options.images = 1;
    quant::Recipe start = *search::hybridStart(method, 4, 4);
    start.activation.zeroPoint = quant::ZeroPoint::Wide;
    const auto found = search::searchHybrid(*model, *calibration, start, images, options, {});
    ASSERT_TRUE(found) << found.error().text();
    const auto plan = quant::resolve(*model, *calibration, found->recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    const TempDir folder;
    const auto report = exportModel(*model, **plan, folder / "q.onnx", {});
    ASSERT_TRUE(report) << report.error().text();
    std::size_t rounded = 0;
    for (const NodePrecision& node : report->nodes)
        rounded += node.why == FloatReason::ChannelScales ? 1 : 0;
    EXPECT_GT(rounded, 5U);
    const auto verified = verifyExport(*model, **plan, folder / "q.onnx", images, {2}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_EQ(verified->top1Agreement, 1);
    EXPECT_GT(verified->logitSqnrDb, 20);
}

} // namespace
} // namespace qs::onnx
