#include "core/kernels/quantize.h"

#include <array>
#include <cmath>

namespace qs::kernels::reference {

namespace {

constexpr std::size_t kLanes = 16;
using Lanes = std::array<double, kLanes>;

double addLanes(Lanes lanes)
{
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

QuantGrid gridOf(const ChannelGrids& grids, std::size_t channel)
{
    return {grids.scales[channel], grids.zeroPoints.empty() ? 0 : grids.zeroPoints[channel], grids.qmin, grids.qmax};
}

float unclamped(float x, const QuantGrid& grid)
{
    return std::nearbyint(x / grid.scale) + static_cast<float>(grid.zeroPoint);
}

float clamped(float t, const QuantGrid& grid)
{
    const float lo = static_cast<float>(grid.qmin);
    const float hi = static_cast<float>(grid.qmax);
    const float a = t > lo ? t : lo; // NaN: lo
    return a < hi ? a : hi;
}

float fake(float x, const QuantGrid& grid)
{
    return (clamped(unclamped(x, grid), grid) - static_cast<float>(grid.zeroPoint)) * grid.scale;
}

template <class T>
void quantizeAll(std::size_t count, const float* x, const QuantGrid& grid, T* codes)
{
    for (std::size_t i = 0; i < count; ++i)
        codes[i] = static_cast<T>(code(x[i], grid));
}

template <class T>
void dequantizeAll(std::size_t count, const T* codes, const QuantGrid& grid, float* y)
{
    for (std::size_t i = 0; i < count; ++i)
        y[i] = (static_cast<float>(codes[i]) - static_cast<float>(grid.zeroPoint)) * grid.scale;
}

/// Calls body(offset, grid) for every run of `inner` elements of one channel.
template <class Body>
void forChannels(const ChannelLayout& layout, const ChannelGrids& grids, Body body)
{
    for (std::size_t o = 0; o < layout.outer; ++o)
        for (std::size_t c = 0; c < layout.channels; ++c)
            body((o * layout.channels + c) * layout.inner, gridOf(grids, c));
}

} // namespace

float code(float x, const QuantGrid& grid)
{
    return clamped(unclamped(x, grid), grid);
}

void fakeQuantize(std::span<const float> x, const QuantGrid& grid, std::span<float> y)
{
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = fake(x[i], grid);
}

void fakeQuantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y)
{
    forChannels(layout, grids, [&](std::size_t at, const QuantGrid& grid) {
        reference::fakeQuantize({x + at, layout.inner}, grid, {y + at, layout.inner});
    });
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* codes)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { quantizeAll(layout.inner, x + at, g, codes + at); });
}
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* codes)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { quantizeAll(layout.inner, x + at, g, codes + at); });
}
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* codes)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { quantizeAll(layout.inner, x + at, g, codes + at); });
}
void dequantizeChannels(const ChannelLayout& layout, const int8_t* codes, const ChannelGrids& grids, float* y)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { dequantizeAll(layout.inner, codes + at, g, y + at); });
}
void dequantizeChannels(const ChannelLayout& layout, const uint8_t* codes, const ChannelGrids& grids, float* y)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { dequantizeAll(layout.inner, codes + at, g, y + at); });
}
void dequantizeChannels(const ChannelLayout& layout, const int32_t* codes, const ChannelGrids& grids, float* y)
{
    forChannels(layout, grids,
                [&](std::size_t at, const QuantGrid& g) { dequantizeAll(layout.inner, codes + at, g, y + at); });
}

ErrorSums quantizationError(std::span<const float> x, const QuantGrid& grid)
{
    const float lo = static_cast<float>(grid.qmin);
    const float hi = static_cast<float>(grid.qmax);
    Lanes errors{};
    Lanes signals{};
    ErrorSums sums;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float t = unclamped(x[i], grid);
        sums.clipped += !(t >= lo && t <= hi);
        const double e = x[i] - fake(x[i], grid);
        errors[i % kLanes] += e * e;
        signals[i % kLanes] += static_cast<double>(x[i]) * x[i];
    }
    sums.squaredError = addLanes(errors);
    sums.squaredSignal = addLanes(signals);
    return sums;
}

ErrorSums differenceSums(std::span<const float> a, std::span<const float> b)
{
    Lanes errors{};
    Lanes signals{};
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double e = a[i] - b[i];
        errors[i % kLanes] += e * e;
        signals[i % kLanes] += static_cast<double>(a[i]) * a[i];
    }
    return {addLanes(errors), addLanes(signals), 0};
}

} // namespace qs::kernels::reference
