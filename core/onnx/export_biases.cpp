#include "core/onnx/export_biases.h"

#include <algorithm>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

std::string addIntegerBias(const ExportTask& task, const graph::Site& weight, const quant::BiasPlan& bias, int before)
{
    const std::string base = weight.layer + ".bias";
    const bool perChannel = task.plan[weight.id].grid.scale.size() > 1;
    const auto count = static_cast<int64_t>(bias.codes.size());
    const std::string codes = task.file.addTensor(base + "_quantized", pb::TensorProto::INT32, {&count, 1},
                                                  std::span<const int32_t>(bias.codes));
    const std::string scale = perChannel ? task.file.addTensor(base + "_scale", pb::TensorProto::FLOAT, {&count, 1},
                                                               std::span<const float>(bias.scale))
                                         : task.file.addScalar(base + "_scale", bias.scale.front());
    const std::string output = task.file.unique(base + "_dequantized");
    pb::NodeProto node =
        makeNode("DequantizeLinear", task.file.unique(base + "/DequantizeLinear"), {codes, scale}, output);
    if (perChannel)
        setAttribute(node, "axis", int64_t{0});
    task.file.place({std::move(node)}, before);
    return output;
}

Result<void> replaceBias(const ExportTask& task, NodeId id, int position, const std::string& bias)
{
    const graph::Node& graphNode = task.model.graph.node(id);
    const graph::Site& weight = task.model.sites[task.model.sites.at({id, 1})];
    const bool isMatMul = task.file.node(position).op_type() == "MatMul";

    std::vector<int> adds; // nodes of the group after the product that compute with constants
    std::vector<int> rest;
    for (const int source : graphNode.sources) {
        const pb::NodeProto& node = task.file.node(source);
        if (source == position || task.file.isConstant(node.output(0)))
            continue;
        if (node.op_type() == "Add" &&
            (task.file.isConstant(node.input(0)) || task.file.isConstant(node.input(1)) ||
             task.file.producer(node.input(0)) == position || task.file.producer(node.input(1)) == position))
            adds.push_back(source);
        else
            rest.push_back(source);
    }
    pb::NodeProto& product = task.file.node(position);
    const bool ownBias = product.input_size() > 2 && !product.input(2).empty();
    const auto setOwn = [&] {
        while (product.input_size() < 3)
            product.add_input();
        product.set_input(2, bias);
        if (attribute(product, "beta"))
            setAttribute(product, "beta", 1.0f);
    };
    const bool folded = std::ranges::any_of(
        rest, [&](int source) { return task.file.node(source).op_type() == "BatchNormalization"; });
    if (!folded && isMatMul && adds.size() == 1) {
        pb::NodeProto& add = task.file.node(adds[0]);
        // What is not the product is the bias, constant or cut out of one at places that shapes give.
        add.set_input(task.file.producer(add.input(1)) == position || task.file.isConstant(add.input(0)) ? 0 : 1,
                      bias);
        return {};
    }
    if (!folded && !isMatMul && adds.empty()) {
        setOwn();
        return {};
    }
    for (const int source : rest)
        if (task.file.node(source).op_type() != "BatchNormalization")
            return fail(ErrorCode::Unsupported, "export cannot edit the bias of a layer of this form",
                        graphNode.name);
    if (isMatMul && ownBias)
        return fail(ErrorCode::Internal, "a MatMul with three inputs", graphNode.name);
    const std::string output = task.model.graph.value(graphNode.outputs[0]).name;
    for (const int source : adds)
        task.file.remove(source);
    for (const int source : rest) {
        pb::NodeProto& norm = task.file.node(source);
        const auto& sources = graphNode.sources;
        if (std::ranges::find(sources, task.file.producer(norm.input(0))) != sources.end()) {
            task.file.remove(source);
            continue;
        }
        // Behind a Reshape: its values pass as they are.
        norm.set_op_type("Identity");
        norm.clear_attribute();
        while (norm.input_size() > 1)
            norm.mutable_input()->RemoveLast();
    }
    if (isMatMul) {
        const std::string between = task.file.unique(product.output(0) + "_product");
        product.set_output(0, between);
        task.file.placeAfter({makeNode("Add", task.file.unique(weight.layer + ".bias/Add"), {between, bias}, output)},
                             position);
    } else {
        product.set_output(0, output);
        setOwn();
    }
    return {};
}

} // namespace qs::onnx
