#include "core/onnx/prepare/expansion.h"

#include <cmath>

namespace qs::onnx {

namespace {

/// x (1 + erf(x / √2)) / 2, as exporters wrote it before opset 20.
void exactGelu(Expansion& e, const std::string& x)
{
    const auto erf = e.add("Erf", {e.add("Div", {x, e.scalar(std::sqrt(2.0f))})});
    const auto product = e.add("Mul", {x, e.add("Add", {erf, e.scalar(1)})});
    e.finish(e.add("Mul", {product, e.scalar(0.5f)}));
}

std::string biased(Expansion& e)
{
    return e.has(1) ? e.add("Add", {e.input(0), e.input(1)}) : e.input(0);
}

/// BiasGelu(x, bias), Gelu(x) of com.microsoft.
Result<void> biasGelu(Expansion& e)
{
    exactGelu(e, biased(e));
    return {};
}

/// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 of x + bias.
Result<void> fastGelu(Expansion& e)
{
    const auto x = biased(e);
    const auto cube = e.add("Pow", {x, e.scalar(3)});
    const auto inner = e.add("Add", {x, e.add("Mul", {cube, e.scalar(0.044715f)})});
    const auto tanh = e.add("Tanh", {e.add("Mul", {inner, e.scalar(std::sqrt(2.0f / static_cast<float>(M_PI)))})});
    const auto product = e.add("Mul", {x, e.add("Add", {tanh, e.scalar(1)})});
    e.finish(e.add("Mul", {product, e.scalar(0.5f)}));
    return {};
}

/// x sigmoid(alpha x).
Result<void> quickGelu(Expansion& e)
{
    const auto scaled = e.add("Mul", {e.input(0), e.scalar(e.real("alpha", 1.702f))});
    e.finish(e.add("Mul", {e.input(0), e.add("Sigmoid", {scaled})}));
    return {};
}

/// Swish of opset 24: x sigmoid(alpha x).
Result<void> swish(Expansion& e)
{
    const float alpha = e.real("alpha", 1);
    const auto scaled = alpha == 1 ? e.input(0) : e.add("Mul", {e.input(0), e.scalar(alpha)});
    e.finish(e.add("Mul", {e.input(0), e.add("Sigmoid", {scaled})}));
    return {};
}

/// (x + bias) + skip
Result<void> biasAdd(Expansion& e)
{
    e.finish(e.add("Add", {e.add("Add", {e.input(0), e.input(1)}), e.input(2)}));
    return {};
}

} // namespace

std::span<const ExpansionRule> activationExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"com.microsoft", "BiasAdd", biasAdd},     {"com.microsoft", "BiasGelu", biasGelu},
        {"com.microsoft", "FastGelu", fastGelu},   {"com.microsoft", "Gelu", biasGelu},
        {"com.microsoft", "QuickGelu", quickGelu}, {"", "Swish", swish},
    };
    return rules;
}

} // namespace qs::onnx
