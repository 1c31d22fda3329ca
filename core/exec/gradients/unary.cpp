#include "core/exec/ops/unary.h"
#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qs::exec {

namespace {

using kernels::UnaryOp;

constexpr int64_t kPiece = 512; // stays in the first-level cache
constexpr auto kPiecesPerTask = int64_t{16};

/// d[i] = f'(x[i]) for one piece; the transcendental parts come from the kernels.
class Derivative {
public:
    Derivative(const float* x, float* d, std::size_t count) : m_x(x), m_d(d), m_count(count) {}

    void of(const UnaryCall& call);

private:
    template <class F>
    void each(F f)
    {
        for (std::size_t i = 0; i < m_count; ++i)
            m_d[i] = f(m_x[i]);
    }
    /// d[i] = f(x[i], op(x[i])).
    template <class F>
    void with(UnaryOp op, F f)
    {
        kernels::unary(op, {m_x, m_count}, {m_d, m_count});
        for (std::size_t i = 0; i < m_count; ++i)
            m_d[i] = f(m_x[i], m_d[i]);
    }
    void gelu();
    void geluTanh();

    const float* m_x;
    float* m_d;
    std::size_t m_count;
};

/// Phi(x) + x phi(x),  Phi(x) = (1 + erf(x / sqrt 2)) / 2,  phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
void Derivative::gelu()
{
    float density[kPiece];
    for (std::size_t i = 0; i < m_count; ++i)
        density[i] = -0.5f * m_x[i] * m_x[i];
    kernels::unary(UnaryOp::Exp, {density, m_count}, {density, m_count});
    constexpr auto kRoot = std::numbers::sqrt2_v<float> / 2;
    for (std::size_t i = 0; i < m_count; ++i)
        m_d[i] = m_x[i] * kRoot;
    kernels::unary(UnaryOp::Erf, {m_d, m_count}, {m_d, m_count});
    constexpr auto kNorm = std::numbers::inv_sqrtpi_v<float> * kRoot;
    for (std::size_t i = 0; i < m_count; ++i)
        m_d[i] = 0.5f + 0.5f * m_d[i] + m_x[i] * density[i] * kNorm;
}

/// t = tanh(u), u = sqrt(2 / pi) (x + 0.044715 x^3):  (1 + t) / 2 + x (1 - t^2) u' / 2
void Derivative::geluTanh()
{
    constexpr auto kScale = std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>;
    constexpr float kCubic = 0.044715f;
    for (std::size_t i = 0; i < m_count; ++i)
        m_d[i] = kScale * (m_x[i] + kCubic * m_x[i] * m_x[i] * m_x[i]);
    kernels::unary(UnaryOp::Tanh, {m_d, m_count}, {m_d, m_count});
    for (std::size_t i = 0; i < m_count; ++i) {
        const float x = m_x[i];
        const float t = m_d[i];
        m_d[i] = 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * kScale * (1 + 3 * kCubic * x * x);
    }
}

void Derivative::of(const UnaryCall& call)
{
    const float p = call.p;
    const float q = call.q;
    switch (call.op) {
    case UnaryOp::Mish:
        return each([](float x) {
            const float t = std::tanh(x > 20 ? x : std::log1p(std::exp(x)));
            return t + x * (1 - t * t) / (1 + std::exp(-x));
        });
    case UnaryOp::Neg:
        return each([](float) { return -1.0f; });
    case UnaryOp::Abs:
        return each([](float x) { return x > 0 ? 1.0f : (x < 0 ? -1.0f : 0.0f); });
    case UnaryOp::Reciprocal:
        return each([](float x) { return -1 / (x * x); });
    case UnaryOp::Sqrt:
        return each([](float x) { return 0.5f / std::sqrt(x); });
    case UnaryOp::Square:
        return each([](float x) { return 2 * x; });
    case UnaryOp::Exp:
        return with(call.op, [](float, float y) { return y; });
    case UnaryOp::Log:
        return each([](float x) { return 1 / x; });
    case UnaryOp::Erf:
        return each([](float x) { return 2 * std::numbers::inv_sqrtpi_v<float> * std::exp(-x * x); });
    case UnaryOp::Tanh:
        return with(call.op, [](float, float y) { return 1 - y * y; });
    case UnaryOp::Sigmoid:
        return with(call.op, [](float, float y) { return y * (1 - y); });
    case UnaryOp::Relu:
        return each([](float x) { return x > 0 ? 1.0f : 0.0f; });
    case UnaryOp::LeakyRelu:
        return each([p](float x) { return x > 0 ? 1.0f : p; });
    case UnaryOp::Elu:
        return each([p](float x) { return x > 0 ? 1.0f : p * std::exp(x); });
    case UnaryOp::Clip:
        return each([p, q](float x) { return x > p && x < q ? 1.0f : 0.0f; });
    case UnaryOp::Gelu:
        return gelu();
    case UnaryOp::GeluTanh:
        return geluTanh();
    case UnaryOp::QuickGelu:
        return each([p](float x) {
            const float s = 1 / (1 + std::exp(-p * x));
            return s + p * x * s * (1 - s);
        });
    case UnaryOp::Silu:
        return with(UnaryOp::Sigmoid, [](float x, float s) { return s * (1 + x * (1 - s)); });
    case UnaryOp::HardSigmoid:
        return each([p, q](float x) { return p * x + q > 0 && p * x + q < 1 ? p : 0.0f; });
    case UnaryOp::HardSwish:
        return each([](float x) { return x < -3 ? 0.0f : (x > 3 ? 1.0f : x / 3 + 0.5f); });
    case UnaryOp::Softplus:
        return with(UnaryOp::Sigmoid, [](float, float s) { return s; });
    case UnaryOp::Sin:
        return each([](float x) { return std::cos(x); });
    case UnaryOp::Cos:
        return each([](float x) { return -std::sin(x); });
    case UnaryOp::Atan:
        return each([](float x) { return 1 / (1 + x * x); });
    case UnaryOp::Pow:
        return each([p](float x) { return p * std::pow(x, p - 1); });
    case UnaryOp::Affine:
        return each([p](float) { return p; });
    case UnaryOp::Copy:
        return each([](float) { return 1.0f; });
    case UnaryOp::Floor:
    case UnaryOp::Ceil:
    case UnaryOp::Round:
    case UnaryOp::Sign:
        return each([](float) { return 0.0f; });
    }
}

/// dx = dy f'(x), by pieces.
template <class Fill>
void byPieces(const BackwardCall& call, std::span<Tensor> gradients, Fill fill)
{
    const int64_t count = call.in[0].shape.elements();
    const float* x = call.inputs[0].floats().data();
    const float* dy = call.seed();
    gradients[0] = zeros(call.in[0].shape);
    float* dx = gradients[0].mutableData<float>().data();
    const int64_t pieces = (count + kPiece - 1) / kPiece;
    parallelChunks(call.pool, pieces, kPiecesPerTask, [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) {
            const int64_t at = piece * kPiece;
            const int64_t n = std::min(kPiece, count - at);
            fill(x + at, dx + at, static_cast<std::size_t>(n));
            for (int64_t i = at; i < at + n; ++i)
                dx[i] *= dy[i];
        }
    });
}

void unaryBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const UnaryCall function = *unaryCall(call.node);
    byPieces(call, gradients, [&](const float* x, float* d, std::size_t n) { Derivative(x, d, n).of(function); });
}

void castBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    gradients[0] = call.seeds[0]; // floats to floats: others have no gradient
}

} // namespace

std::span<const BackwardDef> unaryGradients()
{
    static constexpr auto unary = [](std::string_view op) {
        return BackwardDef{.op = op, .keeps = Keeps::Inputs, .backward = unaryBackward};
    };
    static constexpr BackwardDef all[] = {
        unary("Abs"),        unary("Atan"), unary("Ceil"),
        unary("Clip"),       unary("Cos"),  unary("Elu"),
        unary("Erf"),        unary("Exp"),  unary("Floor"),
        unary("Gelu"),       unary("Log"),  unary("HardSigmoid"),
        unary("HardSwish"),  unary("Neg"),  unary("LeakyRelu"),
        unary("Reciprocal"), unary("Relu"), unary("Round"),
        unary("Sigmoid"),    unary("Sign"), unary("Silu"),
        unary("Sin"),        unary("Sqrt"), unary("Softplus"),
        unary("Tanh"),       unary("Mish"), {.op = "Cast", .backward = castBackward},
    };
    return all;
}

} // namespace qs::exec
