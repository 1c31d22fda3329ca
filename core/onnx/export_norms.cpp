#include "core/onnx/export_norms.h"

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// The input that is a constant of so many elements; -1 where there is none.
int constantOperand(const ExportFile& file, const pb::NodeProto& node, int64_t elements)
{
    for (int k = 0; k < node.input_size(); ++k)
        if (const pb::TensorProto* constant = file.constant(node.input(k))) {
            int64_t count = 1;
            for (const int64_t size : constant->dims())
                count *= size;
            if (count == elements)
                return k;
        }
    return -1;
}

/// Where the file has the operator, its input; where it spells it out, the constant operand of as many elements of
/// the last Mul (gain) or Add (offset).
Result<void> replaceConstant(const ExportTask& task, NodeId id, int input, const Tensor& value)
{
    const graph::Node& graphNode = task.model.graph.node(id);
    const auto replacement = [&](std::span<const int64_t> dims) {
        return task.file.addTensor(graphNode.name + (input == 1 ? "_gain_smoothed" : "_offset_smoothed"),
                                   pb::TensorProto::FLOAT, dims, value.floats());
    };
    const std::array flat{value.elements()};
    const std::string_view op = input == 1 ? "Mul" : "Add";
    for (auto position = graphNode.sources.rbegin(); position != graphNode.sources.rend(); ++position) {
        pb::NodeProto& node = task.file.node(*position);
        if (node.op_type() == "LayerNormalization" || node.op_type() == "BatchNormalization") {
            while (node.input_size() <= input)
                node.add_input();
            node.set_input(input, replacement(flat));
            return {};
        }
        if (node.op_type() != op)
            continue;
        if (const int k = constantOperand(task.file, node, value.elements()); k >= 0) {
            const auto& shape = task.file.constant(node.input(k))->dims();
            const std::vector<int64_t> dims(shape.begin(), shape.end());
            node.set_input(k, replacement(dims));
            return {};
        }
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", graphNode.name);
}

/// A Mul before the Add of the offset, where there is an offset but no gain.
Result<void> insertGain(const ExportTask& task, NodeId id, const Tensor& gain)
{
    const graph::Node& graphNode = task.model.graph.node(id);
    for (auto position = graphNode.sources.rbegin(); position != graphNode.sources.rend(); ++position) {
        pb::NodeProto& node = task.file.node(*position);
        const int k = node.op_type() == "Add" ? constantOperand(task.file, node, gain.elements()) : -1;
        if (k < 0)
            continue;
        const std::array dims{gain.elements()};
        const std::string constant =
            task.file.addTensor(graphNode.name + "_gain_smoothed", pb::TensorProto::FLOAT, dims, gain.floats());
        const std::string scaled = task.file.unique(node.input(1 - k) + "_scaled");
        task.file.place(
            {makeNode("Mul", task.file.unique(graphNode.name + "/Mul"), {node.input(1 - k), constant}, scaled)},
            *position);
        node.set_input(1 - k, scaled);
        return {};
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", graphNode.name);
}

/// Mul and Add behind a normalization that is spelled out without them.
Result<void> appendConstants(const ExportTask& task, NodeId id, std::span<const int> inputs)
{
    const graph::Node& node = task.model.graph.node(id);
    const std::string name = task.model.graph.value(node.outputs[0]).name;
    const int position = task.file.producer(name);
    if (position < 0)
        return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", node.name);
    std::string from = task.file.unique(name + "_normalized");
    task.file.renameOutput(name, from);
    std::vector<pb::NodeProto> nodes;
    for (const int input : inputs) {
        const Tensor& value = *task.replacedConstant({id, input});
        const std::array dims{value.elements()};
        const std::string constant =
            task.file.addTensor(node.name + (input == 1 ? "_gain_smoothed" : "_offset_smoothed"),
                                pb::TensorProto::FLOAT, dims, value.floats());
        const std::string result = input == inputs.back() ? name : task.file.unique(name + "_scaled");
        const char* op = input == 1 ? "Mul" : "Add";
        nodes.push_back(makeNode(op, task.file.unique(node.name + "/" + op), {from, constant}, result));
        from = result;
    }
    task.file.placeAfter(std::move(nodes), position);
    return {};
}

} // namespace

Result<void> editNormalization(const ExportTask& task, NodeId id)
{
    const graph::Node& node = task.model.graph.node(id);
    const auto absent = [&](std::size_t input) { return node.inputs.size() <= input || !node.inputs[input].valid(); };
    std::vector<int> missing;
    for (const int input : {1, 2})
        if (const Tensor* value = task.replacedConstant({id, input}))
            if (const auto done = replaceConstant(task, id, input, *value); !done) {
                if (!absent(static_cast<std::size_t>(input)))
                    return done;
                if (input == 1 && !absent(2)) {
                    QS_CHECK(insertGain(task, id, *value));
                } else {
                    missing.push_back(input);
                }
            }
    return missing.empty() ? Result<void>() : appendConstants(task, id, missing);
}

} // namespace qs::onnx
