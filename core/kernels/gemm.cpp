#include "core/kernels/gemm.h"
#include "core/kernels/elementwise.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace qs::kernels {

namespace {
constexpr std::size_t kWidth = 16;
}

std::size_t packedSize(std::size_t k, std::size_t n)
{
    return (n + kWidth - 1) / kWidth * kWidth * k;
}

PackedView packMatrixInto(float* buffer, const float* b, std::size_t k, std::size_t n, std::size_t rowStride,
                          std::size_t columnStride)
{
    const PackedView view{buffer, k, n, kWidth};
    for (std::size_t p = 0; p < view.panels(); ++p)
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < kWidth; ++j) {
                const std::size_t column = p * kWidth + j;
                *buffer++ = column < n ? b[i * rowStride + column * columnStride] : 0.0f;
            }
    return view;
}

PackedMatrix packMatrix(const float* b, std::size_t k, std::size_t n, std::size_t rowStride, std::size_t columnStride)
{
    constexpr std::align_val_t kAlignment{64};
    auto* storage = static_cast<float*>(::operator new[](packedSize(k, n) * sizeof(float) + 64, kAlignment));
    PackedMatrix packed;
    packed.m_storage = {storage, [](const float* p) { ::operator delete[](const_cast<float*>(p), kAlignment); }};
    packed.m_view = packMatrixInto(storage, b, k, n, rowStride, columnStride);
    return packed;
}

void gemm(const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c, std::size_t cStride,
          const Epilogue& epilogue)
{
    gemmPart(a, aStride, b, c, cStride, epilogue, {0, m, 0, b.panels()});
}

void gemmPart(const float* a, std::size_t aStride, const PackedView& b, float* c, std::size_t cStride,
              const Epilogue& epilogue, const GemmRange& range)
{
    for (std::size_t p = range.panelBegin; p < range.panelEnd; ++p) {
        const float* panel = b.data + p * b.k * b.panelWidth;
        const std::size_t width = std::min(b.panelWidth, b.n - p * b.panelWidth);
        const std::size_t column = p * b.panelWidth;
        Epilogue part = epilogue;
        if (part.bias)
            part.bias += column;
        if (part.residual)
            part.residual += range.rowBegin * part.residualStride + column;
        reference::gemm(a + range.rowBegin * aStride, aStride, range.rowEnd - range.rowBegin, panel, b.k, width,
                        b.panelWidth, 1, c + range.rowBegin * cStride + column, cStride, part);
    }
}

void gemmParallel(ThreadPool* pool, const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c,
                  std::size_t cStride, const Epilogue& epilogue)
{
    if (!pool || pool->size() == 1)
        return gemm(a, aStride, m, b, c, cStride, epilogue);
    pool->parallelFor(b.panels(), [&](std::size_t p, int) {
        gemmPart(a, aStride, b, c, cStride, epilogue, {0, m, p, p + 1});
    });
}

} // namespace qs::kernels
