#include "core/onnx/prepare/floats.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kKeptElements = 32; ///< of an initializer; smaller ones are parameters that runtimes look at

/// Reads of a value become reads of another.
void rename(pb::GraphProto& graph, const std::map<std::string, std::string>& instead)
{
    for (pb::NodeProto& node : *graph.mutable_node())
        for (std::string& input : *node.mutable_input())
            if (const auto it = instead.find(input); it != instead.end())
                input = it->second;
}

pb::NodeProto cast(const std::string& name, const std::string& from, const std::string& to, int32_t type)
{
    pb::NodeProto node;
    node.set_op_type("Cast");
    node.set_name(name);
    node.add_input(from);
    node.add_output(to);
    pb::AttributeProto& a = *node.add_attribute();
    a.set_name("to");
    a.set_type(pb::AttributeProto::INT);
    a.set_i(type);
    return node;
}

/// Constants of GELU that 16 bits rounded, as they were meant: one operator then computes what the file's nodes do,
/// and an export, whose nodes keep them, computes the same. The change is half a unit of the file's own numbers at
/// most.
float asMeant(float value, int32_t fileType)
{
    constexpr float kConstants[] = {1.41421356F, 0.70710678F, 0.79788456F, 0.044715F}; // √2, 1/√2, √(2/π), cubic
    const float half = fileType == kBFloat16 ? 0x1p-8F : 0x1p-11F;
    for (const float constant : kConstants)
        if (std::abs(value - constant) <= half * constant)
            return constant;
    return value;
}

Result<void> toFloat(pb::TensorProto& tensor)
{
    QS_ASSIGN(Tensor values, TensorReader().read(tensor));
    if (values.elements() == 1 && tensor.data_type() != kDouble)
        for (float& value : values.mutableData<float>())
            value = asMeant(value, tensor.data_type());
    tensor.clear_int32_data();
    tensor.clear_double_data();
    tensor.set_data_type(kFloat);
    tensor.set_raw_data(values.floats().data(), values.floats().size_bytes());
    return {};
}

/// Attributes that name a type, and tensors. An external tensor stays as it is: the importer reads any float.
void floatAttributes(pb::NodeProto& node, std::map<std::string, std::size_t>& found)
{
    for (pb::AttributeProto& a : *node.mutable_attribute()) {
        const bool namesType = a.name() == "to" || a.name() == "dtype" || a.name() == "output_dtype";
        if (namesType && a.type() == pb::AttributeProto::INT && a.i() < kInt4 &&
            isOtherFloat(static_cast<int32_t>(a.i()))) {
            if (a.i() != kDouble)
                ++found[fileTypeName(static_cast<int32_t>(a.i()))];
            a.set_i(kFloat);
        } else if (a.has_t() && isOtherFloat(a.t().data_type()) &&
                   a.t().data_location() != pb::TensorProto::EXTERNAL) {
            if (a.t().data_type() != kDouble)
                ++found[fileTypeName(a.t().data_type())];
            if (pb::TensorProto copy = a.t(); toFloat(copy)) // else the importer says what is wrong
                *a.mutable_t() = std::move(copy);
        }
    }
}

int32_t elementType(const pb::ValueInfoProto& value)
{
    return value.type().has_tensor_type() ? value.type().tensor_type().elem_type() : 0;
}

} // namespace

bool isOtherFloat(int32_t fileType)
{
    return fileType == kFloat16 || fileType == kBFloat16 || fileType == kDouble;
}

std::map<std::string, int32_t> narrowValues(const pb::GraphProto& graph)
{
    std::map<std::string, int32_t> narrow;
    const auto note = [&narrow](const std::string& name, int32_t type) {
        if (type == kFloat16 || type == kBFloat16)
            narrow[name] = type;
    };
    for (const pb::TensorProto& tensor : graph.initializer())
        note(tensor.name(), tensor.data_type());
    for (const pb::ValueInfoProto& input : graph.input())
        note(input.name(), elementType(input));
    for (const pb::NodeProto& node : graph.node()) {
        int32_t type = 0;
        for (const std::string& input : node.input())
            if (const auto it = narrow.find(input); it != narrow.end())
                type = it->second;
        if (node.op_type() == "Shape" || node.op_type() == "Size")
            type = 0;
        for (const pb::AttributeProto& a : node.attribute()) {
            if (a.name() == "to" || a.name() == "dtype" || a.name() == "output_dtype")
                type = static_cast<int32_t>(a.i());
            else if (a.has_t())
                type = a.t().data_type();
        }
        for (const std::string& output : node.output())
            note(output, type);
    }
    for (const pb::TensorProto& tensor : graph.initializer())
        narrow.erase(tensor.name());
    return narrow;
}

std::map<std::string, std::size_t> computeInFloat(pb::ModelProto& model, TakenNames& names)
{
    std::map<std::string, std::size_t> found;
    pb::GraphProto& graph = *model.mutable_graph();
    std::set<std::string> stored;
    for (const pb::TensorProto& tensor : graph.initializer()) {
        stored.insert(tensor.name());
        if (isOtherFloat(tensor.data_type()) && (tensor.data_type() != kDouble || tensor.dims_size() > 1))
            ++found[fileTypeName(tensor.data_type())];
    }
    for (pb::NodeProto& node : *graph.mutable_node())
        floatAttributes(node, found);
    for (pb::ValueInfoProto& value : *graph.mutable_value_info())
        if (isOtherFloat(elementType(value)))
            value.mutable_type()->mutable_tensor_type()->set_elem_type(kFloat);

    std::vector<pb::NodeProto> first, last;
    std::map<std::string, std::string> instead;
    std::map<std::string, std::string*> makers;
    for (pb::NodeProto& node : *graph.mutable_node())
        for (std::string& output : *node.mutable_output())
            makers.emplace(output, &output);
    for (const pb::ValueInfoProto& input : graph.input()) {
        const int32_t type = elementType(input);
        if (!isOtherFloat(type) || stored.contains(input.name()))
            continue;
        ++found[fileTypeName(type)];
        const std::string inside = names.unique(input.name() + "_float32");
        instead[input.name()] = inside;
        first.push_back(cast(names.unique(inside + "/Cast"), input.name(), inside, kFloat));
    }
    for (const pb::ValueInfoProto& output : graph.output()) {
        const int32_t type = elementType(output);
        if (!isOtherFloat(type))
            continue;
        ++found[fileTypeName(type)];
        const auto made = makers.find(output.name());
        if (made == makers.end())
            continue;
        const std::string inside = names.unique(output.name() + "_float32");
        *made->second = inside;
        makers.erase(made);
        instead[output.name()] = inside;
        last.push_back(cast(names.unique(inside + "/Cast"), inside, output.name(), type));
    }
    rename(graph, instead);
    if (first.empty() && last.empty())
        return found;
    google::protobuf::RepeatedPtrField<pb::NodeProto> nodes;
    for (pb::NodeProto& node : first)
        *nodes.Add() = std::move(node);
    for (pb::NodeProto& node : *graph.mutable_node())
        *nodes.Add() = std::move(node);
    for (pb::NodeProto& node : last)
        *nodes.Add() = std::move(node);
    graph.mutable_node()->Swap(&nodes);
    return found;
}

Result<void> floatTensors(pb::ModelProto& model)
{
    pb::GraphProto& graph = *model.mutable_graph();
    TakenNames names(graph);
    google::protobuf::RepeatedPtrField<pb::NodeProto> nodes;
    for (pb::TensorProto& tensor : *graph.mutable_initializer()) {
        if (!isOtherFloat(tensor.data_type()))
            continue;
        QS_ASSIGN(const Shape shape, TensorReader::shapeOf(tensor));
        if (tensor.data_type() == kDouble || shape.elements() < kKeptElements) {
            QS_CHECK(toFloat(tensor));
            continue;
        }
        const std::string kept = names.unique(tensor.name() + "_" + fileTypeName(tensor.data_type()));
        *nodes.Add() = cast(names.unique(tensor.name() + "/Cast"), kept, tensor.name(), kFloat);
        tensor.set_name(kept);
    }
    if (nodes.empty())
        return {};
    for (pb::NodeProto& node : *graph.mutable_node())
        *nodes.Add() = std::move(node);
    graph.mutable_node()->Swap(&nodes);
    return {};
}

} // namespace qs::onnx
