#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

namespace {

/// gradients[input] = sum over what was broadcast of f(dy, a, b), a and b the first two inputs.
template <class F>
void byInput(const BackwardCall& call, std::span<Tensor> gradients, std::size_t input, F f)
{
    const Shape& shape = call.out[0].shape;
    const auto strides = [&](const Shape& s) { return broadcastStrides(s, contiguousStrides(s), shape); };
    gradients[input] = zeros(call.in[input].shape);
    accumulate(shape, call.seed(), call.inputs[0].floats().data(), strides(call.in[0].shape),
               call.inputs[1].floats().data(), strides(call.in[1].shape), gradients[input], f);
}

void sumBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    for (std::size_t i = 0; i < gradients.size(); ++i)
        if (call.wanted[i])
            gradients[i] = summedTo(call.seeds[0], call.in[i].shape);
}

void negate(Tensor& tensor)
{
    for (float& v : tensor.mutableData<float>())
        v = -v;
}

void subBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    sumBackward(call, gradients);
    if (call.wanted[1])
        negate(gradients[1]);
}

void mulBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    if (call.wanted[0])
        byInput(call, gradients, 0, [](float g, float, float b) { return g * b; });
    if (call.wanted[1])
        byInput(call, gradients, 1, [](float g, float a, float) { return g * a; });
}

void divBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    if (call.wanted[0])
        byInput(call, gradients, 0, [](float g, float, float b) { return g / b; });
    if (call.wanted[1])
        byInput(call, gradients, 1, [](float g, float a, float b) { return -g * a / (b * b); });
}

void powBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    if (call.wanted[0])
        byInput(call, gradients, 0, [](float g, float a, float b) {
            if (b == 2)
                return 2 * g * a;
            return b == 0 ? 0.0f : g * b * std::pow(a, b - 1);
        });
    if (call.wanted[1])
        byInput(call, gradients, 1,
                [](float g, float a, float b) { return a > 0 ? g * std::pow(a, b) * std::log(a) : 0.0f; });
}

Result<void> checkPow(const graph::Node&, Infos in)
{
    if (in[1].dtype != DType::Float32)
        return unsupported("the exponent is " + std::string(dtypeName(in[1].dtype)));
    return {};
}

/// A share of the gradient to each input that has the largest (smallest) value.
void extremeBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.out[0].shape;
    const auto strides = [&](const Shape& s) { return broadcastStrides(s, contiguousStrides(s), shape); };
    const float* y = call.outputs[0].floats().data();
    const Shape yStrides = contiguousStrides(shape);
    const float one = 1;
    const Shape still = strides(Shape{});
    Tensor ties = zeros(shape);
    for (std::size_t i = 0; i < gradients.size(); ++i)
        accumulate(shape, y, call.inputs[i].floats().data(), strides(call.in[i].shape), &one, still, ties,
                   [](float best, float v, float) { return v == best ? 1.0f : 0.0f; });
    Tensor shares = zeros(shape);
    std::ranges::transform(call.seeds[0].floats(), ties.floats(), shares.mutableData<float>().begin(),
                           [](float g, float many) { return g / std::max(1.0f, many); });
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (!call.wanted[i])
            continue;
        gradients[i] = zeros(call.in[i].shape);
        accumulate(shape, shares.floats().data(), call.inputs[i].floats().data(), strides(call.in[i].shape), y,
                   yStrides, gradients[i], [](float g, float v, float best) { return v == best ? g : 0.0f; });
    }
}

void preluBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    if (call.wanted[0])
        byInput(call, gradients, 0, [](float g, float x, float slope) { return x > 0 ? g : g * slope; });
    if (call.wanted[1])
        byInput(call, gradients, 1, [](float g, float x, float) { return x < 0 ? g * x : 0.0f; });
}

/// fmod: a - b trunc(a / b).
void modBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    gradients[0] = summedTo(call.seeds[0], call.in[0].shape);
}

void whereBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.out[0].shape;
    const auto strides = [&](const Shape& s) { return broadcastStrides(s, contiguousStrides(s), shape); };
    Tensor chosen = zeros(call.in[0].shape);
    std::ranges::copy(call.inputs[0].data<bool>(), chosen.mutableData<float>().begin());
    for (std::size_t i = 1; i < 3; ++i) {
        if (!call.wanted[i])
            continue;
        const float mine = i == 1 ? 1 : 0;
        gradients[i] = zeros(call.in[i].shape);
        accumulate(shape, call.seed(), chosen.floats().data(), strides(call.in[0].shape), &mine, strides(Shape{}),
                   gradients[i], [](float g, float which, float me) { return which == me ? g : 0.0f; });
    }
}

} // namespace

std::span<const BackwardDef> binaryGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "Add", .backward = sumBackward},
        {.op = "Div", .keeps = Keeps::Inputs, .backward = divBackward},
        {.op = "Max", .keeps = Keeps::Both, .backward = extremeBackward},
        {.op = "Min", .keeps = Keeps::Both, .backward = extremeBackward},
        {.op = "Mod", .backward = modBackward, .inputs = 1},
        {.op = "Mul", .keeps = Keeps::Inputs, .backward = mulBackward},
        {.op = "PRelu", .keeps = Keeps::Inputs, .backward = preluBackward},
        {.op = "Pow", .keeps = Keeps::Inputs, .backward = powBackward, .check = checkPow},
        {.op = "Sub", .backward = subBackward},
        {.op = "Sum", .backward = sumBackward},
        {.op = "Where", .keeps = Keeps::Inputs, .backward = whereBackward},
    };
    return all;
}

} // namespace qs::exec
