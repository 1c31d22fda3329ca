#pragma once

#include "core/base/thread_pool.h"
#include "core/kernels/activation.h"

#include <cstddef>
#include <memory>

namespace qs::kernels {

/// A matrix B [k, n] cut into panels of `panelWidth` columns; panel p holds columns [p w, (p + 1) w) row by row, the
/// missing columns of the last one as zeros. Does not own its memory. Valid for the target that packed it.
struct PackedView {
    const float* data = nullptr; ///< [panels, k, panelWidth], 64-byte aligned
    std::size_t k = 0;
    std::size_t n = 0;
    std::size_t panelWidth = 1;

    std::size_t panels() const { return (n + panelWidth - 1) / panelWidth; }
};

/// A packed matrix that owns its memory (shared between copies, immutable): weights are packed once and kept.
class PackedMatrix {
public:
    PackedMatrix() = default;
    bool empty() const { return !m_storage; }
    std::size_t k() const { return m_view.k; }
    std::size_t n() const { return m_view.n; }
    const PackedView& view() const { return m_view; }

private:
    friend PackedMatrix packMatrix(const float*, std::size_t, std::size_t, std::size_t, std::size_t);
    std::shared_ptr<const float[]> m_storage;
    PackedView m_view;
};

/// Packs B [k, n] with B(i, j) = b[i * rowStride + j * columnStride]: a row-major [k, n] has strides (n, 1), the
/// transpose of a row-major [n, k] has strides (1, k).
PackedMatrix packMatrix(const float* b, std::size_t k, std::size_t n, std::size_t rowStride,
                        std::size_t columnStride);

/// Floats that packMatrixInto needs for a [k, n] matrix (a multiple of 16).
std::size_t packedSize(std::size_t k, std::size_t n);

/// Packs into `buffer` (packedSize(k, n) floats, 64-byte aligned): for K^T and V, which change with every image.
PackedView packMatrixInto(float* buffer, const float* b, std::size_t k, std::size_t n, std::size_t rowStride,
                          std::size_t columnStride);

/// What happens to a result before it is stored:  C = activation(alpha * (A B) + bias) + residual.
struct Epilogue {
    float alpha = 1;
    const float* bias = nullptr; ///< [n], one value a column
    Activation activation = Activation::None;
    const float* residual = nullptr; ///< [m, n] with rows `residualStride` apart; may be C itself
    std::size_t residualStride = 0;
};

/// A part of C: rows [rowBegin, rowEnd) and the columns of panels [panelBegin, panelEnd).
struct GemmRange {
    std::size_t rowBegin = 0;
    std::size_t rowEnd = 0;
    std::size_t panelBegin = 0;
    std::size_t panelEnd = 0;
};

/// C [m, n] = epilogue(A [m, k] * B). Rows of A and C lie `aStride` and `cStride` floats apart (elements of a row are
/// adjacent). C must not overlap A. Nothing outside the m x n results is written.
/// Each result is one chain of fused multiply-adds over k in order, whatever the tiling: results do not depend on
/// threads or ranges, and are bit-equal to reference::gemm on every target with FMA (others: see targetHasFma(); the
/// difference is then at most k * 2^-23 * sum |a b| per result, before the activation). k = 0 gives the epilogue of
/// 0.
void gemm(const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c, std::size_t cStride,
          const Epilogue& epilogue = {});

/// The same for a part of C; parts may be computed by different threads. Pointers are those of the whole matrices.
void gemmPart(const float* a, std::size_t aStride, const PackedView& b, float* c, std::size_t cStride,
              const Epilogue& epilogue, const GemmRange& range);

/// The same on a pool (null: the calling thread), split by rows and panels so that every thread has work.
void gemmParallel(ThreadPool* pool, const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c,
                  std::size_t cStride, const Epilogue& epilogue = {});

namespace reference {
/// The definition, on an unpacked B: std::fma over k in order, then fma(sum, alpha, bias), activation, + residual.
void gemm(const float* a, std::size_t aStride, std::size_t m, const float* b, std::size_t k, std::size_t n,
          std::size_t rowStride, std::size_t columnStride, float* c, std::size_t cStride, const Epilogue& epilogue);
} // namespace reference

} // namespace qs::kernels
