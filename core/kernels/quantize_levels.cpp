// Fake quantization to levels that are not equally spaced: bit-equal to the scalar reference on every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/quantize_levels.cpp"

#include "core/kernels/quantize_levels.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
constexpr std::size_t kVector = hn::MaxLanes(D());

/// Calls body(vector) -> vector for all of x.
template <class Body>
HWY_INLINE void forVectors(std::size_t count, const float* x, float* y, Body body)
{
    const D d;
    std::size_t i = 0;
    for (; i + kVector <= count; i += kVector)
        hn::StoreU(body(hn::LoadU(d, x + i)), d, y + i);
    if (i == count)
        return;
    alignas(64) float rest[kVector] = {};
    std::copy(x + i, x + count, rest);
    hn::Store(body(hn::Load(d, rest)), d, rest);
    std::copy_n(rest, count - i, y + i);
}

template <bool byMagnitude>
HWY_INLINE void regionsOf(std::size_t count, const float* x, const RegionLevels& levels, float* y)
{
    const D d;
    const V border = hn::Set(d, levels.border);
    const V lowerStep = hn::Set(d, levels.lower.step), upperStep = hn::Set(d, levels.upper.step);
    const V lowerLow = hn::Set(d, levels.lower.low), upperLow = hn::Set(d, levels.upper.low);
    const V lowerHigh = hn::Set(d, levels.lower.high), upperHigh = hn::Set(d, levels.upper.high);
    forVectors(count, x, y, [&](V v) HWY_ATTR {
        const auto upper = byMagnitude ? hn::Gt(hn::Abs(v), border) : hn::Ge(v, border);
        const V step = hn::IfThenElse(upper, upperStep, lowerStep);
        const V low = hn::IfThenElse(upper, upperLow, lowerLow);
        const V high = hn::IfThenElse(upper, upperHigh, lowerHigh);
        const V code = hn::Add(hn::Round(hn::Div(v, step)), hn::Zero(D())); // never -0
        const V raised = hn::IfThenElse(hn::Gt(code, low), code, low);      // NaN: low
        return hn::Mul(hn::IfThenElse(hn::Lt(raised, high), raised, high), step);
    });
}

void regions(std::size_t count, const float* x, const RegionLevels& levels, float* y)
{
    if (levels.byMagnitude)
        regionsOf<true>(count, x, levels, y);
    else
        regionsOf<false>(count, x, levels, y);
}

/// Bits of r plus `carry` have the exponent of the level that is a power of two, and, for b = sqrt 2, a mantissa of
/// at least `odd` where the level is sqrt 2 times it.
template <bool rootTwo>
HWY_INLINE void logOf(std::size_t count, const float* x, const LogLevels& levels, float* y)
{
    constexpr int32_t kMantissa = 0x7fffff;
    constexpr int32_t kQuarter = 0x1837f1;
    constexpr int32_t kHalf = 0x3504f4;
    constexpr int32_t kThreeQuarters = 0x5744fd;
    constexpr int32_t kCarry = kMantissa + 1 - (rootTwo ? kThreeQuarters : kHalf);
    const D d;
    const DI di;
    const V scale = hn::Set(d, levels.scale);
    const V root = hn::Set(d, static_cast<float>(levels.scale * std::sqrt(2.0)));
    const V one = hn::Set(d, 1.0F);
    const V least = hn::Set(d, levels.least);
    const auto carry = hn::Set(di, kCarry);
    const auto exponent = hn::Set(di, ~kMantissa);
    const auto mantissa = hn::Set(di, kMantissa);
    const auto odd = hn::Set(di, kQuarter + kCarry - 1);
    forVectors(count, x, y, [&](V v) HWY_ATTR {
        const V r = hn::Div(v, scale);
        const V inside = hn::IfThenElse(hn::Lt(r, one), r, one);
        const auto bits = hn::Add(hn::BitCast(di, inside), carry);
        const V power = hn::BitCast(d, hn::And(bits, exponent));
        V factor = scale;
        if constexpr (rootTwo)
            factor = hn::IfThenElse(hn::RebindMask(d, hn::Gt(hn::And(bits, mantissa), odd)), root, scale);
        return hn::IfThenElseZero(hn::Ge(r, least), hn::Mul(power, factor)); // NaN: 0
    });
}

void logs(std::size_t count, const float* x, const LogLevels& levels, float* y)
{
    if (levels.rootTwo)
        logOf<true>(count, x, levels, y);
    else
        logOf<false>(count, x, levels, y);
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(regions);
HWY_EXPORT(logs);

void fakeQuantizeRegions(std::span<const float> x, const RegionLevels& levels, std::span<float> y)
{
    assert(x.size() == y.size());
    HWY_DYNAMIC_DISPATCH(regions)(x.size(), x.data(), levels, y.data());
}

void fakeQuantizeLog(std::span<const float> x, const LogLevels& levels, std::span<float> y)
{
    assert(x.size() == y.size());
    HWY_DYNAMIC_DISPATCH(logs)(x.size(), x.data(), levels, y.data());
}

} // namespace qs::kernels

#endif
