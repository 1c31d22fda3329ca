#include "core/onnx/export_edit.h"

#include <algorithm>
#include <array>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

const Tensor* ExportEdit::smoothedConstant(graph::Use use) const
{
    // A float bias may change with the weights, too.
    const auto& constants =
        use.input == 2 && !m_plan.biases.contains(use.node) ? m_plan.simulation.constants : m_plan.smoothed.constants;
    const auto found = constants.find(use);
    return found == constants.end() ? nullptr : &found->second;
}

bool ExportEdit::smoothedExplicitly(const graph::Site& site) const
{
    const auto& transform = m_plan[site.id].transform();
    return transform && transform->target.place == quant::FoldPlace::Explicit;
}

std::vector<pb::NodeProto> ExportEdit::smoothingNodes(const graph::Site& site, std::string& value)
{
    if (!smoothedExplicitly(site))
        return {};
    const quant::ChannelTransform& transform = m_plan[site.id].transform()->transform;
    const std::array dims{static_cast<int64_t>(transform.scale.size())};
    const std::string shift =
        m_file.addTensor(site.name + "_shift", pb::TensorProto::FLOAT, dims, std::span<const float>(transform.shift));
    const std::string shifted = m_file.unique(site.name + "_shifted");
    std::vector<pb::NodeProto> nodes;
    nodes.push_back(makeNode("Sub", m_file.unique(site.name + "/Sub"), {value, shift}, shifted));
    value = shifted;
    if (std::ranges::all_of(transform.scale, [](float factor) { return factor == 1; }))
        return nodes;
    const std::string scale = m_file.addTensor(site.name + "_smoothing", pb::TensorProto::FLOAT, dims,
                                               std::span<const float>(transform.scale));
    const std::string smoothed = m_file.unique(site.name + "_smoothed");
    nodes.push_back(makeNode("Div", m_file.unique(site.name + "/Div"), {shifted, scale}, smoothed));
    value = smoothed;
    return nodes;
}

/// In the node's own layout.
Result<void> ExportEdit::replaceFloatWeight(NodeId id, int position, const Tensor& weight)
{
    const graph::Node& graphNode = m_model.graph.node(id);
    pb::NodeProto& node = m_file.node(position);
    bool isWeight = graphNode.op == "Linear";
    if (isWeight && !m_file.isConstant(node.input(1))) {
        QS_ASSIGN(isWeight, isBatchFree(m_model.sites[m_model.sites.at({id, 1})]));
    }
    if (!isWeight)
        return fail(ErrorCode::Unsupported, "export cannot edit the weights of a layer of this form", graphNode.name);
    std::array dims{weight.shape()[0], weight.shape()[1]};
    std::vector<float> values(weight.floats().begin(), weight.floats().end());
    if (node.op_type() == "Gemm" && integerAttribute(node, "transB", 0) != 0) {
        const auto k = static_cast<std::size_t>(dims[0]);
        const auto n = static_cast<std::size_t>(dims[1]);
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < n; ++j)
                values[j * k + i] = weight.floats()[i * n + j];
        std::swap(dims[0], dims[1]);
    }
    node.set_input(1, m_file.addTensor(graphNode.name + "_weight_smoothed", pb::TensorProto::FLOAT, dims,
                                       std::span<const float>(values)));
    if (attribute(node, "alpha"))
        setAttribute(node, "alpha", 1.0F);
    return {};
}

Result<void> ExportEdit::replaceGain(NodeId id)
{
    const graph::Node& node = m_model.graph.node(id);
    const auto absent = [&](std::size_t input) { return node.inputs.size() <= input || !node.inputs[input].valid(); };
    std::vector<int> missing;
    for (const int input : {1, 2})
        if (const Tensor* value = smoothedConstant({id, input}))
            if (const auto done = replaceNormConstant(id, input, *value); !done) {
                if (!absent(static_cast<std::size_t>(input)))
                    return done;
                if (input == 1 && !absent(2)) {
                    QS_CHECK(insertGain(id, *value));
                } else {
                    missing.push_back(input);
                }
            }
    return missing.empty() ? Result<void>() : appendNormConstants(id, missing);
}

/// Mul and Add behind a normalization that is spelled out without them.
Result<void> ExportEdit::appendNormConstants(NodeId id, std::span<const int> inputs)
{
    const graph::Node& node = m_model.graph.node(id);
    const std::string name = m_model.graph.value(node.outputs[0]).name;
    const int position = m_file.producer(name);
    if (position < 0)
        return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", node.name);
    std::string from = m_file.unique(name + "_normalized");
    m_file.renameOutput(name, from);
    std::vector<pb::NodeProto> nodes;
    for (const int input : inputs) {
        const Tensor& value = *smoothedConstant({id, input});
        const std::array dims{value.elements()};
        const std::string constant =
            m_file.addTensor(node.name + (input == 1 ? "_gain_smoothed" : "_offset_smoothed"), pb::TensorProto::FLOAT,
                             dims, value.floats());
        const std::string result = input == inputs.back() ? name : m_file.unique(name + "_scaled");
        const char* op = input == 1 ? "Mul" : "Add";
        nodes.push_back(makeNode(op, m_file.unique(node.name + "/" + op), {from, constant}, result));
        from = result;
    }
    m_file.placeAfter(std::move(nodes), position);
    return {};
}

/// A Mul before the Add of the offset, where there is an offset but no gain.
Result<void> ExportEdit::insertGain(NodeId id, const Tensor& gain)
{
    const graph::Node& graphNode = m_model.graph.node(id);
    for (auto position = graphNode.sources.rbegin(); position != graphNode.sources.rend(); ++position) {
        pb::NodeProto& node = m_file.node(*position);
        const int k = node.op_type() == "Add" ? constantOperand(node, gain.elements()) : -1;
        if (k < 0)
            continue;
        const std::array dims{gain.elements()};
        const std::string constant =
            m_file.addTensor(graphNode.name + "_gain_smoothed", pb::TensorProto::FLOAT, dims, gain.floats());
        const std::string scaled = m_file.unique(node.input(1 - k) + "_scaled");
        m_file.place({makeNode("Mul", m_file.unique(graphNode.name + "/Mul"), {node.input(1 - k), constant}, scaled)},
                     *position);
        node.set_input(1 - k, scaled);
        return {};
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", graphNode.name);
}

/// The input that is a constant of so many elements; -1 where there is none.
int ExportEdit::constantOperand(const pb::NodeProto& node, int64_t elements) const
{
    for (int k = 0; k < node.input_size(); ++k)
        if (const pb::TensorProto* constant = m_file.constant(node.input(k))) {
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
Result<void> ExportEdit::replaceNormConstant(NodeId id, int input, const Tensor& value)
{
    const graph::Node& graphNode = m_model.graph.node(id);
    const auto replacement = [&](std::span<const int64_t> dims) {
        return m_file.addTensor(graphNode.name + (input == 1 ? "_gain_smoothed" : "_offset_smoothed"),
                                pb::TensorProto::FLOAT, dims, value.floats());
    };
    const std::array flat{value.elements()};
    const std::string_view op = input == 1 ? "Mul" : "Add";
    for (auto position = graphNode.sources.rbegin(); position != graphNode.sources.rend(); ++position) {
        pb::NodeProto& node = m_file.node(*position);
        if (node.op_type() == "LayerNormalization" || node.op_type() == "BatchNormalization") {
            while (node.input_size() <= input)
                node.add_input();
            node.set_input(input, replacement(flat));
            return {};
        }
        if (node.op_type() != op)
            continue;
        if (const int k = constantOperand(node, value.elements()); k >= 0) {
            const auto& shape = m_file.constant(node.input(k))->dims();
            const std::vector<int64_t> dims(shape.begin(), shape.end());
            node.set_input(k, replacement(dims));
            return {};
        }
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a normalization of this form", graphNode.name);
}

} // namespace qs::onnx
