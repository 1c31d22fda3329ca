#include "core/onnx/precision.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;

void add(pb::GraphProto& graph, const std::string& op, const std::string& input, const std::string& output)
{
    pb::NodeProto& node = *graph.add_node();
    node.set_op_type(op);
    node.set_name(output);
    node.add_input(input);
    node.add_output(output);
}

/// Found in ONNX Runtime 1.31: QLinearConv for `plain`, `moved` and `shared`, a float convolution for the others.
TEST(Precision, ConvolutionsWhoseOutputAQuantizerAloneReads)
{
    pb::GraphProto graph;
    for (const char* name : {"plain", "moved", "shared", "branched", "summed", "result"})
        add(graph, "Conv", "x", name);
    add(graph, "QuantizeLinear", "plain", "plain.q");
    add(graph, "Reshape", "moved", "moved.r");
    add(graph, "Transpose", "moved.r", "moved.t");
    add(graph, "QuantizeLinear", "moved.t", "moved.q");
    add(graph, "QuantizeLinear", "shared", "shared.q");
    add(graph, "DequantizeLinear", "shared.q", "shared.a");
    add(graph, "Relu", "shared.a", "one");
    add(graph, "Relu", "shared.a", "two");
    add(graph, "QuantizeLinear", "branched", "branched.q");
    add(graph, "Shape", "branched", "branched.shape");
    add(graph, "Add", "summed", "summed.s");
    add(graph, "QuantizeLinear", "summed.s", "summed.q");
    add(graph, "QuantizeLinear", "result", "result.q");
    graph.add_output()->set_name("result");

    std::map<NodeId, ProductForm> forms;
    for (int i = 0; i < 6; ++i) {
        ProductForm& form = forms[NodeId(static_cast<std::size_t>(i))];
        form.node = graph.node(i).name();
        form.op = "Conv";
    }
    findQuantizedOutputs(graph, true, forms);
    std::map<std::string, bool> found;
    for (const auto& [id, form] : forms)
        found[form.node] = form.quantizedOutput;
    const std::map<std::string, bool> expected{{"plain", true},     {"moved", true},   {"shared", true},
                                               {"branched", false}, {"summed", false}, {"result", false}};
    EXPECT_EQ(found, expected);
    findQuantizedOutputs(graph, false, forms); // Shape is a constant then
    EXPECT_TRUE(forms[NodeId(3)].quantizedOutput);
    EXPECT_FALSE(forms[NodeId(4)].quantizedOutput);
}

/// Found in ONNX Runtime 1.31 on Swin's patch merging with coverage full.
TEST(Precision, ProductsThatAQuantizerAndOthersRead)
{
    pb::GraphProto graph;
    for (const char* name : {"mixed", "quantized", "plain"})
        add(graph, "MatMul", "x", name);
    add(graph, "QuantizeLinear", "mixed", "mixed.q");
    add(graph, "Add", "mixed", "mixed.s");
    add(graph, "QuantizeLinear", "quantized", "quantized.q");
    add(graph, "Add", "plain", "plain.s");
    add(graph, "Add", "plain", "plain.t");
    std::map<NodeId, ProductForm> forms;
    for (int i = 0; i < 3; ++i) {
        ProductForm& form = forms[NodeId(static_cast<std::size_t>(i))];
        form.node = graph.node(i).name();
        form.op = "MatMul";
    }
    findQuantizedOutputs(graph, true, forms);
    EXPECT_TRUE(forms[NodeId(0)].mixedReaders);
    EXPECT_FALSE(forms[NodeId(1)].mixedReaders);
    EXPECT_FALSE(forms[NodeId(2)].mixedReaders);
}

/// Found in ONNX Runtime 1.32, each by itself, of MatMul and Gemm alike.
TEST(Precision, ProductsBeforeALimitThatCodesDoNotMakeRedundant)
{
    pb::GraphProto graph;
    const float step = 0.05F;
    for (const auto& [name, type, bytes] :
         {std::tuple{"step", pb::TensorProto::FLOAT, std::string(reinterpret_cast<const char*>(&step), sizeof step)},
          std::tuple{"lowest", pb::TensorProto::UINT8, std::string(1, 0)},
          std::tuple{"middle", pb::TensorProto::UINT8, std::string(1, 100)}}) {
        pb::TensorProto& tensor = *graph.add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(type);
        tensor.set_raw_data(bytes);
    }
    std::map<std::string, bool> expected;
    const auto product = [&](const std::string& name, const std::string& limit, bool limited) {
        add(graph, "MatMul", "x", name);
        add(graph, limit, name, name + ".l");
        expected[name] = limited;
        return name + ".l";
    };
    const auto quantize = [&](const std::string& value, const char* zero) {
        add(graph, "QuantizeLinear", value, value + ".q");
        graph.mutable_node(graph.node_size() - 1)->add_input("step");
        graph.mutable_node(graph.node_size() - 1)->add_input(zero);
    };
    add(graph, "Pow", product("squared", "Relu", true), "squared.y"); // StarReLU
    add(graph, "Mul", product("clipped", "Clip", true), "clipped.y");
    quantize(product("redundant", "Relu", false), "lowest");
    quantize(product("signed", "Relu", true), "middle");
    const std::string twice = product("two readers", "Relu", false);
    add(graph, "Mul", twice, "two.a");
    add(graph, "Tanh", twice, "two.b");
    graph.add_output()->set_name(product("result", "Relu", false));
    add(graph, "Mul", product("tanh", "Tanh", false), "tanh.y");
    add(graph, "Mul", product("read by others", "Relu", false), "others.y");
    add(graph, "Tanh", "read by others", "others.t");

    std::map<NodeId, ProductForm> forms;
    for (const auto& [name, limited] : expected) {
        ProductForm& form = forms[NodeId(forms.size())];
        form.node = name;
        form.op = "MatMul";
    }
    findQuantizedOutputs(graph, true, forms);
    std::map<std::string, bool> found;
    for (const auto& [id, form] : forms)
        found[form.node] = form.limited;
    EXPECT_EQ(found, expected);
}

/// Found in ONNX Runtime 1.31, each by itself.
TEST(Precision, ConvolutionsBeforeALimitThatTheCodesMakeRedundant)
{
    pb::GraphProto graph;
    const auto constant = [&](const std::string& name, float value) {
        pb::TensorProto& tensor = *graph.add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(pb::TensorProto::FLOAT);
        tensor.set_raw_data(&value, sizeof value);
    };
    const auto zeroPoint = [&](const std::string& name, int type, char value) {
        pb::TensorProto& tensor = *graph.add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(type);
        tensor.set_raw_data(&value, 1);
    };
    constant("six", 6.0F);
    constant("nothing", 0.0F);
    constant("step", 6.0F / 255);
    constant("wide", 7.0F / 255);
    zeroPoint("u0", pb::TensorProto::UINT8, 0);
    zeroPoint("u5", pb::TensorProto::UINT8, 5);
    zeroPoint("s-128", pb::TensorProto::INT8, -128);
    zeroPoint("s0", pb::TensorProto::INT8, 0);
    std::map<std::string, bool> expected;
    const auto conv = [&](const std::string& name, const std::vector<std::string>& way, const std::string& scale,
                          const std::string& zero, bool isInteger) {
        add(graph, "Conv", "x", name);
        std::string at = name;
        for (const std::string& op : way) {
            add(graph, op, at, at + "." + op);
            at += "." + op;
            if (op == "Clip") {
                graph.mutable_node(graph.node_size() - 1)->add_input("nothing");
                graph.mutable_node(graph.node_size() - 1)->add_input("six");
            }
        }
        add(graph, "QuantizeLinear", at, at + ".q");
        graph.mutable_node(graph.node_size() - 1)->add_input(scale);
        graph.mutable_node(graph.node_size() - 1)->add_input(zero);
        expected[name] = isInteger;
    };
    conv("relu", {"Relu"}, "step", "u0", true);
    conv("relu_signed", {"Relu"}, "step", "s-128", true);
    conv("relu_asymmetric", {"Relu"}, "step", "u5", false);
    conv("relu_symmetric", {"Relu"}, "step", "s0", false);
    conv("relu_moved", {"Relu", "Reshape"}, "step", "u0", true);
    conv("relu_turned", {"Transpose", "Relu"}, "step", "u0", true);
    conv("reshaped_relu", {"Reshape", "Relu"}, "step", "u0", false);
    conv("clip", {"Clip"}, "step", "u0", true);
    conv("clip_below", {"Clip"}, "wide", "u0", false);
    conv("other", {"Sigmoid"}, "step", "u0", false);

    std::map<NodeId, ProductForm> forms;
    for (int i = 0; i < graph.node_size(); ++i)
        if (graph.node(i).op_type() == "Conv") {
            ProductForm& form = forms[NodeId(static_cast<std::size_t>(i))];
            form.node = graph.node(i).name();
            form.op = "Conv";
        }
    findQuantizedOutputs(graph, true, forms);
    std::map<std::string, bool> found;
    for (const auto& [id, form] : forms)
        found[form.node] = form.quantizedOutput;
    EXPECT_EQ(found, expected);
}

TEST(FloatReason, EachHasATextOfItsOwn)
{
    for (const bool twoActivations : {false, true}) {
        std::set<std::string> texts;
        constexpr int kLast = static_cast<int>(FloatReason::ElementWise);
        for (int reason = 0; reason <= kLast; ++reason)
            EXPECT_TRUE(texts.insert(textOf(static_cast<FloatReason>(reason), twoActivations)).second) << reason;
        EXPECT_TRUE(texts.contains(""));
        EXPECT_EQ(texts.size(), kLast + 1U);
    }
}

} // namespace
} // namespace qs::onnx
