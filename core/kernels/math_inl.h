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

/// c[0] + c[1] x + ...: pairs first, then Horner's rule in x^2, a shorter chain than Horner's in x.
template <class D, class V, int N>
HWY_INLINE V polynomial(D d, V x, V square, const float (&c)[N])
{
    const auto pair = [&](int i) HWY_ATTR {
        return i + 1 < N ? hn::MulAdd(hn::Set(d, c[i + 1]), x, hn::Set(d, c[i])) : hn::Set(d, c[i]);
    };
    V sum = pair((N - 1) / 2 * 2);
#pragma GCC unroll 4
    for (int i = (N - 1) / 2 * 2 - 2; i >= 0; i -= 2)
        sum = hn::MulAdd(sum, square, pair(i));
    return sum;
}

template <class D, class V>
HWY_INLINE V vectorExp(D d, V input)
{
    using namespace constants;
    const hn::RebindToSigned<D> di;
    const V x = clipped(input, hn::Set(d, kExpLow), hn::Set(d, kExpHigh));
    const V magic = hn::Set(d, kRoundMagic);
    const V shifted = hn::MulAdd(x, hn::Set(d, kLog2E), magic);
    const V n = hn::Sub(shifted, magic);
    V r = hn::NegMulAdd(n, hn::Set(d, kLn2High), x);
    r = hn::NegMulAdd(n, hn::Set(d, kLn2Low), r);
    const V square = hn::Mul(r, r);
    const V twice = hn::Add(hn::MulAdd(square, polynomial(d, r, square, kTwiceExp), hn::Add(r, r)), hn::Set(d, 2.0f));
    // The low bits of `shifted` are n; n - 1 + 127 becomes the exponent.
    const auto exponent = hn::Add(hn::BitCast(di, shifted), hn::Set(di, 126));
    return hn::Mul(twice, hn::BitCast(d, hn::ShiftLeft<23>(exponent)));
}

/// x P(x^2) / Q(x^2) up to `limit`, never beyond +-1, and exactly +-1 from `limit` on.
template <class D, class V, int N>
HWY_INLINE V saturatingRational(D d, V x, float limit, const float (&p)[N], const float (&q)[N])
{
    const V one = hn::Set(d, 1.0f);
    const V magnitude = hn::Abs(x);
    const V z = hn::Mul(x, x);
    const V square = hn::Mul(z, z);
    V y = hn::Div(hn::Mul(magnitude, polynomial(d, z, square, p)), polynomial(d, z, square, q));
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

/// sin(x), or cos(x) = sin(x + pi/2), for |x| <= kSineLimit.
template <class D, class V>
HWY_INLINE V vectorSine(D d, V x, bool cosine)
{
    using namespace constants;
    const hn::RebindToSigned<D> di;
    const V magic = hn::Set(d, kRoundMagic);
    const V shifted = hn::MulAdd(x, hn::Set(d, kTwoOverPi), magic);
    const V n = hn::Sub(shifted, magic);
    V r = hn::NegMulAdd(n, hn::Set(d, kHalfPi1), x);
    r = hn::NegMulAdd(n, hn::Set(d, kHalfPi2), r);
    r = hn::NegMulAdd(n, hn::Set(d, kHalfPi3), r);
    const V z = hn::Mul(r, r);
    const V square = hn::Mul(z, z);
    const V sine = hn::MulAdd(hn::Mul(z, r), polynomial(d, z, square, kSine), r);
    const V half = hn::NegMulAdd(z, hn::Set(d, 0.5f), hn::Set(d, 1.0f));
    const V other = hn::MulAdd(square, polynomial(d, z, square, kCosine), half);
    // The low bits of `shifted` are n: odd quarters take the other function, quarters 2 and 3 the other sign.
    const auto quarter = hn::Add(hn::BitCast(di, shifted), hn::Set(di, cosine ? 1 : 0));
    const auto odd = hn::Eq(hn::And(quarter, hn::Set(di, 1)), hn::Set(di, 1));
    const V value = hn::IfThenElse(hn::RebindMask(d, odd), other, sine);
    return hn::Xor(value, hn::BitCast(d, hn::ShiftLeft<30>(hn::And(quarter, hn::Set(di, 2)))));
}

/// x tanh(log(1 + e)) = x n / (n + 2),  e = exp(x),  n = e (e + 2)
template <class D, class V>
HWY_INLINE V vectorMish(D d, V x)
{
    const V two = hn::Set(d, 2.0f);
    const V limit = hn::Set(d, constants::kMishLinear);
    const V e = vectorExp(d, loweredTo(x, limit));
    const V n = hn::Mul(e, hn::Add(e, two));
    return hn::IfThenElse(hn::Gt(x, limit), x, hn::Mul(x, hn::Div(n, hn::Add(n, two))));
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
