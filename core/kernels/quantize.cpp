#include "core/kernels/quantize.h"

namespace qs::kernels {

namespace {

ChannelGrids asChannel(const QuantGrid& grid)
{
    return {{&grid.scale, 1}, {&grid.zeroPoint, 1}, grid.qmin, grid.qmax};
}

} // namespace

void fakeQuantize(std::span<const float> x, const QuantGrid& grid, std::span<float> y)
{
    reference::fakeQuantize(x, grid, y);
}

void fakeQuantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y)
{
    reference::fakeQuantizeChannels(layout, x, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int8_t> codes)
{
    quantizeChannels({1, 1, x.size()}, x.data(), asChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* codes)
{
    reference::quantizeChannels(layout, x, grids, codes);
}

void dequantize(std::span<const int8_t> codes, const QuantGrid& grid, std::span<float> y)
{
    dequantizeChannels({1, 1, codes.size()}, codes.data(), asChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const int8_t* codes, const ChannelGrids& grids, float* y)
{
    reference::dequantizeChannels(layout, codes, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<uint8_t> codes)
{
    quantizeChannels({1, 1, x.size()}, x.data(), asChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* codes)
{
    reference::quantizeChannels(layout, x, grids, codes);
}

void dequantize(std::span<const uint8_t> codes, const QuantGrid& grid, std::span<float> y)
{
    dequantizeChannels({1, 1, codes.size()}, codes.data(), asChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const uint8_t* codes, const ChannelGrids& grids, float* y)
{
    reference::dequantizeChannels(layout, codes, grids, y);
}

void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int32_t> codes)
{
    quantizeChannels({1, 1, x.size()}, x.data(), asChannel(grid), codes.data());
}

void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* codes)
{
    reference::quantizeChannels(layout, x, grids, codes);
}

void dequantize(std::span<const int32_t> codes, const QuantGrid& grid, std::span<float> y)
{
    dequantizeChannels({1, 1, codes.size()}, codes.data(), asChannel(grid), y.data());
}

void dequantizeChannels(const ChannelLayout& layout, const int32_t* codes, const ChannelGrids& grids, float* y)
{
    reference::dequantizeChannels(layout, codes, grids, y);
}

ErrorSums quantizationError(std::span<const float> x, const QuantGrid& grid)
{
    return reference::quantizationError(x, grid);
}

void quantizationErrors(std::span<const float> x, std::span<const QuantGrid> grids, std::span<ErrorSums> errors)
{
    for (std::size_t g = 0; g < grids.size(); ++g)
        errors[g] = quantizationError(x, grids[g]);
}

ErrorSums differenceSums(std::span<const float> a, std::span<const float> b)
{
    return reference::differenceSums(a, b);
}

} // namespace qs::kernels
