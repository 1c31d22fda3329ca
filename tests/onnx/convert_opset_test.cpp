#include "core/base/file.h"
#include "core/onnx/convert_opset.h"
#include "core/onnx/export_file.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstring>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;
using Ints = OnnxBuilder::Ints;

std::optional<std::size_t> rankThree(const std::string&)
{
    return 3;
}

struct Converted {
    Result<void> result;
    ExportFile file;
};

Converted convert(const OnnxBuilder& b, int64_t target)
{
    const test::TempDir folder;
    const auto path = b.write(folder / "m.onnx");
    auto opened = ExportFile::open(path, contentHash(readText(path).value()));
    if (!opened) // which leaves no file to look at
        throw std::runtime_error(opened.error().text());
    ExportFile file = std::move(*opened);
    Result<void> result = convertOpset(file, target, rankThree);
    return {std::move(result), std::move(file)};
}

Ints intsOf(const ExportFile& file, const std::string& name)
{
    const pb::TensorProto* tensor = file.constant(name);
    if (!tensor)
        return {};
    Ints values(tensor->raw_data().size() / sizeof(int64_t));
    std::memcpy(values.data(), tensor->raw_data().data(), tensor->raw_data().size());
    return values;
}

TEST(ConvertOpset, AxesBecomeInputsWhereTheOpsetSaysSo)
{
    for (const std::string op : {"Squeeze", "Unsqueeze", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2"}) {
        const bool early = op == "Squeeze" || op == "Unsqueeze" || op == "ReduceSum";
        for (const int64_t target : {17, 21}) {
            OnnxBuilder b(11);
            b.node(op, {"x"}, "y");
            b.with("axes", Ints{0, 2});
            const Converted c = convert(b, target);
            ASSERT_TRUE(c.result) << c.result.error().text();
            EXPECT_EQ(c.file.opset(), target);
            const bool moved = early || target == 21;
            ASSERT_EQ(c.file.node(0).input_size(), moved ? 2 : 1) << op << " to " << target;
            EXPECT_EQ(attribute(c.file.node(0), "axes") == nullptr, moved);
            if (moved) {
                EXPECT_EQ(intsOf(c.file, c.file.node(0).input(1)), (Ints{0, 2}));
            }
        }
    }
}

TEST(ConvertOpset, SoftmaxOverTheLastAxis)
{
    OnnxBuilder b(11);
    b.node("Softmax", {"x"}, "y");
    b.with("axis", int64_t{2});
    const Converted c = convert(b, 17);
    ASSERT_TRUE(c.result) << c.result.error().text();
    EXPECT_EQ(integerAttribute(c.file.node(0), "axis", 99), -1);
}

TEST(ConvertOpset, SoftmaxOverSeveralAxesIsRefused)
{
    OnnxBuilder b(11); // the default of the old form is axis 1: here two axes at once
    b.node("Softmax", {"x"}, "y");
    const Converted c = convert(b, 17);
    ASSERT_FALSE(c.result);
    EXPECT_EQ(c.result.error().code, ErrorCode::Unsupported);
    EXPECT_NE(c.result.error().text().find("node/y"), std::string::npos);
}

TEST(ConvertOpset, SliceUpsampleClipPadDropout)
{
    OnnxBuilder b(9);
    b.node("Slice", {"x"}, "a");
    b.with("starts", Ints{1}).with("ends", Ints{5}).with("axes", Ints{2});
    b.floats("scales", {4}, {1, 1, 2, 2});
    b.node("Upsample", {"a", "scales"}, "b");
    b.node("Clip", {"b"}, "c");
    b.with("max", 6.0f);
    b.node("Pad", {"c"}, "d");
    b.with("pads", Ints{0, 1, 0, 1}).with("value", 2.0f);
    b.node("Dropout", {"d"}, "e");
    b.with("ratio", 0.1f);
    const Converted c = convert(b, 17);
    ASSERT_TRUE(c.result) << c.result.error().text();
    EXPECT_EQ(c.file.node(0).input_size(), 4);
    EXPECT_EQ(intsOf(c.file, c.file.node(0).input(3)), (Ints{2}));
    EXPECT_EQ(c.file.node(1).op_type(), "Resize");
    ASSERT_EQ(c.file.node(1).input_size(), 3);
    EXPECT_EQ(c.file.node(1).input(1), "");
    EXPECT_EQ(c.file.node(1).input(2), "scales");
    EXPECT_EQ(attribute(c.file.node(1), "coordinate_transformation_mode")->s(), "asymmetric");
    ASSERT_EQ(c.file.node(2).input_size(), 3);
    EXPECT_EQ(c.file.node(2).input(1), "");
    EXPECT_EQ(c.file.node(3).input_size(), 3);
    EXPECT_EQ(attribute(c.file.node(4), "ratio"), nullptr);
}

TEST(ConvertOpset, SplitSaysItsOutputsFrom18On)
{
    for (const bool sized : {false, true}) {
        OnnxBuilder b(13);
        std::vector<std::string> inputs{"x"};
        if (sized)
            inputs.push_back(b.ints("sizes", {1, 2}));
        b.node("Split", inputs, "a");
        b.model().mutable_graph()->mutable_node(0)->add_output("b");
        const Converted c = convert(b, 21);
        ASSERT_TRUE(c.result);
        EXPECT_EQ(integerAttribute(c.file.node(0), "num_outputs", 0), sized ? 0 : 2);
    }
}

TEST(ConvertOpset, NewerFilesAreLeftAlone)
{
    OnnxBuilder b(19);
    b.node("Whatever", {"x"}, "y");
    const Converted c = convert(b, 17);
    ASSERT_TRUE(c.result);
    EXPECT_EQ(c.file.opset(), 19);
}

TEST(ConvertOpset, OperatorsThatStayAsTheyAre)
{
    for (const char* op :
         {"IsNaN", "IsInf", "Compress", "CastLike", "NonZero", "GlobalLpPool", "LpPool", "LpNormalization", "Mean",
          "MeanVarianceNormalization", "Selu", "Shrink", "Softsign", "ThresholdedRelu"}) {
        OnnxBuilder b(15);
        b.node(op, {"x"}, "y");
        if (std::string_view(op) == "LpPool")
            b.with("kernel_shape", Ints{2, 2});
        if (std::string_view(op) == "MeanVarianceNormalization")
            b.with("axes", Ints{2, 3});
        for (const int64_t target : {17, 21}) {
            const Converted c = convert(b, target);
            ASSERT_TRUE(c.result) << c.result.error().text();
            EXPECT_EQ(c.file.opset(), target);
        }
    }
}

TEST(ConvertOpset, UnknownOperatorsAreRefusedByName)
{
    OnnxBuilder b(13);
    b.node("Whatever", {"x"}, "y");
    const Converted c = convert(b, 17);
    ASSERT_FALSE(c.result);
    EXPECT_EQ(c.result.error().code, ErrorCode::Unsupported);
    EXPECT_NE(c.result.error().text().find("Whatever 'node/y'"), std::string::npos);
    EXPECT_EQ(c.file.opset(), 13);
    b.model().mutable_graph()->mutable_node(0)->clear_name(); // a file that names no nodes
    EXPECT_NE(convert(b, 17).result.error().text().find("Whatever that gives 'y'"), std::string::npos);
}

TEST(ConvertOpset, IrVersions)
{
    EXPECT_EQ(irVersionOf(17), 8);
    EXPECT_EQ(irVersionOf(18), 8);
    EXPECT_EQ(irVersionOf(20), 9);
    EXPECT_EQ(irVersionOf(21), 10);
    EXPECT_EQ(irVersionOf(22), 10);
    EXPECT_EQ(irVersionOf(23), 11);
    EXPECT_EQ(irVersionOf(24), 12);
    EXPECT_EQ(irVersionOf(25), 13);
    EXPECT_EQ(irVersionOf(27), 13);
    EXPECT_EQ(irVersionOf(28), 14);
}

} // namespace
} // namespace qs::onnx
