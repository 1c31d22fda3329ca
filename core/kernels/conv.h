#pragma once

#include "core/kernels/activation.h"

#include <cstddef>
#include <cstdint>

namespace qs::kernels {

/// Geometry of a 2-D convolution window over one [height, width] plane (ONNX Conv attributes, pads begin/end).
struct ConvWindow {
    std::size_t height = 0, width = 0; ///< of the input
    std::size_t kernelHeight = 1, kernelWidth = 1;
    std::size_t strideHeight = 1, strideWidth = 1;
    std::size_t dilationHeight = 1, dilationWidth = 1;
    std::size_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;

    std::size_t outHeight() const
    {
        return outSize(height + padTop + padBottom, kernelHeight, strideHeight, dilationHeight);
    }
    std::size_t outWidth() const
    {
        return outSize(width + padLeft + padRight, kernelWidth, strideWidth, dilationWidth);
    }

private:
    static std::size_t outSize(std::size_t padded, std::size_t kernel, std::size_t stride, std::size_t dilation)
    {
        const std::size_t reach = dilation * (kernel - 1) + 1;
        return padded < reach ? 0 : (padded - reach) / stride + 1;
    }
};

/// Depthwise convolution of channels [first, last): each channel has its own [kh, kw] filter.
///   y[c, oy, ox] = activation(bias[c] + sum over (ky, kx) in order of x[c, iy, ix] * w[c, ky, kx])
/// x [channels, height, width], w [channels, kh, kw], bias [channels] or null, y [channels, outHeight, outWidth].
/// One FMA chain per result, starting from bias, the zeros of the padding included: bit-equal to the reference where
/// FMA exists. y must not overlap x. Any channel range may be computed on any thread. Allocates one padded plane.
void depthwiseConv(const ConvWindow& window, std::size_t first, std::size_t last, const float* x, const float* w,
                   const float* bias, Activation activation, float* y);

/// Rows of patches for output rows [rowFirst, rowLast) of a convolution over x [channels, height, width]:
///   patches[(oy - rowFirst) * outWidth + ox][(c * kh + ky) * kw + kx], zeros in the padding, rows `stride` apart.
/// A convolution is then patches [outH*outW, c*kh*kw] times the transposed weights (channels last), or, with the
/// patches packed as B (transposed), weights times patches, which gives [outChannels, outH*outW] directly.
void im2col(const ConvWindow& window, std::size_t channels, const float* x, std::size_t rowFirst, std::size_t rowLast,
            float* patches, std::size_t stride);
/// The same of codes, the zero point in the padding.
void im2colCodes(const ConvWindow& window, std::size_t channels, const uint8_t* x, std::size_t rowFirst,
                 std::size_t rowLast, uint8_t zeroPoint, uint8_t* patches, std::size_t stride);

namespace reference {
void depthwiseConv(const ConvWindow& window, std::size_t first, std::size_t last, const float* x, const float* w,
                   const float* bias, Activation activation, float* y);
} // namespace reference

} // namespace qs::kernels
