// Element-wise operators: one loop each, the last partial vector through a padded copy.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/elementwise.cpp"

#include "core/kernels/elementwise.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>

#include "core/kernels/math_inl.h"

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kVector = hn::MaxLanes(D());

/// y[i] = f(x[i]).
template <class F>
HWY_INLINE void map(std::size_t count, const float* x, float* y, F f)
{
    const D d;
    std::size_t i = 0;
    for (; i + kVector <= count; i += kVector)
        hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
    if (i == count)
        return;
    alignas(64) float rest[kVector] = {};
    std::copy(x + i, x + count, rest);
    hn::Store(f(hn::Load(d, rest)), d, rest);
    std::copy_n(rest, count - i, y + i);
}

/// y[i] = f(a[i], b[i]).
template <class F>
HWY_INLINE void zip(std::size_t count, const float* a, const float* b, float* y, F f)
{
    const D d;
    std::size_t i = 0;
    for (; i + kVector <= count; i += kVector)
        hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
    if (i == count)
        return;
    alignas(64) float restA[kVector] = {};
    alignas(64) float restB[kVector] = {};
    std::copy(a + i, a + count, restA);
    std::copy(b + i, b + count, restB);
    hn::Store(f(hn::Load(d, restA), hn::Load(d, restB)), d, restA);
    std::copy_n(restA, count - i, y + i);
}

/// Sine or cosine; vectors that hold something beyond the range of the reduction are left to the C library.
HWY_INLINE V sineOrCosine(V v, bool cosine)
{
    const D d;
    if (hn::AllTrue(d, hn::Le(hn::Abs(v), hn::Set(d, constants::kSineLimit))))
        return vectorSine(d, v, cosine);
    alignas(64) float values[kVector];
    hn::Store(v, d, values);
    for (float& value : values)
        value = cosine ? reference::cos(value) : reference::sin(value);
    return hn::Load(d, values);
}

/// The operators that have a vector form; Pow is asked for 3 and -0.5 only.
void mapUnary(UnaryOp op, std::size_t count, const float* x, float* y, float pValue, float qValue)
{
    const D d;
    const V p = hn::Set(d, pValue);
    const V q = hn::Set(d, qValue);
    const V zero = hn::Zero(d);
    const V one = hn::Set(d, 1.0f);
    const auto each = [&](auto f) HWY_ATTR { map(count, x, y, f); };
    switch (op) {
    case UnaryOp::Neg:
        return each([](V v) HWY_ATTR { return hn::Neg(v); });
    case UnaryOp::Abs:
        return each([](V v) HWY_ATTR { return hn::Abs(v); });
    case UnaryOp::Reciprocal:
        return each([=](V v) HWY_ATTR { return hn::Div(one, v); });
    case UnaryOp::Sqrt:
        return each([](V v) HWY_ATTR { return hn::Sqrt(v); });
    case UnaryOp::Square:
        return each([](V v) HWY_ATTR { return hn::Mul(v, v); });
    case UnaryOp::Exp:
        return each([=](V v) HWY_ATTR { return vectorExp(d, v); });
    case UnaryOp::Erf:
        return each([=](V v) HWY_ATTR { return vectorErf(d, v); });
    case UnaryOp::Tanh:
        return each([=](V v) HWY_ATTR { return vectorTanh(d, v); });
    case UnaryOp::Sigmoid:
        return each([=](V v) HWY_ATTR { return vectorSigmoid(d, v); });
    case UnaryOp::Relu:
        return each([=](V v) HWY_ATTR { return raisedTo(v, zero); });
    case UnaryOp::LeakyRelu:
        return each([=](V v) HWY_ATTR { return hn::IfThenElse(hn::Lt(v, zero), hn::Mul(p, v), v); });
    case UnaryOp::Elu:
        return each([=](V v) HWY_ATTR {
            return hn::IfThenElse(hn::Lt(v, zero), hn::Mul(p, hn::Sub(vectorExp(d, v), one)), v);
        });
    case UnaryOp::Clip:
        return each([=](V v) HWY_ATTR { return clipped(v, p, q); });
    case UnaryOp::Gelu:
        return each([=](V v) HWY_ATTR { return vectorGelu(d, v); });
    case UnaryOp::GeluTanh:
        return each([=](V v) HWY_ATTR { return vectorGeluTanh(d, v); });
    case UnaryOp::QuickGelu:
        return each([=](V v) HWY_ATTR { return hn::Mul(v, vectorSigmoid(d, hn::Mul(p, v))); });
    case UnaryOp::Silu:
        return each([=](V v) HWY_ATTR { return vectorSilu(d, v); });
    case UnaryOp::HardSigmoid:
        return each([=](V v) HWY_ATTR { return clipped(hn::MulAdd(p, v, q), zero, one); });
    case UnaryOp::HardSwish:
        return each([=](V v) HWY_ATTR { return vectorHardSwish(d, v); });
    case UnaryOp::Pow:
        if (pValue == 3.0f)
            return each([](V v) HWY_ATTR { return hn::Mul(hn::Mul(v, v), v); });
        return each([=](V v) HWY_ATTR { return hn::Div(one, hn::Sqrt(v)); });
    case UnaryOp::Affine:
        return each([=](V v) HWY_ATTR { return hn::MulAdd(p, v, q); });
    case UnaryOp::Floor:
        return each([](V v) HWY_ATTR { return hn::CopySign(hn::Floor(v), v); });
    case UnaryOp::Ceil:
        return each([](V v) HWY_ATTR { return hn::CopySign(hn::Ceil(v), v); });
    case UnaryOp::Round:
        return each([](V v) HWY_ATTR { return hn::CopySign(hn::Round(v), v); });
    case UnaryOp::Sign:
        return each([=](V v) HWY_ATTR {
            const V below = hn::IfThenElse(hn::Lt(v, zero), hn::Neg(one), v);
            return hn::IfThenElse(hn::Gt(v, zero), one, below);
        });
    case UnaryOp::Sin:
        return each([](V v) HWY_ATTR { return sineOrCosine(v, false); });
    case UnaryOp::Cos:
        return each([](V v) HWY_ATTR { return sineOrCosine(v, true); });
    case UnaryOp::Atan:
        return each([](V v) HWY_ATTR { return hn::Atan(D(), v); });
    case UnaryOp::Mish:
        return each([=](V v) HWY_ATTR { return vectorMish(d, v); });
    default:
        break;
    }
    assert(false && "the caller handles the others");
}

/// Rows of `cols`; b moves by bRowStep a row, and is one value for the whole row if `one`.
template <class F>
HWY_INLINE void zipRows(std::size_t rows, std::size_t cols, const float* a, const float* b, std::size_t bRowStep,
                        bool one, float* y, F f)
{
    const D d;
    for (std::size_t r = 0; r < rows; ++r, a += cols, b += bRowStep, y += cols) {
        if (!one) {
            zip(cols, a, b, y, f);
            continue;
        }
        const V value = hn::Set(d, *b);
        map(cols, a, y, [=](V v) HWY_ATTR { return f(v, value); });
    }
}

void zipBinary(BinaryOp op, std::size_t rows, std::size_t cols, const float* a, const float* b, std::size_t bRowStep,
               bool one, float* y, bool swapped)
{
    const auto each = [&](auto f) HWY_ATTR { zipRows(rows, cols, a, b, bRowStep, one, y, f); };
    switch (op) {
    case BinaryOp::Add:
        return each([](V u, V v) HWY_ATTR { return hn::Add(u, v); });
    case BinaryOp::Sub:
        if (swapped)
            return each([](V u, V v) HWY_ATTR { return hn::Sub(v, u); });
        return each([](V u, V v) HWY_ATTR { return hn::Sub(u, v); });
    case BinaryOp::Mul:
        return each([](V u, V v) HWY_ATTR { return hn::Mul(u, v); });
    case BinaryOp::Div:
        if (swapped)
            return each([](V u, V v) HWY_ATTR { return hn::Div(v, u); });
        return each([](V u, V v) HWY_ATTR { return hn::Div(u, v); });
    case BinaryOp::Min:
        return each([](V u, V v) HWY_ATTR {
            const V least = hn::IfThenElse(hn::Or(hn::Lt(v, u), hn::IsNaN(v)), v, u);
            return hn::IfThenElse(hn::IsNaN(u), u, least);
        });
    case BinaryOp::Max:
        return each([](V u, V v) HWY_ATTR {
            const V most = hn::IfThenElse(hn::Or(hn::Gt(v, u), hn::IsNaN(v)), v, u);
            return hn::IfThenElse(hn::IsNaN(u), u, most);
        });
    case BinaryOp::Pow:
        break;
    }
    assert(false && "the caller handles the others");
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(mapUnary);
HWY_EXPORT(zipBinary);

void unary(UnaryOp op, std::span<const float> x, std::span<float> y, float p, float q)
{
    assert(x.size() == y.size());
    if (op == UnaryOp::Pow) {
        if (p == 2.0f)
            op = UnaryOp::Square;
        else if (p == 0.5f)
            op = UnaryOp::Sqrt;
        else if (p == -1.0f)
            op = UnaryOp::Reciprocal;
        else if (p != 3.0f && p != -0.5f)
            return reference::unary(op, x, y, p, q);
    }
    switch (op) {
    case UnaryOp::Copy:
        std::copy(x.begin(), x.end(), y.begin());
        return;
    case UnaryOp::Log:
    case UnaryOp::Softplus:
        return reference::unary(op, x, y, p, q);
    default:
        HWY_DYNAMIC_DISPATCH(mapUnary)(op, x.size(), x.data(), y.data(), p, q);
    }
}

void activate(Activation activation, std::span<const float> x, std::span<float> y)
{
    switch (activation) {
    case Activation::None:
        return unary(UnaryOp::Copy, x, y);
    case Activation::Relu:
        return unary(UnaryOp::Relu, x, y);
    case Activation::Relu6:
        return unary(UnaryOp::Clip, x, y, 0, 6);
    case Activation::Gelu:
        return unary(UnaryOp::Gelu, x, y);
    case Activation::GeluTanh:
        return unary(UnaryOp::GeluTanh, x, y);
    case Activation::Silu:
        return unary(UnaryOp::Silu, x, y);
    case Activation::Sigmoid:
        return unary(UnaryOp::Sigmoid, x, y);
    case Activation::Tanh:
        return unary(UnaryOp::Tanh, x, y);
    case Activation::HardSwish:
        return unary(UnaryOp::HardSwish, x, y);
    }
}

void binary(BinaryOp op, Broadcast broadcast, std::size_t rows, std::size_t cols, const float* a, const float* b,
            float* y, bool swapped)
{
    if (op == BinaryOp::Pow) {
        if (broadcast == Broadcast::Scalar && !swapped)
            return unary(UnaryOp::Pow, {a, rows * cols}, {y, rows * cols}, *b);
        return reference::binary(op, broadcast, rows, cols, a, b, y, swapped);
    }
    const auto zip = HWY_DYNAMIC_DISPATCH(zipBinary);
    switch (broadcast) {
    case Broadcast::None:
        return zip(op, 1, rows * cols, a, b, 0, false, y, swapped);
    case Broadcast::Scalar:
        return zip(op, 1, rows * cols, a, b, 0, true, y, swapped);
    case Broadcast::Row:
        return zip(op, rows, cols, a, b, 0, false, y, swapped);
    case Broadcast::Column:
        return zip(op, rows, cols, a, b, 1, true, y, swapped);
    }
}

} // namespace qs::kernels

#endif
