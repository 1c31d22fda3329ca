#pragma once

#include "core/kernels/activation.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace qs::kernels {

/// y = f(x), element by element. p and q are the operator's constants.
enum class UnaryOp : uint8_t {
    Copy,
    Neg,
    Abs,
    Reciprocal,
    Sqrt,
    Square,
    Exp,
    Log,
    Erf,
    Tanh,
    Sigmoid,
    Relu,
    LeakyRelu,   ///< x < 0 ? p x : x
    Elu,         ///< x < 0 ? p (exp(x) - 1) : x
    Clip,        ///< clamp to [p, q]
    Gelu,        ///< 0.5 x (1 + erf(x / sqrt 2))
    GeluTanh,    ///< 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    QuickGelu,   ///< x sigmoid(p x)
    Silu,        ///< x sigmoid(x)
    HardSigmoid, ///< clamp(p x + q, 0, 1)
    HardSwish,   ///< x clamp(x / 6 + 0.5, 0, 1)
    Softplus,    ///< log(1 + exp(x))
    Pow,         ///< x^p (special-cased: 2, 3, 0.5, -0.5, -1)
    Affine,      ///< p x + q, one fused multiply-add
    Floor,
    Ceil,
    Round, ///< half to even
    Sign,
    Sin,
    Cos,
    Atan,
    Mish, ///< x tanh(log(1 + exp(x)))
};

/// y[i] = op(x[i]); sizes equal, any alignment, y may be x.
/// exp, erf, tanh and what is made of them are bit-equal to reference::unary on targets with FMA. Largest errors
/// against double, in units of the last place of the result: exp 1.5 (results below 1.7e-38: 0), erf 6.5, tanh 6.5,
/// sigmoid 3. Gelu: absolute 3e-7 * max(1, |x|). Sin and Cos: absolute 2e-7 for |x| <= 8192 (beyond: the C library).
/// Atan: that of Highway (hwy/contrib/math), 4 units in the last place, not bit-equal to the reference.
/// NaN stays NaN. Log, Softplus, Pow call the C library one by one.
void unary(UnaryOp op, std::span<const float> x, std::span<float> y, float p = 0, float q = 0);

/// The unary operator that does what an activation does (Relu6 is Clip with p = 0, q = 6).
void activate(Activation activation, std::span<const float> x, std::span<float> y);

enum class BinaryOp : uint8_t { Add, Sub, Mul, Div, Min, Max, Pow };

/// How the second operand is spread over [rows, cols].
enum class Broadcast : uint8_t {
    None,   ///< b [rows, cols]
    Scalar, ///< b [1]
    Row,    ///< b [cols], the same for every row (a bias)
    Column, ///< b [rows], one value a row (a mean)
};

/// y = a op b over contiguous a, y [rows, cols]; `swapped` computes b op a. y may be a, or b when not broadcast.
/// Min and Max give NaN if either is NaN (ONNX). Bit-equal to reference::binary on every target.
void binary(BinaryOp op, Broadcast broadcast, std::size_t rows, std::size_t cols, const float* a, const float* b,
            float* y, bool swapped = false);

namespace reference {
void unary(UnaryOp op, std::span<const float> x, std::span<float> y, float p = 0, float q = 0);
void binary(BinaryOp op, Broadcast broadcast, std::size_t rows, std::size_t cols, const float* a, const float* b,
            float* y, bool swapped = false);
float exp(float x);
float erf(float x);
float tanh(float x);
float sin(float x);
float cos(float x);
float activate(Activation activation, float x);
} // namespace reference

} // namespace qs::kernels
