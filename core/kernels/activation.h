#pragma once

#include <cstdint>

namespace qs::kernels {

/// Activations that a product can apply to its result before storing it.
///   Gelu: 0.5 x (1 + erf(x / sqrt 2));  GeluTanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
///   Silu: x / (1 + exp(-x));  HardSwish: x * clamp(x / 6 + 0.5, 0, 1)
enum class Activation : uint8_t { None, Relu, Relu6, Gelu, GeluTanh, Silu, Sigmoid, Tanh, HardSwish };

} // namespace qs::kernels
