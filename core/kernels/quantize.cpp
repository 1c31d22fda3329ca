// Fake quantization and codes: bit-equal to the scalar reference on every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/quantize.cpp"

#include "core/kernels/quantize.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>

#include "core/kernels/quantize_inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

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
    if constexpr (kVector > 1)
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
            if (kVector == 1 || width == kVector)
                Op::apply(x + at, g, y + at);
            else if constexpr (kVector > 1)
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

} // namespace qs::kernels

#endif
