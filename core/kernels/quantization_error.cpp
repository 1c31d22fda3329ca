// Error sums of quantization: bit-equal to the scalar reference on every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/quantization_error.cpp"

#include "core/kernels/quantize.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>

#include "core/kernels/quantize_inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

constexpr std::size_t kLanes = 16;
using Wide = hn::CappedTag<double, kVector / 2 ? kVector / 2 : 1>;
constexpr std::size_t kWideVectors = kLanes / hn::MaxLanes(Wide());

/// Sums of squares in 16 lanes of double; the products of two floats are exact there, so it does not matter whether
/// a target fuses them.
struct SquareLanes {
    double lanes[kLanes] = {};

    HWY_INLINE void add(const float* values, std::size_t blocks)
    {
#if HWY_TARGET == HWY_SCALAR
        for (std::size_t i = 0; i < blocks * kLanes; ++i)
            lanes[i % kLanes] += static_cast<double>(values[i]) * values[i];
#else
        const Wide dd;
        const hn::Rebind<float, Wide> df;
        constexpr std::size_t kWide = hn::MaxLanes(Wide());
        hn::Vec<Wide> sums[kWideVectors];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kWideVectors; ++i)
            sums[i] = hn::LoadU(dd, lanes + i * kWide);
        for (std::size_t b = 0; b < blocks; ++b, values += kLanes)
#pragma GCC unroll 16
            for (std::size_t i = 0; i < kWideVectors; ++i) {
                const auto v = hn::PromoteTo(dd, hn::LoadU(df, values + i * kWide));
                sums[i] = hn::MulAdd(v, v, sums[i]);
            }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kWideVectors; ++i)
            hn::StoreU(sums[i], dd, lanes + i * kWide);
#endif
    }

    double total()
    {
        for (std::size_t half = kLanes / 2; half > 0; half /= 2)
            for (std::size_t i = 0; i < half; ++i)
                lanes[i] += lanes[i + half];
        return lanes[0];
    }
};

/// Elements handled at a time: x, the differences and the lanes stay in L1.
constexpr std::size_t kChunk = 1024;

/// Calls body(index, chunk, padded size, size) for chunks of x; the last one is a copy filled up to whole blocks with
/// zeros.
template <class Body>
HWY_INLINE void forChunks(std::size_t count, const float* x, Body body)
{
    std::size_t i = 0;
    for (; i + kLanes <= count;) {
        const std::size_t chunk = std::min(kChunk, (count - i) / kLanes * kLanes);
        body(i, x + i, chunk, chunk);
        i += chunk;
    }
    if (i == count)
        return;
    alignas(64) float rest[kLanes] = {};
    std::copy(x + i, x + count, rest);
    body(i, static_cast<const float*>(rest), kLanes, count - i);
}

void gridErrors(std::size_t count, const float* x, const QuantGrid* grids, ErrorSums* errors, std::size_t candidates)
{
    // Candidates are taken in groups so that their lanes fit on the stack.
    constexpr std::size_t kGroup = 16;
    const D d;
    for (std::size_t first = 0; first < candidates; first += kGroup) {
        const std::size_t group = std::min(kGroup, candidates - first);
        SquareLanes errorLanes[kGroup];
        SquareLanes signalLanes;
        uint64_t clipped[kGroup] = {};
        forChunks(count, x, [&](std::size_t, const float* values, std::size_t padded, std::size_t used) HWY_ATTR {
            signalLanes.add(values, padded / kLanes);
            for (std::size_t c = 0; c < group; ++c) {
                const QuantGrid& grid = grids[first + c];
                const Grid g = gridOf(grid.scale, grid.zeroPoint, grid.qmin, grid.qmax);
                alignas(64) float difference[kChunk];
                std::size_t outside = 0;
                for (std::size_t i = 0; i < padded; i += kVector) {
                    const V v = hn::LoadU(d, values + i);
                    const V t = unclamped(v, g);
                    hn::Store(hn::Sub(v, valueOf(clamped(t, g), g)), d, difference + i);
                    outside += kVector - hn::CountTrue(d, hn::And(hn::Ge(t, g.lo), hn::Le(t, g.hi)));
                }
                if (used < padded) {
                    // The filling has an error too where 0 is not on the grid.
                    std::fill(difference + used, difference + padded, 0.0f);
                    const float fill = static_cast<float>(grid.zeroPoint);
                    if (!(fill >= static_cast<float>(grid.qmin) && fill <= static_cast<float>(grid.qmax)))
                        outside -= padded - used;
                }
                clipped[c] += outside;
                errorLanes[c].add(difference, padded / kLanes);
            }
        });
        const double signal = signalLanes.total();
        for (std::size_t c = 0; c < group; ++c)
            errors[first + c] = {errorLanes[c].total(), signal, clipped[c]};
    }
}

ErrorSums differences(std::size_t count, const float* a, const float* b)
{
    const D d;
    SquareLanes errorLanes;
    SquareLanes signalLanes;
    forChunks(count, a, [&](std::size_t at, const float* values, std::size_t padded, std::size_t used) HWY_ATTR {
        signalLanes.add(values, padded / kLanes);
        alignas(64) float difference[kChunk] = {};
        if (used < padded)
            for (std::size_t i = 0; i < used; ++i)
                difference[i] = values[i] - b[at + i];
        else
            for (std::size_t i = 0; i < padded; i += kVector)
                hn::Store(hn::Sub(hn::LoadU(d, values + i), hn::LoadU(d, b + at + i)), d, difference + i);
        errorLanes.add(difference, padded / kLanes);
    });
    return {errorLanes.total(), signalLanes.total(), 0};
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(gridErrors);
HWY_EXPORT(differences);

ErrorSums quantizationError(std::span<const float> x, const QuantGrid& grid)
{
    ErrorSums sums;
    quantizationErrors(x, {&grid, 1}, {&sums, 1});
    return sums;
}

void quantizationErrors(std::span<const float> x, std::span<const QuantGrid> grids, std::span<ErrorSums> errors)
{
    assert(grids.size() == errors.size());
    HWY_DYNAMIC_DISPATCH(gridErrors)(x.size(), x.data(), grids.data(), errors.data(), grids.size());
}

ErrorSums differenceSums(std::span<const float> a, std::span<const float> b)
{
    assert(a.size() == b.size());
    return HWY_DYNAMIC_DISPATCH(differences)(a.size(), a.data(), b.data());
}

} // namespace qs::kernels

#endif
