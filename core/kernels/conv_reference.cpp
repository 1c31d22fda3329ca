#include "core/kernels/conv.h"
#include "core/kernels/elementwise.h"

#include <cmath>

namespace qs::kernels::reference {

void depthwiseConv(const ConvWindow& window, std::size_t first, std::size_t last, const float* x, const float* w,
                   const float* bias, Activation activation, float* y)
{
    const std::size_t outHeight = window.outHeight();
    const std::size_t outWidth = window.outWidth();
    for (std::size_t c = first; c < last; ++c)
        for (std::size_t oy = 0; oy < outHeight; ++oy)
            for (std::size_t ox = 0; ox < outWidth; ++ox) {
                float sum = bias ? bias[c] : 0.0f;
                for (std::size_t ky = 0; ky < window.kernelHeight; ++ky)
                    for (std::size_t kx = 0; kx < window.kernelWidth; ++kx) {
                        // Below zero wraps to a huge value, so one comparison tests both ends.
                        const std::size_t iy = oy * window.strideHeight + ky * window.dilationHeight - window.padTop;
                        const std::size_t ix = ox * window.strideWidth + kx * window.dilationWidth - window.padLeft;
                        const bool inside = iy < window.height && ix < window.width;
                        sum = std::fma(inside ? x[(c * window.height + iy) * window.width + ix] : 0.0f,
                                       w[(c * window.kernelHeight + ky) * window.kernelWidth + kx], sum);
                    }
                y[(c * outHeight + oy) * outWidth + ox] = activate(activation, sum);
            }
}

} // namespace qs::kernels::reference
