#include "core/onnx/precision.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

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
    findQuantizedOutputs(graph, forms);
    std::map<std::string, bool> found;
    for (const auto& [id, form] : forms)
        found[form.node] = form.quantizedOutput;
    const std::map<std::string, bool> expected{{"plain", true},     {"moved", true},   {"shared", true},
                                               {"branched", false}, {"summed", false}, {"result", false}};
    EXPECT_EQ(found, expected);
}

} // namespace
} // namespace qs::onnx
