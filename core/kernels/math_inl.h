// Vector math of the kernels, compiled once per Highway target. Included by kernel sources inside foreach_target,
// never by other code. The scalar reference in elementwise_reference.cpp performs the same operations in the same
// order, so both give the same bits where MulAdd is a fused multiply-add.
#if defined(QS_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QS_KERNELS_MATH_INL_H_
#undef QS_KERNELS_MATH_INL_H_
#else
#define QS_KERNELS_MATH_INL_H_
#endif

#include "core/kernels/activation.h"
#include "core/kernels/math_constants.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Selects by comparison rather than with Min and Max, whose treatment of NaN differs between instruction sets.
template <class V>
HWY_INLINE V raisedTo(V x, V lo)
{
    return hn::IfThenElse(hn::Lt(x, lo), lo, x);
}
template <class V>
HWY_INLINE V loweredTo(V x, V hi)
{
    return hn::IfThenElse(hn::Gt(x, hi), hi, x);
}
template <class V>
HWY_INLINE V clipped(V x, V lo, V hi)
{
    return loweredTo(raisedTo(x, lo), hi);
}

/// c[0] + c[1] x + ... by Horner's rule.
template <class D, class V, int N>
HWY_INLINE V polynomial(D d, V x, const float (&c)[N])
{
    V sum = hn::Set(d, c[N - 1]);
    for (int i = N - 2; i >= 0; --i)
        sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
    return sum;
}

template <class D, class V>
HWY_INLINE V vectorExp(D d, V input)
{
    using namespace constants;
    const hn::RebindToSigned<D> di;
    const V x = clipped(input, hn::Set(d, kExpLow), hn::Set(d, kExpHigh));
    const auto n = hn::NearestInt(hn::Mul(x, hn::Set(d, kLog2E)));
    const V nf = hn::ConvertTo(d, n);
    V r = hn::NegMulAdd(nf, hn::Set(d, kLn2High), x);
    r = hn::NegMulAdd(nf, hn::Set(d, kLn2Low), r);
    const V p = hn::Add(hn::MulAdd(hn::Mul(r, r), polynomial(d, r, kExp), r), hn::Set(d, 1.0f));
    // 2^n in two factors: one alone would overflow or lose subnormal results.
    const auto half = hn::ShiftRight<1>(n);
    const auto bias = hn::Set(di, 127);
    const V first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
    const V second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(n, half), bias)));
    return hn::Mul(hn::Mul(p, first), second);
}

/// x P(x^2) / Q(x^2) up to `limit`, never beyond +-1, and exactly +-1 from `limit` on.
template <class D, class V, int N>
HWY_INLINE V saturatingRational(D d, V x, float limit, const float (&p)[N], const float (&q)[N])
{
    const V one = hn::Set(d, 1.0f);
    const V magnitude = hn::Abs(x);
    const V z = hn::Mul(x, x);
    V y = hn::Div(hn::Mul(magnitude, polynomial(d, z, p)), polynomial(d, z, q));
    y = loweredTo(y, one);
    y = hn::IfThenElse(hn::Ge(magnitude, hn::Set(d, limit)), one, y);
    return hn::CopySignToAbs(y, x);
}

template <class D, class V>
HWY_INLINE V vectorErf(D d, V x)
{
    using namespace constants;
    return saturatingRational(d, x, kErfLimit, kErfP, kErfQ);
}

template <class D, class V>
HWY_INLINE V vectorTanh(D d, V x)
{
    using namespace constants;
    return saturatingRational(d, x, kTanhLimit, kTanhP, kTanhQ);
}

template <class D, class V>
HWY_INLINE V vectorSilu(D d, V x)
{
    return hn::Div(x, hn::Add(hn::Set(d, 1.0f), vectorExp(d, hn::Neg(x))));
}

template <class D, class V>
HWY_INLINE V vectorSigmoid(D d, V x)
{
    const V one = hn::Set(d, 1.0f);
    return hn::Div(one, hn::Add(one, vectorExp(d, hn::Neg(x))));
}

template <class D, class V>
HWY_INLINE V vectorGelu(D d, V x)
{
    const V e = vectorErf(d, hn::Mul(x, hn::Set(d, constants::kInvSqrt2)));
    return hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), hn::Add(hn::Set(d, 1.0f), e));
}

template <class D, class V>
HWY_INLINE V vectorGeluTanh(D d, V x)
{
    using namespace constants;
    const V cubic = hn::MulAdd(hn::Mul(hn::Mul(hn::Set(d, kGeluCubic), x), x), x, x);
    const V t = vectorTanh(d, hn::Mul(hn::Set(d, kSqrt2OverPi), cubic));
    return hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), hn::Add(hn::Set(d, 1.0f), t));
}

template <class D, class V>
HWY_INLINE V vectorHardSwish(D d, V x)
{
    const V gate = hn::MulAdd(x, hn::Set(d, 1.0f / 6.0f), hn::Set(d, 0.5f));
    return hn::Mul(x, clipped(gate, hn::Zero(d), hn::Set(d, 1.0f)));
}

/// body(f) with the vector function of the activation: one switch around a loop, not one inside it.
template <class D, class Body>
HWY_INLINE void withActivation(D d, Activation activation, Body body)
{
    switch (activation) {
    case Activation::None:
        return body([](auto x) { return x; });
    case Activation::Relu:
        return body([d](auto x) { return raisedTo(x, hn::Zero(d)); });
    case Activation::Relu6:
        return body([d](auto x) { return clipped(x, hn::Zero(d), hn::Set(d, 6.0f)); });
    case Activation::Gelu:
        return body([d](auto x) { return vectorGelu(d, x); });
    case Activation::GeluTanh:
        return body([d](auto x) { return vectorGeluTanh(d, x); });
    case Activation::Silu:
        return body([d](auto x) { return vectorSilu(d, x); });
    case Activation::Sigmoid:
        return body([d](auto x) { return vectorSigmoid(d, x); });
    case Activation::Tanh:
        return body([d](auto x) { return vectorTanh(d, x); });
    case Activation::HardSwish:
        return body([d](auto x) { return vectorHardSwish(d, x); });
    }
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
