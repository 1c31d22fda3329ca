// Quantization. Nothing here may contract or reorder: every target gives the codes of the scalar reference.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/quantize.cpp"

#include "core/kernels/quantize.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kVector = hn::MaxLanes(D());
using Wide = hn::CappedTag<double, kVector / 2 ? kVector / 2 : 1>;
constexpr std::size_t kWideVectors = kLanes / hn::MaxLanes(Wide());

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

HWY_INLINE void storeCodes(V code, float* dst)
{
    hn::StoreU(code, D(), dst);
}
HWY_INLINE void storeCodes(V code, int32_t* dst)
{
    hn::StoreU(hn::NearestInt(code), hn::RebindToSigned<D>(), dst);
}
template <class T>
HWY_INLINE void storeCodes(V code, T* dst)
{
    const hn::Rebind<T, D> dt;
    hn::StoreU(hn::DemoteTo(dt, hn::NearestInt(code)), dt, dst);
}
HWY_INLINE V loadCodes(const int32_t* src)
{
    return hn::ConvertTo(D(), hn::LoadU(hn::RebindToSigned<D>(), src));
}
template <class T>
HWY_INLINE V loadCodes(const T* src)
{
    const hn::Rebind<T, D> dt;
    const hn::RebindToSigned<D> di;
    return hn::ConvertTo(D(), hn::PromoteTo(di, hn::LoadU(dt, src)));
}

/// One operation on a vector: reads In, writes Out.
struct Fake {
    using In = float;
    using Out = float;
    static HWY_INLINE void apply(const float* x, const Grid& g, float* y)
    {
        hn::StoreU(valueOf(clamped(unclamped(hn::LoadU(D(), x), g), g), g), D(), y);
    }
};
template <class T>
struct ToCodes {
    using In = float;
    using Out = T;
    static HWY_INLINE void apply(const float* x, const Grid& g, T* y)
    {
        storeCodes(clamped(unclamped(hn::LoadU(D(), x), g), g), y);
    }
};
template <class T>
struct FromCodes {
    using In = T;
    using Out = float;
    static HWY_INLINE void apply(const T* x, const Grid& g, float* y)
    {
        hn::StoreU(valueOf(loadCodes(x), g), D(), y);
    }
};

/// The operation on fewer elements than a vector has.
template <class Op>
HWY_INLINE void applyRest(std::size_t count, const typename Op::In* x, const Grid& g, typename Op::Out* y)
{
    alignas(64) typename Op::In in[kVector] = {};
    alignas(64) typename Op::Out out[kVector];
    std::copy_n(x, count, in);
    Op::apply(in, g, out);
    std::copy_n(out, count, y);
}

template <class Op>
HWY_INLINE void applyRun(std::size_t count, const typename Op::In* x, const Grid& g, typename Op::Out* y)
{
    std::size_t i = 0;
    for (; i + kVector <= count; i += kVector)
        Op::apply(x + i, g, y + i);
    if (i < count)
        applyRest<Op>(count - i, x + i, g, y + i);
}

template <class Op>
HWY_INLINE void applyChannels(const ChannelLayout& layout, const typename Op::In* x, const ChannelGrids& grids,
                              typename Op::Out* y)
{
    const D d;
    const std::size_t channels = layout.channels;
    const auto zeroPoint = [&](std::size_t c) { return grids.zeroPoints.empty() ? 0 : grids.zeroPoints[c]; };
    if (layout.inner > 1 || channels == 1) {
        const std::size_t run = layout.inner;
        for (std::size_t o = 0; o < layout.outer; ++o)
            for (std::size_t c = 0; c < channels; ++c, x += run, y += run)
                applyRun<Op>(run, x, gridOf(grids.scales[c], zeroPoint(c), grids.qmin, grids.qmax), y);
        return;
    }
    // Channels lie side by side: a vector of channels at a time, down all rows.
    const Grid ends = gridOf(1, 0, grids.qmin, grids.qmax);
    for (std::size_t c = 0; c < channels; c += kVector) {
        const std::size_t width = std::min(kVector, channels - c);
        alignas(64) float scales[kVector];
        alignas(64) float zeros[kVector] = {};
        std::fill_n(scales, kVector, 1.0f);
        for (std::size_t i = 0; i < width; ++i) {
            scales[i] = grids.scales[c + i];
            zeros[i] = static_cast<float>(zeroPoint(c + i));
        }
        const Grid g{hn::Load(d, scales), hn::Load(d, zeros), ends.lo, ends.hi};
        for (std::size_t o = 0; o < layout.outer; ++o) {
            const std::size_t at = o * channels + c;
            if (width == kVector)
                Op::apply(x + at, g, y + at);
            else
                applyRest<Op>(width, x + at, g, y + at);
        }
    }
}

void fakeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y)
{
    applyChannels<Fake>(layout, x, grids, y);
}
void toInt8(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* y)
{
    applyChannels<ToCodes<int8_t>>(layout, x, grids, y);
}
void toUInt8(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* y)
{
    applyChannels<ToCodes<uint8_t>>(layout, x, grids, y);
}
void toInt32(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* y)
{
    applyChannels<ToCodes<int32_t>>(layout, x, grids, y);
}
void fromInt8(const ChannelLayout& layout, const int8_t* x, const ChannelGrids& grids, float* y)
{
    applyChannels<FromCodes<int8_t>>(layout, x, grids, y);
}
void fromUInt8(const ChannelLayout& layout, const uint8_t* x, const ChannelGrids& grids, float* y)
{
    applyChannels<FromCodes<uint8_t>>(layout, x, grids, y);
}
void fromInt32(const ChannelLayout& layout, const int32_t* x, const ChannelGrids& grids, float* y)
{
    applyChannels<FromCodes<int32_t>>(layout, x, grids, y);
}

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

namespace {

HWY_EXPORT(fakeChannels);
HWY_EXPORT(toInt8);
HWY_EXPORT(toUInt8);
HWY_EXPORT(toInt32);
HWY_EXPORT(fromInt8);
HWY_EXPORT(fromUInt8);
HWY_EXPORT(fromInt32);
HWY_EXPORT(gridErrors);
HWY_EXPORT(differences);

/// A whole tensor as one channel.
ChannelGrids oneChannel(const QuantGrid& grid)
{
    return {{&grid.scale, 1}, {&grid.zeroPoint, 1}, grid.qmin, grid.qmax};
}

} // namespace

void fakeQuantize(std::span<const float> x, const QuantGrid& grid, std::span<float> y)
{
    assert(x.size() == y.size());
    fakeQuantizeChannels({1, 1, x.size()}, x.data(), oneChannel(grid), y.data());
}

void fakeQuantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y)
{
    HWY_DYNAMIC_DISPATCH(fakeChannels)(layout, x, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int8_t> codes)
{
    assert(x.size() == codes.size());
    quantizeChannels({1, 1, x.size()}, x.data(), oneChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* codes)
{
    HWY_DYNAMIC_DISPATCH(toInt8)(layout, x, grids, codes);
}

void dequantize(std::span<const int8_t> codes, const QuantGrid& grid, std::span<float> y)
{
    assert(codes.size() == y.size());
    dequantizeChannels({1, 1, codes.size()}, codes.data(), oneChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const int8_t* codes, const ChannelGrids& grids, float* y)
{
    HWY_DYNAMIC_DISPATCH(fromInt8)(layout, codes, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<uint8_t> codes)
{
    assert(x.size() == codes.size());
    quantizeChannels({1, 1, x.size()}, x.data(), oneChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* codes)
{
    HWY_DYNAMIC_DISPATCH(toUInt8)(layout, x, grids, codes);
}

void dequantize(std::span<const uint8_t> codes, const QuantGrid& grid, std::span<float> y)
{
    assert(codes.size() == y.size());
    dequantizeChannels({1, 1, codes.size()}, codes.data(), oneChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const uint8_t* codes, const ChannelGrids& grids, float* y)
{
    HWY_DYNAMIC_DISPATCH(fromUInt8)(layout, codes, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int32_t> codes)
{
    assert(x.size() == codes.size());
    quantizeChannels({1, 1, x.size()}, x.data(), oneChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* codes)
{
    HWY_DYNAMIC_DISPATCH(toInt32)(layout, x, grids, codes);
}

void dequantize(std::span<const int32_t> codes, const QuantGrid& grid, std::span<float> y)
{
    assert(codes.size() == y.size());
    dequantizeChannels({1, 1, codes.size()}, codes.data(), oneChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const int32_t* codes, const ChannelGrids& grids, float* y)
{
    HWY_DYNAMIC_DISPATCH(fromInt32)(layout, codes, grids, y);
}

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
