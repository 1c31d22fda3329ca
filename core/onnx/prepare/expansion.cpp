#include "core/onnx/prepare/expansion.h"

#include "core/onnx/export_file.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <array>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

const pb::AttributeProto* Expansion::attribute(std::string_view name) const
{
    for (const pb::AttributeProto& a : m_node.attribute())
        if (a.name() == name)
            return &a;
    return nullptr;
}

int64_t Expansion::integer(std::string_view name, int64_t fallback) const
{
    const auto* a = attribute(name);
    return a ? a->i() : fallback;
}

float Expansion::real(std::string_view name, float fallback) const
{
    const auto* a = attribute(name);
    return a ? a->f() : fallback;
}

std::string Expansion::text(std::string_view name, std::string_view fallback) const
{
    const auto* a = attribute(name);
    return a ? a->s() : std::string(fallback);
}

std::vector<int64_t> Expansion::integers(std::string_view name) const
{
    const auto* a = attribute(name);
    return a ? std::vector<int64_t>(a->ints().begin(), a->ints().end()) : std::vector<int64_t>();
}

std::vector<float> Expansion::reals(std::string_view name) const
{
    const auto* a = attribute(name);
    return a ? std::vector<float>(a->floats().begin(), a->floats().end()) : std::vector<float>();
}

std::optional<std::vector<int64_t>> Expansion::sizesOfWeight(int i) const
{
    if (has(i))
        for (const pb::TensorProto& tensor : m_graph.initializer())
            if (tensor.name() == m_node.input(i))
                return std::vector<int64_t>(tensor.dims().begin(), tensor.dims().end());
    return std::nullopt;
}

std::optional<Tensor> Expansion::weight(int i) const
{
    if (has(i))
        for (const pb::TensorProto& tensor : m_graph.initializer())
            if (tensor.name() == m_node.input(i))
                if (auto read = TensorReader().read(tensor))
                    return std::move(*read);
    return std::nullopt;
}

const exec::ValueInfo* Expansion::fact(int i) const
{
    const auto it = has(i) ? m_facts.values.find(m_node.input(i)) : m_facts.values.end();
    return it == m_facts.values.end() ? nullptr : &it->second;
}

std::string Expansion::add(std::string_view op, const Values& inputs)
{
    const std::string base = m_node.name().empty() ? m_node.output(0) : m_node.name();
    pb::NodeProto node;
    node.set_op_type(std::string(op));
    node.set_name(m_names.unique(base + "/" + std::string(op)));
    for (const std::string& input : inputs)
        node.add_input(input);
    node.add_output(m_names.unique(node.name() + "_output_0"));
    m_nodes.push_back(std::move(node));
    return m_nodes.back().output(0);
}

std::string Expansion::add(std::string_view op, const Values& inputs, std::string_view name, int64_t value)
{
    const std::string output = add(op, inputs);
    setAttribute(m_nodes.back(), std::string(name), value);
    return output;
}

std::string Expansion::add(std::string_view op, const Values& inputs, std::string_view name,
                           std::vector<int64_t> value)
{
    const std::string output = add(op, inputs);
    setLast(std::string(name), value);
    return output;
}

std::string Expansion::floats(const std::vector<int64_t>& sizes, std::span<const float> values)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    const std::string base = m_node.name().empty() ? m_node.output(0) : m_node.name();
    tensor.set_name(m_names.unique(base + "/constant"));
    tensor.set_data_type(kFloat);
    for (const int64_t size : sizes)
        tensor.add_dims(size);
    tensor.set_raw_data(values.data(), values.size_bytes());
    return tensor.name();
}

std::string Expansion::scalar(float value)
{
    return floats({}, std::span(&value, 1));
}

std::string Expansion::list(std::span<const int64_t> values)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    const std::string base = m_node.name().empty() ? m_node.output(0) : m_node.name();
    tensor.set_name(m_names.unique(base + "/sizes"));
    tensor.set_data_type(kInt64);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    tensor.set_raw_data(values.data(), values.size_bytes());
    return tensor.name();
}

std::string Expansion::reduceMean(const std::string& x, const std::vector<int64_t>& axes)
{
    if (m_opset >= 18)
        return add("ReduceMean", {x, list(axes)});
    return add("ReduceMean", {x}, "axes", axes);
}

std::string Expansion::unsqueeze(const std::string& x, int64_t axis)
{
    if (m_opset >= 13)
        return add("Unsqueeze", {x, list({axis})});
    return add("Unsqueeze", {x}, "axes", std::vector<int64_t>{axis});
}

std::string Expansion::slice(const std::string& x, int64_t axis, int64_t begin, int64_t end, int64_t step)
{
    return add("Slice", {x, list({begin}), list({end}), list({axis}), list({step})});
}

void Expansion::finish(const std::string& value, int output)
{
    if (!wants(output))
        return;
    // Through an Identity where the value has a name that others read, or is not of this node.
    for (pb::NodeProto& node : m_nodes)
        if (node.output_size() > 0 && node.output(0) == value) {
            for (pb::NodeProto& reader : m_nodes)
                for (std::string& input : *reader.mutable_input())
                    if (input == value)
                        input = m_node.output(output);
            node.set_output(0, m_node.output(output));
            return;
        }
    add("Identity", {value});
    m_nodes.back().set_output(0, m_node.output(output));
}

void Expansion::setLast(const std::string& name, float value)
{
    setAttribute(m_nodes.back(), name, value);
}

void Expansion::setLast(const std::string& name, std::span<const int64_t> values)
{
    pb::AttributeProto& a = *m_nodes.back().add_attribute();
    a.set_name(name);
    a.set_type(pb::AttributeProto::INTS);
    for (const int64_t v : values)
        a.add_ints(v);
}

void Expansion::keepAttributes(std::initializer_list<std::string_view> but)
{
    for (const pb::AttributeProto& a : m_node.attribute())
        if (std::ranges::find(but, std::string_view(a.name())) == but.end())
            *m_nodes.back().add_attribute() = a;
}

const ExpansionRule* findExpansion(std::string_view domain, std::string_view op)
{
    if (domain == "ai.onnx")
        domain = "";
    for (const auto& rules : {activationExpansions(), elementaryExpansions(), normalisationExpansions(),
                              attentionExpansions(), rotaryExpansions(), productExpansions(), variadicExpansions()})
        for (const ExpansionRule& rule : rules)
            if (rule.op == op && rule.domain == domain)
                return &rule;
    return nullptr;
}

} // namespace qs::onnx
