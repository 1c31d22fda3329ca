// Depthwise convolution: the plane is copied once with its padding, split into the phases of the horizontal stride,
// so that every tap of a vector of neighbouring results is one contiguous load.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/conv.cpp"

#include "core/kernels/conv.h"

#include <algorithm>
#include <vector>

#include <hwy/foreach_target.h>

#include "core/kernels/math_inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kVector = hn::MaxLanes(D());
constexpr std::size_t kTileRows = 4;

/// A padded plane: row y, phase p, element j holds the padded input at (y, j * strideWidth + p).
struct Plane {
    std::vector<float> values;
    std::size_t phaseWidth; ///< with room for a vector that starts at the last result
    std::size_t rowWidth;   ///< of all phases

    explicit Plane(const ConvWindow& w)
    {
        const std::size_t reach = w.dilationWidth * (w.kernelWidth - 1) / w.strideWidth + 1;
        phaseWidth = w.outWidth() + reach + kVector;
        rowWidth = phaseWidth * w.strideWidth;
        const std::size_t rows = w.height + w.padTop + w.padBottom;
        values.assign(rows * rowWidth, 0.0f);
    }

    /// Copies one channel; the padding stays zero.
    void fill(const ConvWindow& w, const float* x)
    {
        const std::size_t room = phaseWidth * w.strideWidth;
        for (std::size_t y = 0; y < w.height; ++y, x += w.width) {
            float* row = values.data() + (y + w.padTop) * rowWidth;
            const std::size_t width = room > w.padLeft ? std::min(w.width, room - w.padLeft) : 0;
            if (w.strideWidth == 1) {
                std::copy_n(x, width, row + w.padLeft);
                continue;
            }
            std::size_t phase = w.padLeft % w.strideWidth;
            std::size_t j = w.padLeft / w.strideWidth;
            for (std::size_t i = 0; i < width; ++i) {
                row[phase * phaseWidth + j] = x[i];
                if (++phase == w.strideWidth) {
                    phase = 0;
                    ++j;
                }
            }
        }
    }
};

/// kRows x kVector results from (oy, ox) on; `offsets` leads from the first tap of a result to the others.
template <std::size_t kRows>
HWY_INLINE void tile(const float* first, std::size_t rowStep, const float* w, const std::size_t* offsets,
                     std::size_t taps, float bias, float* y, std::size_t yStep, std::size_t width)
{
    const D d;
    V sums[kRows];
#pragma GCC unroll 8
    for (V& sum : sums)
        sum = hn::Set(d, bias);
    for (std::size_t t = 0; t < taps; ++t) {
        const V weight = hn::Set(d, w[t]);
        const float* src = first + offsets[t];
#pragma GCC unroll 8
        for (std::size_t r = 0; r < kRows; ++r)
            sums[r] = hn::MulAdd(hn::LoadU(d, src + r * rowStep), weight, sums[r]);
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
        if (width == kVector) {
            hn::StoreU(sums[r], d, y + r * yStep);
            continue;
        }
        alignas(64) float rest[kVector];
        hn::Store(sums[r], d, rest);
        std::copy_n(rest, width, y + r * yStep);
    }
}

void depthwise(const ConvWindow& window, std::size_t firstChannel, std::size_t lastChannel, const float* x,
               const float* w, const float* bias, Activation activation, float* y)
{
    const D d;
    const std::size_t outHeight = window.outHeight();
    const std::size_t outWidth = window.outWidth();
    const std::size_t taps = window.kernelHeight * window.kernelWidth;
    Plane plane(window);
    std::vector<std::size_t> offsets;
    for (std::size_t ky = 0; ky < window.kernelHeight; ++ky)
        for (std::size_t kx = 0; kx < window.kernelWidth; ++kx) {
            const std::size_t column = kx * window.dilationWidth;
            offsets.push_back(ky * window.dilationHeight * plane.rowWidth +
                              column % window.strideWidth * plane.phaseWidth + column / window.strideWidth);
        }
    const std::size_t rowStep = window.strideHeight * plane.rowWidth;
    for (std::size_t c = firstChannel; c < lastChannel; ++c) {
        plane.fill(window, x + c * window.height * window.width);
        const float* filter = w + c * taps;
        const float start = bias ? bias[c] : 0.0f;
        float* out = y + c * outHeight * outWidth;
        for (std::size_t oy = 0; oy < outHeight;) {
            const std::size_t rows = outHeight - oy >= kTileRows ? kTileRows : 1;
            for (std::size_t ox = 0; ox < outWidth; ox += kVector) {
                const float* src = plane.values.data() + oy * rowStep + ox;
                float* dst = out + oy * outWidth + ox;
                const std::size_t width = std::min(kVector, outWidth - ox);
                if (rows == kTileRows)
                    tile<kTileRows>(src, rowStep, filter, offsets.data(), taps, start, dst, outWidth, width);
                else
                    tile<1>(src, rowStep, filter, offsets.data(), taps, start, dst, outWidth, width);
            }
            oy += rows;
        }
        if (activation == Activation::None)
            continue;
        const std::size_t count = outHeight * outWidth;
        withActivation(d, activation, [&](auto f) HWY_ATTR {
            std::size_t i = 0;
            for (; i + kVector <= count; i += kVector)
                hn::StoreU(f(hn::LoadU(d, out + i)), d, out + i);
            alignas(64) float rest[kVector] = {};
            std::copy(out + i, out + count, rest);
            hn::Store(f(hn::Load(d, rest)), d, rest);
            std::copy_n(rest, count - i, out + i);
        });
    }
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

namespace {

HWY_EXPORT(depthwise);

template <class T>
void patchRows(const ConvWindow& window, std::size_t channels, const T* x, std::size_t rowFirst, std::size_t rowLast,
               T padding, T* patches, std::size_t stride)
{
    const std::size_t outWidth = window.outWidth();
    const std::size_t kernelWidth = window.kernelWidth;
    for (std::size_t oy = rowFirst; oy < rowLast; ++oy)
        for (std::size_t ox = 0; ox < outWidth; ++ox, patches += stride) {
            T* dst = patches;
            // Positions left of or above the image wrap to huge values: one comparison tests both ends.
            const std::size_t left = ox * window.strideWidth - window.padLeft;
            const bool inside =
                window.dilationWidth == 1 && left < window.width && left + kernelWidth <= window.width;
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t ky = 0; ky < window.kernelHeight; ++ky, dst += kernelWidth) {
                    const std::size_t iy = oy * window.strideHeight + ky * window.dilationHeight - window.padTop;
                    if (iy >= window.height) {
                        std::fill_n(dst, kernelWidth, padding);
                        continue;
                    }
                    const T* row = x + (c * window.height + iy) * window.width;
                    if (inside) {
                        std::copy_n(row + left, kernelWidth, dst);
                        continue;
                    }
                    for (std::size_t kx = 0; kx < kernelWidth; ++kx) {
                        const std::size_t ix = left + kx * window.dilationWidth;
                        dst[kx] = ix < window.width ? row[ix] : padding;
                    }
                }
        }
}

} // namespace

void depthwiseConv(const ConvWindow& window, std::size_t first, std::size_t last, const float* x, const float* w,
                   const float* bias, Activation activation, float* y)
{
    if (first < last && window.outHeight() > 0 && window.outWidth() > 0)
        HWY_DYNAMIC_DISPATCH(depthwise)(window, first, last, x, w, bias, activation, y);
}

void im2col(const ConvWindow& window, std::size_t channels, const float* x, std::size_t rowFirst, std::size_t rowLast,
            float* patches, std::size_t stride)
{
    patchRows(window, channels, x, rowFirst, rowLast, 0.0f, patches, stride);
}

void im2colCodes(const ConvWindow& window, std::size_t channels, const uint8_t* x, std::size_t rowFirst,
                 std::size_t rowLast, uint8_t zeroPoint, uint8_t* patches, std::size_t stride)
{
    patchRows(window, channels, x, rowFirst, rowLast, zeroPoint, patches, stride);
}

} // namespace qs::kernels

#endif
