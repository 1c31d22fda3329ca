#include "core/onnx/import.h"
#include "tests/support/onnx_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;
using testing::ElementsAre;
using Ints = OnnxBuilder::Ints;

Result<Model> import(OnnxBuilder& builder, const ImportOptions& options = {})
{
    const std::string bytes = builder.model().SerializeAsString();
    return importModel(std::as_bytes(std::span(bytes)), {}, options);
}

std::vector<std::string> ops(const Model& model)
{
    std::vector<std::string> names;
    for (const graph::Node& node : model.graph.nodes())
        names.push_back(node.op);
    return names;
}

/// [1, 1, 2, 2] flattened to "flat" [1, 4]; the test makes "logits" [1, 2] of it.
OnnxBuilder flatModel(int64_t opset = 17)
{
    OnnxBuilder b(opset);
    b.input("image", {1, 1, 2, 2});
    b.output("logits", {1, 2});
    b.node("Flatten", {"image"}, "flat");
    return b;
}

pb::TensorProto& rawTensor(OnnxBuilder& b, const std::string& name, int32_t type, const Ints& dims,
                           const std::string& raw)
{
    pb::TensorProto& tensor = *b.model().mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const int64_t d : dims)
        tensor.add_dims(d);
    tensor.set_raw_data(raw);
    return tensor;
}

std::vector<float> weightOf(const Model& model)
{
    const auto values = model.graph.value(model.graph.nodes().back().inputs[1]).constant.floats();
    return {values.begin(), values.end()};
}

TEST(ImportForms, GemmFoldsItsFactorsAndTranspositions)
{
    OnnxBuilder b = flatModel();
    b.node("Gemm", {"flat", b.floats("w", {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), b.floats("c", {2}, {10, 20})}, "logits");
    b.with("transB", int64_t{1}).with("alpha", 2.0f).with("beta", 0.5f);
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_THAT(ops(*model), ElementsAre("Reshape", "Linear"));
    EXPECT_THAT(weightOf(*model), ElementsAre(2, 10, 4, 12, 6, 14, 8, 16));
    const auto bias = model->graph.value(model->graph.nodes()[1].inputs[2]).constant.floats();
    EXPECT_THAT(std::vector<float>(bias.begin(), bias.end()), ElementsAre(5, 10));
    EXPECT_THAT(model->graph.nodes()[1].sources, ElementsAre(1));
    EXPECT_EQ(model->graph.nodes()[1].name, "node/logits");
}

TEST(ImportForms, HalfBFloatAndDoubleWeightsBecomeFloat)
{
    const auto little = [](auto... values) {
        std::string raw;
        (raw.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
        return raw;
    };
    const std::string half = little(uint16_t{0x3c00}, uint16_t{0xc000}, uint16_t{0x0001}, uint16_t{0x7bff},
                                    uint16_t{0}, uint16_t{0x8000}, uint16_t{0x3555}, uint16_t{0x0400});
    const std::string bfloat = little(uint16_t{0x3f80}, uint16_t{0xc000}, uint16_t{0x4049}, uint16_t{0}, uint16_t{0},
                                      uint16_t{0}, uint16_t{0}, uint16_t{0});
    const std::string real = little(1.0, -2.0, 0.1, 1e-40, 0.0, 0.0, 0.0, 0.0);
    const struct {
        int32_t type;
        std::string raw;
        std::vector<float> expected;
    } cases[] = {
        {10, half, {1, -2, 0x1p-24f, 65504, 0, -0.0f, 0x1.554p-2f, 0x1p-14f}},
        {16, bfloat, {1, -2, 3.140625f, 0, 0, 0, 0, 0}},
        {11, real, {1, -2, 0.1f, 1e-40f, 0, 0, 0, 0}},
    };
    for (const auto& c : cases) {
        OnnxBuilder b = flatModel();
        rawTensor(b, "w", c.type, {4, 2}, c.raw);
        b.node("MatMul", {"flat", "w"}, "logits");
        const auto model = import(b);
        ASSERT_TRUE(model) << model.error().text();
        EXPECT_EQ(weightOf(*model), c.expected);
    }
}

TEST(ImportForms, QuantizeAndDequantizeBecomeFakeQuantize)
{
    OnnxBuilder b = flatModel();
    b.scalar("s", 0.25f);
    rawTensor(b, "z", pb::TensorProto::UINT8, {}, std::string(1, '\x80'));
    b.node("QuantizeLinear", {"flat", "s", "z"}, "q");
    b.node("DequantizeLinear", {"q", "s", "z"}, "d");
    b.node("MatMul", {"d", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_THAT(ops(*model), ElementsAre("Reshape", "FakeQuantize", "Linear"));
    const graph::Node& node = model->graph.nodes()[1];
    EXPECT_THAT(node.sources, ElementsAre(1, 2));
    EXPECT_EQ(node.attributes.integer("qmin", -1), 0);
    EXPECT_EQ(node.attributes.integer("qmax", -1), 255);
    EXPECT_EQ(node.attributes.tensor("scale")->floats()[0], 0.25f);
    EXPECT_EQ(node.attributes.tensor("zero_point")->data<int32_t>()[0], 128);
}

TEST(ImportForms, CodesReadByOthersAreRefused)
{
    OnnxBuilder b = flatModel();
    b.scalar("s", 0.25f);
    rawTensor(b, "z", pb::TensorProto::UINT8, {}, std::string(1, '\0'));
    b.node("QuantizeLinear", {"flat", "s", "z"}, "q");
    b.node("Cast", {"q"}, "c");
    b.with("to", int64_t{1});
    b.node("MatMul", {"c", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(model.error().text(), testing::HasSubstr("node/q"));
}

TEST(ImportForms, DequantizedWeightsAreFolded)
{
    OnnxBuilder channel = flatModel();
    rawTensor(channel, "codes", pb::TensorProto::INT8, {4, 2}, std::string("\x01\x02\xff\xfe\x03\x04\x7f\x80", 8));
    channel.floats("s", {2}, {0.5f, 2});
    rawTensor(channel, "z", pb::TensorProto::INT8, {2}, std::string("\x00\x01", 2));
    channel.node("DequantizeLinear", {"codes", "s", "z"}, "w");
    channel.with("axis", int64_t{1});
    channel.node("MatMul", {"flat", "w"}, "logits");
    const auto perChannel = import(channel);
    ASSERT_TRUE(perChannel) << perChannel.error().text();
    EXPECT_THAT(weightOf(*perChannel), ElementsAre(0.5f, 2, -0.5f, -6, 1.5f, 6, 63.5f, -258));

    OnnxBuilder blocked = flatModel(21); // int4, lower half of a byte first; blocks of two rows
    rawTensor(blocked, "codes", 22, {4, 2}, std::string("\x21\xfe\x87\x03", 4));
    blocked.floats("s", {2, 2}, {1, 10, 100, 1000});
    blocked.node("DequantizeLinear", {"codes", "s"}, "w");
    blocked.with("axis", int64_t{0}).with("block_size", int64_t{2});
    blocked.node("MatMul", {"flat", "w"}, "logits");
    const auto inBlocks = import(blocked);
    ASSERT_TRUE(inBlocks) << inBlocks.error().text();
    EXPECT_THAT(weightOf(*inBlocks), ElementsAre(1, 20, -2, -10, 700, -8000, 300, 0));
}

TEST(ImportForms, ConstantNodesOfAllForms)
{
    OnnxBuilder b = flatModel();
    const auto constant = [&](const std::string& name, auto value) {
        b.node("Constant", {}, name);
        pb::AttributeProto& a =
            *b.model().mutable_graph()->mutable_node(b.model().graph().node_size() - 1)->add_attribute();
        value(a);
        return name;
    };
    constant("factor", [](pb::AttributeProto& a) {
        a.set_name("value_float");
        a.set_type(pb::AttributeProto::FLOAT);
        a.set_f(3);
    });
    constant("shift", [](pb::AttributeProto& a) {
        a.set_name("value_floats");
        a.set_type(pb::AttributeProto::FLOATS);
        for (const float v : {1.0f, 2.0f, 3.0f, 4.0f})
            a.add_floats(v);
    });
    constant("shape", [](pb::AttributeProto& a) {
        a.set_name("value_ints");
        a.set_type(pb::AttributeProto::INTS);
        a.add_ints(1);
        a.add_ints(-1);
    });
    constant("index", [](pb::AttributeProto& a) {
        a.set_name("value_int");
        a.set_type(pb::AttributeProto::INT);
        a.set_i(0);
    });
    b.node("Mul", {"flat", "factor"}, "scaled");
    b.node("Add", {"scaled", "shift"}, "shifted");
    b.node("Reshape", {"shifted", "shape"}, "again");
    b.node("Gather", {"again", "index"}, "row");
    b.node("Unsqueeze", {"row", b.ints("axes", {0})}, "rows");
    b.node("MatMul", {"rows", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_THAT(ops(*model), ElementsAre("Reshape", "Mul", "Add", "Gather", "Reshape", "Linear"));
}

TEST(ImportForms, NoOpsVanishAndBecomeSources)
{
    OnnxBuilder b = flatModel();
    b.node("Identity", {"flat"}, "i");
    b.node("MatMul", {"i", b.random("w", {4, 2}, 1)}, "m");
    b.node("Dropout", {"m"}, "dropped");
    b.node("Add", {"dropped", b.random("bias", {2}, 1)}, "sum");
    b.node("Cast", {"sum"}, "half");
    b.with("to", int64_t{10});
    b.node("Identity", {"half"}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_THAT(ops(*model), ElementsAre("Reshape", "Linear"));
    EXPECT_THAT(model->graph.nodes()[1].sources, ElementsAre(2, 3, 4));
}

TEST(ImportForms, DynamicSizesAreSpecialised)
{
    OnnxBuilder b(17);
    b.input("image", {-1, 3, -1, -1});
    b.output("logits", {-1, 4});
    b.node("Conv", {"image", b.random("w", {4, 3, 2, 2}, 1)}, "conv");
    b.with("strides", Ints{2, 2});
    b.node("GlobalAveragePool", {"conv"}, "pool");
    b.node("Flatten", {"pool"}, "logits");
    const auto standard = import(b);
    ASSERT_TRUE(standard) << standard.error().text();
    EXPECT_EQ(standard->graph.value(standard->graph.input()).shape, (Shape{1, 3, 224, 224}));
    EXPECT_TRUE(standard->info.dynamicBatch);
    EXPECT_EQ(standard->info.classes, 4);
    const auto chosen = import(b, {.imageSize = ImageSize{32, 32}});
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->info.height, 32);
    EXPECT_EQ(import(b, {.imageSize = ImageSize{0, 0}}).error().code, ErrorCode::InvalidArgument);
}

TEST(ImportForms, ABranchThatTheNumberOfImagesDecidesIsSaid)
{
    for (const int64_t dimension : {0, 1}) {
        OnnxBuilder b(17);
        b.input("image", {-1, 3, 2, 2});
        b.output("logits", {-1, 12});
        b.node("Flatten", {"image"}, "flat");
        b.node("Shape", {"image"}, "sizes");
        b.node("Gather", {"sizes", b.ints("which", {dimension})}, "size");
        b.node("Equal", {"size", b.ints("one", {1})}, "flag");
        b.node("If", {"flag"}, "logits");
        auto& graph = *b.model().mutable_graph();
        auto& node = *graph.mutable_node(graph.node_size() - 1);
        for (const auto& [name, op] : {std::pair("then_branch", "Tanh"), std::pair("else_branch", "Neg")}) {
            auto& branch = *node.add_attribute();
            branch.set_name(name);
            branch.set_type(quantoscope_onnx::AttributeProto::GRAPH);
            auto& inner = *branch.mutable_g()->add_node();
            inner.set_op_type(op);
            inner.add_input("flat");
            inner.add_output(std::string(name) + "_out");
            branch.mutable_g()->add_output()->set_name(inner.output(0));
        }
        const auto model = import(b);
        ASSERT_TRUE(model) << model.error().text();
        EXPECT_THAT(ops(*model), ElementsAre("Reshape", dimension == 0 ? "Tanh" : "Neg"));
        EXPECT_EQ(std::ranges::count_if(model->info.warnings,
                                        [](const std::string& warning) {
                                            return warning.find("depends on the number of images") !=
                                                   std::string::npos;
                                        }),
                  dimension == 0 ? 1 : 0);
    }
}

TEST(ImportForms, StaticBatchIsKept)
{
    OnnxBuilder b(17);
    b.input("image", {4, 1, 2, 2});
    b.output("logits", {4, 2});
    b.node("Flatten", {"image"}, "flat");
    b.node("MatMul", {"flat", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->graph.batch(), 4);
    EXPECT_FALSE(model->info.dynamicBatch);
    EXPECT_EQ(model->sites[model->sites.find("patch_embed.input")].macs, 8) << "for one image";
}

TEST(ImportForms, InfinityInAMaskIsLegitimate)
{
    OnnxBuilder b = flatModel();
    b.node("Add", {"flat", b.floats("mask", {4}, {0, -INFINITY, 0, 0})}, "masked");
    b.node("Softmax", {"masked"}, "soft");
    b.node("MatMul", {"soft", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    EXPECT_TRUE(model) << model.error().text();
}

TEST(ImportForms, OldSoftmaxNormalisesAllAxesFromItsOwnOn)
{
    OnnxBuilder b(11);
    b.input("image", {1, 1, 2, 2});
    b.output("logits", {1, 2});
    b.node("Softmax", {"image"}, "soft");
    b.node("Flatten", {"soft"}, "flat");
    b.node("MatMul", {"flat", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_THAT(ops(*model), testing::Contains("Softmax"));
    for (const graph::Node& node : model->graph.nodes())
        if (node.op == "Softmax") {
            EXPECT_EQ(model->graph.value(node.inputs[0]).shape, (Shape{1, 4}));
        }
}

/// A prefix of no tokens goes its own way (Slice, Mul) and is joined again: nothing is left of it.
TEST(ImportForms, PartsWithoutElementsAreLeftOut)
{
    OnnxBuilder b = flatModel();
    b.node("Slice", {"flat", b.ints("from", {0}), b.ints("to", {0}), b.ints("axes", {1})}, "prefix");
    b.node("Mul", {"prefix", b.scalar("two", 2)}, "scaled");
    b.node("Concat", {"scaled", "flat"}, "joined");
    b.with("axis", int64_t{-1});
    b.node("MatMul", {"joined", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_THAT(ops(*model), ElementsAre("Reshape", "Linear"));
}

TEST(ImportForms, AnEmptyPartMustFitTheOthers)
{
    OnnxBuilder b = flatModel();
    b.node("Slice", {"flat", b.ints("from", {0}), b.ints("to", {0}), b.ints("axes", {1})}, "prefix");
    b.node("Concat", {"prefix", "flat", b.floats("more", {2, 0}, {})}, "joined");
    b.with("axis", int64_t{1});
    b.node("MatMul", {"joined", b.random("w", {4, 2}, 1)}, "logits");
    const auto model = import(b);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::ShapeMismatch);
}

} // namespace
} // namespace qs::onnx
