#pragma once

#include <cstddef>
#include <cstdint>

namespace qs::kernels {

struct IntegerKernel;

/// One panel [k, width] of B in the layout of `kernel`, zeros below row k and beyond column `columns`. `flip`: every
/// byte is read with its highest bit turned over (unsigned codes, 128 less).
void packIntegerPanel(const IntegerKernel& kernel, const uint8_t* b, std::size_t k, std::size_t columns,
                      std::size_t rowStride, std::size_t columnStride, bool flip, std::byte* panel);

/// Rows of A as the kernel wants them: [rows, padded] bytes, or s16 where `kernel.wide`; zeros beyond column k.
void packIntegerRows(const IntegerKernel& kernel, const uint8_t* a, std::size_t stride, bool isSigned,
                     std::size_t rows, std::size_t k, std::size_t padded, std::byte* dst);

} // namespace qs::kernels
