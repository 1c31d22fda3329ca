#include "core/kernels/elementwise.h"
#include "core/kernels/gemm.h"

#include <cmath>

namespace qs::kernels::reference {

void gemm(const float* a, std::size_t aStride, std::size_t m, const float* b, std::size_t k, std::size_t n,
          std::size_t rowStride, std::size_t columnStride, float* c, std::size_t cStride, const Epilogue& epilogue)
{
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            float sum = 0;
            for (std::size_t x = 0; x < k; ++x)
                sum = std::fma(a[i * aStride + x], b[x * rowStride + j * columnStride], sum);
            float v = std::fma(sum, epilogue.alpha, epilogue.bias ? epilogue.bias[j] : 0.0f);
            v = activate(epilogue.activation, v);
            if (epilogue.residual)
                v += epilogue.residual[i * epilogue.residualStride + j];
            c[i * cStride + j] = v;
        }
}

} // namespace qs::kernels::reference
