#include "core/kernels/elementwise.h"
#include "core/kernels/math_constants.h"

#include <bit>
#include <cassert>
#include <cmath>

namespace qs::kernels::reference {

using namespace constants;

namespace {

/// The same order of operations as in math_inl.h, here and below.
template <int N>
float polynomial(float x, const float (&c)[N])
{
    const float square = x * x;
    const auto pair = [&](int i) { return i + 1 < N ? std::fma(c[i + 1], x, c[i]) : c[i]; };
    float sum = pair((N - 1) / 2 * 2);
    for (int i = (N - 1) / 2 * 2 - 2; i >= 0; i -= 2)
        sum = std::fma(sum, square, pair(i));
    return sum;
}

template <int N>
float saturatingRational(float x, float limit, const float (&p)[N], const float (&q)[N])
{
    const float magnitude = std::fabs(x);
    const float z = x * x;
    float y = magnitude * polynomial(z, p) / polynomial(z, q);
    y = y > 1.0f ? 1.0f : y;
    y = magnitude >= limit ? 1.0f : y;
    return std::copysign(y, x);
}

} // namespace

float exp(float x)
{
    if (x != x)
        return x;
    x = x < kExpLow ? kExpLow : x > kExpHigh ? kExpHigh : x;
    const float shifted = std::fma(x, kLog2E, kRoundMagic);
    const float n = shifted - kRoundMagic;
    float r = std::fma(-n, kLn2High, x);
    r = std::fma(-n, kLn2Low, r);
    const float twice = std::fma(r * r, polynomial(r, kTwiceExp), r + r) + 2.0f;
    return twice * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) + 126) << 23);
}

float erf(float x)
{
    return saturatingRational(x, kErfLimit, kErfP, kErfQ);
}
float tanh(float x)
{
    return saturatingRational(x, kTanhLimit, kTanhP, kTanhQ);
}

namespace {

float sine(float x, bool cosine)
{
    const float shifted = std::fma(x, kTwoOverPi, kRoundMagic);
    const float n = shifted - kRoundMagic;
    float r = std::fma(-n, kHalfPi1, x);
    r = std::fma(-n, kHalfPi2, r);
    r = std::fma(-n, kHalfPi3, r);
    const float z = r * r;
    const uint32_t quarter = std::bit_cast<uint32_t>(shifted) + (cosine ? 1 : 0);
    const float value = (quarter & 1) == 0 ? std::fma(z * r, polynomial(z, kSine), r)
                                           : std::fma(z * z, polynomial(z, kCosine), std::fma(-z, 0.5f, 1.0f));
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ (quarter & 2) << 30);
}

} // namespace

float sin(float x)
{
    return std::fabs(x) <= kSineLimit ? sine(x, false) : std::sin(x);
}
float cos(float x)
{
    return std::fabs(x) <= kSineLimit ? sine(x, true) : std::cos(x);
}

namespace {

float mish(float x)
{
    if (x > kMishLinear)
        return x;
    const float e = exp(x);
    const float n = e * (e + 2.0f);
    return x * (n / (n + 2.0f));
}

float sigmoid(float x)
{
    return 1.0f / (1.0f + exp(-x));
}

/// min(max(x, lo), hi) that keeps NaN.
float clip(float x, float lo, float hi)
{
    const float a = x < lo ? lo : x;
    return a > hi ? hi : a;
}

float gelu(float x)
{
    return (0.5f * x) * (1.0f + erf(x * kInvSqrt2));
}

float geluTanh(float x)
{
    const float inner = kSqrt2OverPi * std::fma(kGeluCubic * x * x, x, x);
    return (0.5f * x) * (1.0f + tanh(inner));
}

float hardSwish(float x)
{
    return x * clip(std::fma(x, 1.0f / 6.0f, 0.5f), 0.0f, 1.0f);
}

float power(float x, float p)
{
    if (p == 2.0f)
        return x * x;
    if (p == 3.0f)
        return x * x * x;
    if (p == 0.5f)
        return std::sqrt(x);
    if (p == -0.5f)
        return 1.0f / std::sqrt(x);
    if (p == -1.0f)
        return 1.0f / x;
    return std::pow(x, p);
}

float apply(UnaryOp op, float x, float p, float q)
{
    switch (op) {
    case UnaryOp::Copy:
        return x;
    case UnaryOp::Neg:
        return -x;
    case UnaryOp::Abs:
        return std::fabs(x);
    case UnaryOp::Reciprocal:
        return 1.0f / x;
    case UnaryOp::Sqrt:
        return std::sqrt(x);
    case UnaryOp::Square:
        return x * x;
    case UnaryOp::Exp:
        return exp(x);
    case UnaryOp::Log:
        return std::log(x);
    case UnaryOp::Erf:
        return erf(x);
    case UnaryOp::Tanh:
        return tanh(x);
    case UnaryOp::Sigmoid:
        return sigmoid(x);
    case UnaryOp::Relu:
        return x < 0.0f ? 0.0f : x;
    case UnaryOp::LeakyRelu:
        return x < 0.0f ? p * x : x;
    case UnaryOp::Elu:
        return x < 0.0f ? p * (exp(x) - 1.0f) : x;
    case UnaryOp::Clip:
        return clip(x, p, q);
    case UnaryOp::Gelu:
        return gelu(x);
    case UnaryOp::GeluTanh:
        return geluTanh(x);
    case UnaryOp::QuickGelu:
        return x * sigmoid(p * x);
    case UnaryOp::Silu:
        return x / (1.0f + exp(-x));
    case UnaryOp::HardSigmoid:
        return clip(std::fma(p, x, q), 0.0f, 1.0f);
    case UnaryOp::HardSwish:
        return hardSwish(x);
    case UnaryOp::Softplus:
        return x > 20.0f ? x : std::log1p(std::exp(x));
    case UnaryOp::Pow:
        return power(x, p);
    case UnaryOp::Affine:
        return std::fma(p, x, q);
    case UnaryOp::Floor:
        return std::floor(x);
    case UnaryOp::Ceil:
        return std::ceil(x);
    case UnaryOp::Round:
        return std::nearbyint(x);
    case UnaryOp::Sign:
        return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    case UnaryOp::Sin:
        return sin(x);
    case UnaryOp::Cos:
        return cos(x);
    case UnaryOp::Atan:
        return std::atan(x);
    case UnaryOp::Mish:
        return mish(x);
    }
    return x;
}

float apply(BinaryOp op, float a, float b)
{
    switch (op) {
    case BinaryOp::Add:
        return a + b;
    case BinaryOp::Sub:
        return a - b;
    case BinaryOp::Mul:
        return a * b;
    case BinaryOp::Div:
        return a / b;
    case BinaryOp::Min:
        return a != a ? a : b < a || b != b ? b : a;
    case BinaryOp::Max:
        return a != a ? a : b > a || b != b ? b : a;
    case BinaryOp::Pow:
        return power(a, b);
    }
    return a;
}

} // namespace

float activate(Activation activation, float x)
{
    switch (activation) {
    case Activation::None:
        return x;
    case Activation::Relu:
        return x < 0.0f ? 0.0f : x;
    case Activation::Relu6:
        return clip(x, 0.0f, 6.0f);
    case Activation::Gelu:
        return gelu(x);
    case Activation::GeluTanh:
        return geluTanh(x);
    case Activation::Silu:
        return x / (1.0f + exp(-x));
    case Activation::Sigmoid:
        return sigmoid(x);
    case Activation::Tanh:
        return tanh(x);
    case Activation::HardSwish:
        return hardSwish(x);
    }
    return x;
}

void unary(UnaryOp op, std::span<const float> x, std::span<float> y, float p, float q)
{
    assert(x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = apply(op, x[i], p, q);
}

void binary(BinaryOp op, Broadcast broadcast, std::size_t rows, std::size_t cols, const float* a, const float* b,
            float* y, bool swapped)
{
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < cols; ++c) {
            const std::size_t i = r * cols + c;
            const std::size_t at = broadcast == Broadcast::None     ? i
                                   : broadcast == Broadcast::Scalar ? 0
                                   : broadcast == Broadcast::Row    ? c
                                                                    : r;
            y[i] = swapped ? apply(op, b[at], a[i]) : apply(op, a[i], b[at]);
        }
}

} // namespace qs::kernels::reference
