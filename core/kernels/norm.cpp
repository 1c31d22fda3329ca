#include "core/kernels/norm.h"

namespace qs::kernels {

void layerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
               float epsilon, float* y)
{
    reference::layerNorm(rows, cols, x, gamma, beta, epsilon, y);
}

void normalizeRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y)
{
    reference::normalizeRow(cols, x, scale, shift, epsilon, y);
}

void softmax(std::size_t rows, std::size_t cols, const float* x, float scale, float* y)
{
    reference::softmax(rows, cols, x, scale, y);
}

} // namespace qs::kernels
