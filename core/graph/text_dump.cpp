#include "core/graph/graph.h"

#include "core/base/file.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace qs::graph {

namespace {

constexpr int64_t kPrintedElements = 16; ///< larger constants are printed as their hash

std::string real(float value)
{
    if (!std::isfinite(value))
        return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    std::string text(buffer, end);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

template <class T>
std::string join(std::span<const T> values)
{
    std::string text;
    for (const T& value : values) {
        if (!text.empty())
            text += ' ';
        if constexpr (std::is_same_v<T, float>)
            text += real(value);
        else
            text += std::to_string(value);
    }
    return text;
}

std::string elements(const Tensor& tensor)
{
    switch (tensor.dtype()) {
    case DType::Float32:
        return join(tensor.data<float>());
    case DType::Int64:
        return join(tensor.data<int64_t>());
    case DType::Int32:
        return join(tensor.data<int32_t>());
    case DType::Int8:
        return join(tensor.data<int8_t>());
    case DType::UInt8:
        return join(tensor.data<uint8_t>());
    case DType::Bool:
        return join(tensor.data<bool>());
    }
    return {};
}

std::string type(const Shape& shape, DType dtype)
{
    std::string text;
    for (const int64_t d : shape)
        text += (text.empty() ? "" : "x") + std::to_string(d);
    if (shape.empty())
        text = "scalar";
    return dtype == DType::Float32 ? text : text + ":" + std::string(dtypeName(dtype));
}

std::string content(const Tensor& tensor)
{
    if (tensor.elements() <= kPrintedElements)
        return "[" + elements(tensor) + "]";
    return "data(" + contentHash({tensor.bytes(), tensor.sizeBytes()}).substr(0, 8) + ")";
}

struct AttributeText {
    std::string operator()(int64_t value) const { return std::to_string(value); }
    std::string operator()(float value) const { return real(value); }
    std::string operator()(const std::string& value) const { return '"' + value + '"'; }
    std::string operator()(const std::vector<int64_t>& value) const { return "[" + join<int64_t>(value) + "]"; }
    std::string operator()(const std::vector<float>& value) const { return "[" + join<float>(value) + "]"; }
    std::string operator()(const Tensor& value) const
    {
        return "{" + type(value.shape(), value.dtype()) + " = [" + elements(value) + "]}";
    }
};

} // namespace

std::string dump(const Graph& graph)
{
    std::string text;
    const auto declare = [&](TensorId id) {
        const Value& value = graph.value(id);
        return value.name + ":" + type(value.shape, value.dtype);
    };
    text += "input " + declare(graph.input()) + "\n";
    for (const Value& value : graph.values())
        if (value.isConstant())
            text += value.name + ":" + type(value.shape, value.dtype) + " = " + content(value.constant) + "\n";
    for (const Node& node : graph.nodes()) {
        std::string line;
        for (const TensorId id : node.outputs)
            line += (line.empty() ? "" : ", ") + declare(id);
        line += " = " + node.op + "(";
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
            line += (i ? ", " : "") + (node.inputs[i].valid() ? graph.value(node.inputs[i]).name : "_");
        line += ")";
        for (const auto& [name, value] : node.attributes.all())
            line += " " + name + "=" + std::visit(AttributeText{}, value);
        line += " # " + node.name;
        for (std::size_t i = 0; i < node.sources.size(); ++i)
            line += (i ? "," : " ") + std::to_string(node.sources[i]);
        text += line + "\n";
    }
    for (const TensorId id : graph.outputs())
        text += "output " + graph.value(id).name + "\n";
    return text;
}

} // namespace qs::graph
