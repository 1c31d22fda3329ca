#include "core/exec/reference/indices.h"
#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace qs::exec::reference {

namespace {

using graph::Node;

double parameter(const Node& node, std::string_view name, double fallback)
{
    if (const Tensor* tensor = node.attributes.tensor(name))
        return tensor->dtype() == DType::Float32 && tensor->elements() == 1 ? tensor->floats()[0] : fallback;
    return node.attributes.real(name, static_cast<float>(fallback));
}

using Unary = double (*)(const Node&, double);

double gelu(const Node& node, double x)
{
    if (node.attributes.text("approximate", "none") == "tanh")
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

double sigmoid(const Node&, double x)
{
    return 1 / (1 + std::exp(-x));
}

double clip(const Node& node, double x)
{
    const double low = parameter(node, "min", -INFINITY);
    const double high = parameter(node, "max", INFINITY);
    return std::isnan(x) ? x : std::min(std::max(x, low), high);
}

const std::map<std::string_view, Unary>& unaryTable()
{
    static const std::map<std::string_view, Unary> table = {
        {"Abs", [](const Node&, double x) { return std::abs(x); }},
        {"Acos", [](const Node&, double x) { return std::acos(x); }},
        {"Acosh", [](const Node&, double x) { return std::acosh(x); }},
        {"Asin", [](const Node&, double x) { return std::asin(x); }},
        {"Asinh", [](const Node&, double x) { return std::asinh(x); }},
        {"Atan", [](const Node&, double x) { return std::atan(x); }},
        {"Atanh", [](const Node&, double x) { return std::atanh(x); }},
        {"Cosh", [](const Node&, double x) { return std::cosh(x); }},
        {"Sinh", [](const Node&, double x) { return std::sinh(x); }},
        {"Tan", [](const Node&, double x) { return std::tan(x); }},
        {"Ceil", [](const Node&, double x) { return std::ceil(x); }},
        {"Clip", clip},
        {"Cos", [](const Node&, double x) { return std::cos(x); }},
        {"Elu", [](const Node& n, double x) { return x < 0 ? parameter(n, "alpha", 1) * std::expm1(x) : x; }},
        {"Erf", [](const Node&, double x) { return std::erf(x); }},
        {"Exp", [](const Node&, double x) { return std::exp(x); }},
        {"Floor", [](const Node&, double x) { return std::floor(x); }},
        {"Gelu", gelu},
        {"HardSigmoid",
         [](const Node& n, double x) {
             return std::clamp(parameter(n, "alpha", 0.2f) * x + parameter(n, "beta", 0.5), 0.0, 1.0);
         }},
        {"HardSwish", [](const Node&, double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        {"LeakyRelu", [](const Node& n, double x) { return x < 0 ? parameter(n, "alpha", 0.01f) * x : x; }},
        {"Log", [](const Node&, double x) { return std::log(x); }},
        {"Mish", [](const Node&, double x) { return x * std::tanh(std::log1p(std::exp(std::min(x, 700.0)))); }},
        {"Neg", [](const Node&, double x) { return -x; }},
        {"Reciprocal", [](const Node&, double x) { return 1 / x; }},
        {"Relu", [](const Node&, double x) { return x < 0 ? 0 : x; }},
        {"Round", [](const Node&, double x) { return std::nearbyint(x); }},
        {"Sigmoid", sigmoid},
        {"Sign", [](const Node&, double x) { return static_cast<double>((x > 0) - (x < 0)); }},
        {"Silu", [](const Node& n, double x) { return x * sigmoid(n, x); }},
        {"Sin", [](const Node&, double x) { return std::sin(x); }},
        {"Softplus", [](const Node&, double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }},
        {"Sqrt", [](const Node&, double x) { return std::sqrt(x); }},
        {"Tanh", [](const Node&, double x) { return std::tanh(x); }},
    };
    return table;
}

void computeUnary(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Unary function = unaryTable().at(node.op);
    const auto src = in[0].floats();
    const auto dst = out[0].mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i)
        dst[i] = static_cast<float>(function(node, src[i]));
}

using Binary = double (*)(const Node&, double, double);

const std::map<std::string_view, Binary>& binaryTable()
{
    static const std::map<std::string_view, Binary> table = {
        {"Add", [](const Node&, double a, double b) { return a + b; }},
        {"Div", [](const Node&, double a, double b) { return a / b; }},
        {"Max",
         [](const Node&, double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b); }},
        {"Min",
         [](const Node&, double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b); }},
        {"Mul", [](const Node&, double a, double b) { return a * b; }},
        {"PRelu", [](const Node&, double a, double b) { return a < 0 ? a * b : a; }},
        {"Pow", [](const Node&, double a, double b) { return std::pow(a, b); }},
        {"Sub", [](const Node&, double a, double b) { return a - b; }},
    };
    return table;
}

void computeBinary(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Binary function = binaryTable().at(node.op);
    const auto a = in[0].floats(), b = in[1].floats();
    const auto dst = out[0].mutableData<float>();
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        const auto i = static_cast<std::size_t>(broadcastPosition(index, in[0].shape()));
        const auto j = static_cast<std::size_t>(broadcastPosition(index, in[1].shape()));
        dst[static_cast<std::size_t>(at)] = static_cast<float>(function(node, a[i], b[j]));
    });
}

void computeWhere(const Node&, std::span<const Tensor> in, std::span<Tensor> out)
{
    const auto condition = in[0].data<bool>();
    const auto dst = out[0].mutableData<float>();
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        const bool first = condition[static_cast<std::size_t>(broadcastPosition(index, in[0].shape()))];
        const Tensor& from = first ? in[1] : in[2];
        dst[static_cast<std::size_t>(at)] =
            from.floats()[static_cast<std::size_t>(broadcastPosition(index, from.shape()))];
    });
}

/// (clamp(rne(x / scale) + zero_point, qmin, qmax) - zero_point) * scale, in float as ONNX has it; NaN gives qmin.
void computeFakeQuantize(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const auto scale = node.attributes.tensor("scale")->floats();
    const auto zero = node.attributes.tensor("zero_point")->data<int32_t>();
    const double low = static_cast<double>(node.attributes.integer("qmin", 0));
    const double high = static_cast<double>(node.attributes.integer("qmax", 255));
    const Shape& shape = in[0].shape();
    const auto axis = static_cast<std::size_t>(node.attributes.integer("axis", 0));
    const auto src = in[0].floats();
    const auto dst = out[0].mutableData<float>();
    forEachIndex(shape, [&](const Shape& index, int64_t at) {
        const std::size_t c = scale.size() > 1 ? static_cast<std::size_t>(index[axis]) : 0;
        const auto i = static_cast<std::size_t>(at);
        const double z = zero[zero.size() > 1 ? c : 0];
        const auto steps = static_cast<double>(std::nearbyint(src[i] / scale[c]));
        const double code = std::isnan(steps) ? low : std::clamp(steps + z, low, high);
        dst[i] = static_cast<float>(code - z) * scale[c];
    });
}

} // namespace

Compute elementwise(std::string_view op)
{
    if (unaryTable().contains(op))
        return computeUnary;
    if (binaryTable().contains(op))
        return computeBinary;
    if (op == "Where")
        return computeWhere;
    if (op == "FakeQuantize")
        return computeFakeQuantize;
    return nullptr;
}

} // namespace qs::exec::reference
