#include "core/kernels/conv.h"

#include <algorithm>

namespace qs::kernels {

void depthwiseConv(const ConvWindow& window, std::size_t first, std::size_t last, const float* x, const float* w,
                   const float* bias, Activation activation, float* y)
{
    reference::depthwiseConv(window, first, last, x, w, bias, activation, y);
}

void im2col(const ConvWindow& window, std::size_t channels, const float* x, std::size_t rowFirst, std::size_t rowLast,
            float* patches, std::size_t stride)
{
    const std::size_t outWidth = window.outWidth();
    const std::size_t kernelWidth = window.kernelWidth;
    for (std::size_t oy = rowFirst; oy < rowLast; ++oy)
        for (std::size_t ox = 0; ox < outWidth; ++ox, patches += stride) {
            float* dst = patches;
            // Positions left of or above the image wrap to huge values: one comparison tests both ends.
            const std::size_t left = ox * window.strideWidth - window.padLeft;
            const bool inside =
                window.dilationWidth == 1 && left < window.width && left + kernelWidth <= window.width;
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t ky = 0; ky < window.kernelHeight; ++ky, dst += kernelWidth) {
                    const std::size_t iy = oy * window.strideHeight + ky * window.dilationHeight - window.padTop;
                    if (iy >= window.height) {
                        std::fill_n(dst, kernelWidth, 0.0f);
                        continue;
                    }
                    const float* row = x + (c * window.height + iy) * window.width;
                    if (inside) {
                        std::copy_n(row + left, kernelWidth, dst);
                        continue;
                    }
                    for (std::size_t kx = 0; kx < kernelWidth; ++kx) {
                        const std::size_t ix = left + kx * window.dilationWidth;
                        dst[kx] = ix < window.width ? row[ix] : 0.0f;
                    }
                }
        }
}

} // namespace qs::kernels
