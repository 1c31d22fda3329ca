// Reductions in double over 16 fixed lanes, whatever the vector length.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/reduce.cpp"

#include "core/kernels/reduce.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<double, 8>;
using F = hn::Rebind<float, D>;
using V = hn::Vec<D>;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kVector = hn::MaxLanes(D());
constexpr std::size_t kVectors = kLanes / kVector;

HWY_INLINE V load(const float* x)
{
    return hn::PromoteTo(D(), hn::LoadU(F(), x));
}

/// body(term, together) for the fold: one switch around a loop. `together(a, b)` adds the value b to a.
template <class Body>
HWY_INLINE void withFold(Fold fold, Body body)
{
    const auto same = [](V v) HWY_ATTR { return v; };
    const auto add = [](V a, V b) HWY_ATTR { return hn::Add(a, b); };
    switch (fold) {
    case Fold::Sum:
        return body(same, add);
    case Fold::Absolute:
        return body([](V v) HWY_ATTR { return hn::Abs(v); }, add);
    case Fold::Square:
        return body([](V v) HWY_ATTR { return hn::Mul(v, v); }, add);
    case Fold::Max:
        return body(same, [](V a, V b) HWY_ATTR { return hn::IfThenElse(hn::Or(hn::Gt(b, a), hn::IsNaN(b)), b, a); });
    case Fold::Min:
        return body(same, [](V a, V b) HWY_ATTR { return hn::IfThenElse(hn::Or(hn::Lt(b, a), hn::IsNaN(b)), b, a); });
    }
}

double rowOf(Fold fold, std::size_t count, const float* x)
{
    const D d;
    alignas(64) double lanes[kLanes];
    withFold(fold, [&](auto term, auto together) HWY_ATTR {
        V sums[kVectors];
        for (V& sum : sums)
            sum = hn::Set(d, foldStart(fold));
        std::size_t i = 0;
        for (; i + kLanes <= count; i += kLanes)
#pragma GCC unroll 16
            for (std::size_t part = 0; part < kVectors; ++part)
                sums[part] = together(sums[part], term(load(x + i + part * kVector)));
        for (std::size_t part = 0; part < kVectors; ++part)
            hn::Store(sums[part], d, lanes + part * kVector);
    });
    const std::size_t whole = count / kLanes * kLanes;
    reference::foldInto(fold, {x + whole, count - whole}, {lanes, count - whole});
    alignas(64) double upper[kLanes];
    withFold(fold, [&](auto, auto together) HWY_ATTR {
        for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
            // Lanes beyond `half` hold what is no longer needed.
            std::copy_n(lanes + half, half, upper);
            std::fill(upper + half, upper + kLanes, 0.0);
            for (std::size_t i = 0; i < half; i += kVector)
                hn::Store(together(hn::Load(d, lanes + i), hn::Load(d, upper + i)), d, lanes + i);
        }
    });
    return lanes[0];
}

void into(Fold fold, std::size_t count, const float* x, double* sums)
{
    const D d;
    const std::size_t whole = count / kVector * kVector;
    withFold(fold, [&](auto term, auto together) HWY_ATTR {
        for (std::size_t i = 0; i < whole; i += kVector)
            hn::StoreU(together(hn::LoadU(d, sums + i), term(load(x + i))), d, sums + i);
    });
    reference::foldInto(fold, {x + whole, count - whole}, {sums + whole, count - whole});
}

void cumulate(std::size_t count, const float* x, double* sums, float* y, bool exclusive)
{
    const D d;
    const std::size_t whole = count / kVector * kVector;
    for (std::size_t i = 0; i < whole; i += kVector) {
        const V before = hn::LoadU(d, sums + i);
        const V after = hn::Add(before, load(x + i));
        hn::StoreU(hn::DemoteTo(F(), exclusive ? before : after), F(), y + i);
        hn::StoreU(after, d, sums + i);
    }
    reference::cumulateInto({x + whole, count - whole}, {sums + whole, count - whole}, {y + whole, count - whole},
                            exclusive);
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(rowOf);
HWY_EXPORT(into);
HWY_EXPORT(cumulate);

double foldRow(Fold fold, std::span<const float> x)
{
    return HWY_DYNAMIC_DISPATCH(rowOf)(fold, x.size(), x.data());
}

void foldInto(Fold fold, std::span<const float> x, std::span<double> sums)
{
    assert(x.size() == sums.size());
    HWY_DYNAMIC_DISPATCH(into)(fold, x.size(), x.data(), sums.data());
}

void cumulateInto(std::span<const float> x, std::span<double> sums, std::span<float> y, bool exclusive)
{
    assert(x.size() == sums.size() && x.size() == y.size());
    HWY_DYNAMIC_DISPATCH(cumulate)(x.size(), x.data(), sums.data(), y.data(), exclusive);
}

} // namespace qs::kernels

#endif
