#pragma once

#include "core/kernels/integer_gemm.h"

#include <cstddef>
#include <cstdint>

namespace qs::kernels {

/// Sums of one tile, and where it lies in the result.
struct IntegerTile {
    const int32_t* sums = nullptr; ///< [rows, width], 64-byte aligned
    std::size_t width = 0;         ///< a multiple of 16
    std::size_t rows = 0;
    std::size_t columns = 0; ///< of the result, at most `width`
    std::size_t row = 0;
    std::size_t column = 0;
};

/// Applies the epilogue to a tile and stores it.
void finishIntegerTile(const IntegerTile& tile, const IntegerEpilogue& epilogue, const IntegerResult& result);

} // namespace qs::kernels
