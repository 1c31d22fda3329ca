#pragma once

#include "core/exec/op.h"

#include <cstdint>

namespace qs::exec {

/// C[..., i, j] = sum over l of A[..., i, l] B[..., l, j] as a batch of plain products. Strides in elements.
struct MatMulPlan {
    int64_t batches = 1;
    Shape batch;  ///< broadcast leading dimensions
    Shape aBatch; ///< strides over `batch`; 0 where broadcast
    Shape bBatch;
    int64_t m = 1, k = 1, n = 1;
    int64_t aRow = 0, aColumn = 0;
    int64_t bRow = 0, bColumn = 0;

    /// Offset of batch number i in an array with these strides.
    int64_t offset(int64_t i, const Shape& strides) const;
};
/// Errors: ShapeMismatch.
Result<MatMulPlan> planMatMul(const Shape& a, const Shape& aStrides, const Shape& b, const Shape& bStrides);

/// 64-byte aligned start of a scratch span (which is asked for with 64 bytes to spare).
std::byte* alignScratch(std::span<std::byte> scratch);

} // namespace qs::exec
