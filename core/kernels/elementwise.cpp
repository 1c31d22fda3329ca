#include "core/kernels/elementwise.h"

namespace qs::kernels {

void unary(UnaryOp op, std::span<const float> x, std::span<float> y, float p, float q)
{
    reference::unary(op, x, y, p, q);
}

void activate(Activation activation, std::span<const float> x, std::span<float> y)
{
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = reference::activate(activation, x[i]);
}

void binary(BinaryOp op, Broadcast broadcast, std::size_t rows, std::size_t cols, const float* a, const float* b,
            float* y, bool swapped)
{
    reference::binary(op, broadcast, rows, cols, a, b, y, swapped);
}

} // namespace qs::kernels
