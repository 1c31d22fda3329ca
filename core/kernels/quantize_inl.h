// The arithmetic of a uniform grid on vectors, compiled once per Highway target; included by kernel sources inside
// foreach_target. Nothing here may contract or reorder: every target gives the codes of the scalar reference.
#if defined(QS_KERNELS_QUANTIZE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QS_KERNELS_QUANTIZE_INL_H_
#undef QS_KERNELS_QUANTIZE_INL_H_
#else
#define QS_KERNELS_QUANTIZE_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kVector = hn::MaxLanes(D());

/// A grid as vectors: the same value in every lane, or one lane a channel.
struct Grid {
    V scale;
    V zero;
    V lo;
    V hi;
};

HWY_INLINE Grid gridOf(float scale, int32_t zeroPoint, int32_t qmin, int32_t qmax)
{
    const D d;
    return {hn::Set(d, scale), hn::Set(d, static_cast<float>(zeroPoint)), hn::Set(d, static_cast<float>(qmin)),
            hn::Set(d, static_cast<float>(qmax))};
}

HWY_INLINE V unclamped(V x, const Grid& g)
{
    return hn::Add(hn::Round(hn::Div(x, g.scale)), g.zero);
}

HWY_INLINE V clamped(V t, const Grid& g)
{
    const V raised = hn::IfThenElse(hn::Gt(t, g.lo), t, g.lo); // NaN: lo
    return hn::IfThenElse(hn::Lt(raised, g.hi), raised, g.hi);
}

HWY_INLINE V valueOf(V code, const Grid& g)
{
    return hn::Mul(hn::Sub(code, g.zero), g.scale);
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
