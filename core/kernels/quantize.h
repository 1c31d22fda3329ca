#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qs::kernels {

/// A uniform grid: codes qmin..qmax, value = (code - zeroPoint) * scale.
struct QuantGrid {
    float scale = 1; ///< > 0, finite
    int32_t zeroPoint = 0;
    int32_t qmin = -128; ///< |qmin|, |qmax|, |zeroPoint| <= 2^23
    int32_t qmax = 127;
};

/// Grids of the channels of [outer, channels, inner]; one scale and zero point each.
struct ChannelGrids {
    std::span<const float> scales;       ///< [channels]
    std::span<const int32_t> zeroPoints; ///< [channels], or empty: all 0
    int32_t qmin = -128;
    int32_t qmax = 127;
};

/// Shape of a tensor seen from its channel axis: axis 0 of [o, i, kh, kw] is {1, o, i*kh*kw}; the last axis of
/// [b, t, c] is {b*t, c, 1}.
struct ChannelLayout {
    std::size_t outer = 1;
    std::size_t channels = 1;
    std::size_t inner = 1;
    std::size_t elements() const { return outer * channels * inner; }
};

// All of these are bit-equal to the reference on every target: they decide codes.
//   code(x) = clamp(rne(x / scale) + zeroPoint, qmin, qmax), a true division, half to even, in float.
// NaN gives qmin (like ONNX Runtime's x86 kernels), infinities the ends. Source: ONNX QuantizeLinear, opset 13.

/// Fake quantization y = (code(x) - zeroPoint) * scale. y may be x.
void fakeQuantize(std::span<const float> x, const QuantGrid& grid, std::span<float> y);
void fakeQuantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y);

/// Codes. The code range must fit the type.
void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int8_t> codes);
void quantize(std::span<const float> x, const QuantGrid& grid, std::span<uint8_t> codes);
void quantize(std::span<const float> x, const QuantGrid& grid, std::span<int32_t> codes);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* codes);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* codes);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* codes);

/// y = (code - zeroPoint) * scale.
void dequantize(std::span<const int8_t> codes, const QuantGrid& grid, std::span<float> y);
void dequantize(std::span<const uint8_t> codes, const QuantGrid& grid, std::span<float> y);
void dequantize(std::span<const int32_t> codes, const QuantGrid& grid, std::span<float> y);
void dequantizeChannels(const ChannelLayout& layout, const int8_t* codes, const ChannelGrids& grids, float* y);
void dequantizeChannels(const ChannelLayout& layout, const uint8_t* codes, const ChannelGrids& grids, float* y);
void dequantizeChannels(const ChannelLayout& layout, const int32_t* codes, const ChannelGrids& grids, float* y);

/// What quantization costs: sums over elements, in double, in 16 fixed lanes (element i in lane i mod 16) that are
/// added pairwise at the end. SQNR = 10 log10(squaredSignal / squaredError).
struct ErrorSums {
    double squaredError = 0;  ///< sum (x - Q(x))^2, the difference rounded to float
    double squaredSignal = 0; ///< sum x^2
    uint64_t clipped = 0;     ///< elements whose code was outside [qmin, qmax] before clamping (and NaNs)
};

/// Error of one grid; of several, in one pass over memory (errors.size() == grids.size()).
ErrorSums quantizationError(std::span<const float> x, const QuantGrid& grid);
void quantizationErrors(std::span<const float> x, std::span<const QuantGrid> grids, std::span<ErrorSums> errors);

/// sum (a - b)^2 and sum a^2 (`clipped` stays 0), same lanes: the SQNR of any two results.
ErrorSums differenceSums(std::span<const float> a, std::span<const float> b);

namespace reference {
float code(float x, const QuantGrid& grid);
void fakeQuantize(std::span<const float> x, const QuantGrid& grid, std::span<float> y);
void fakeQuantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, float* y);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int8_t* codes);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, uint8_t* codes);
void quantizeChannels(const ChannelLayout& layout, const float* x, const ChannelGrids& grids, int32_t* codes);
void dequantizeChannels(const ChannelLayout& layout, const int8_t* codes, const ChannelGrids& grids, float* y);
void dequantizeChannels(const ChannelLayout& layout, const uint8_t* codes, const ChannelGrids& grids, float* y);
void dequantizeChannels(const ChannelLayout& layout, const int32_t* codes, const ChannelGrids& grids, float* y);
ErrorSums quantizationError(std::span<const float> x, const QuantGrid& grid);
ErrorSums differenceSums(std::span<const float> a, std::span<const float> b);
} // namespace reference

} // namespace qs::kernels
