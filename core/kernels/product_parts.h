#pragma once

#include "core/base/thread_pool.h"
#include "core/kernels/gemm.h"

#include <algorithm>
#include <cstddef>

namespace qs::kernels {

/// A product of [m, k] and panels of columns, as far as sharing it out goes.
struct ProductSize {
    std::size_t m = 0;
    std::size_t rowBytes = 0; ///< of a row of A
    std::size_t panels = 0;
    std::size_t tileRows = 1; ///< rows that a target works on at once
    std::size_t parts = 1;    ///< most pieces that are worth a thread's waking
};

/// body(range) for parts that cover the product, on the pool. Every thread has its rows, the same ones in one product
/// after the other; what the threads can take from each other at the end are panels.
template <class Body>
void forProductParts(ThreadPool* pool, const ProductSize& size, const Body& body)
{
    // What a thread reads of A between two rounds over B stays in its L2.
    constexpr std::size_t kRowBytes = 256 << 10;
    const std::size_t threads = pool ? static_cast<std::size_t>(pool->size()) : 1;
    const std::size_t parts = std::min(8 * threads, size.parts);
    if (threads == 1 || parts <= 1)
        return body(GemmRange{0, size.m, 0, size.panels});
    const std::size_t tiles = (size.m + size.tileRows - 1) / size.tileRows;
    const std::size_t blocks = (size.m * size.rowBytes / threads + kRowBytes - 1) / kRowBytes;
    const std::size_t rowParts = std::max<std::size_t>(1, std::min({tiles, parts, threads * blocks}));
    const std::size_t panelParts = std::min(size.panels, (parts + rowParts - 1) / rowParts);
    pool->parallelForNear(rowParts * panelParts, [&](std::size_t part, int) {
        const std::size_t r = part / panelParts;
        const std::size_t p = part % panelParts;
        body(GemmRange{std::min(size.m, tiles * r / rowParts * size.tileRows),
                       std::min(size.m, tiles * (r + 1) / rowParts * size.tileRows), size.panels * p / panelParts,
                       size.panels * (p + 1) / panelParts});
    });
}

} // namespace qs::kernels
