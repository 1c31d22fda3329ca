// C = activation(alpha A B + bias) + residual, B packed in panels of two vectors.
// A tile of kRows x 2 vectors stays in registers for the whole of k; results that need an activation or lie in the
// last, partly filled panel go through a buffer in L1.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/gemm.cpp"

#include "core/kernels/gemm.h"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>

#include "core/kernels/math_inl.h"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kVector = hn::MaxLanes(D());
constexpr std::size_t kWidth = 2 * kVector;

// Accumulators fill the registers: 32 of them (AVX-512), 16 with a memory operand for B (AVX2), 16 where a product
// needs a register of its own.
#if HWY_TARGET <= HWY_AVX3
constexpr int kRows = 14;
#elif HWY_TARGET <= HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif

// Rows of A that are worked on against all panels before the next rows: they stay in half of a 512 KiB L2.
constexpr std::size_t kBlockBytes = 256 << 10;

std::size_t panelWidth()
{
    return kWidth;
}
std::size_t tileRows()
{
    return kRows;
}

/// One tile's place: where its results go and what is added to them.
struct Tile {
    float* c;
    std::size_t cStride;
    const float* bias;     ///< [kWidth] or null
    const float* residual; ///< or null
    std::size_t residualStride;
    float alpha;
};

template <int kTileRows>
HWY_NOINLINE void multiplyTile(const float* HWY_RESTRICT a, std::size_t aStride, const float* HWY_RESTRICT b,
                               std::size_t k, const Tile& tile)
{
    const D d;
    V sum0[kTileRows];
    V sum1[kTileRows];
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
        sum0[i] = hn::Zero(d);
        sum1[i] = hn::Zero(d);
    }
    for (std::size_t x = 0; x < k; ++x, b += kWidth) {
        const V b0 = hn::LoadU(d, b);
        const V b1 = hn::LoadU(d, b + kVector);
        hwy::Prefetch(b + 8 * kWidth);
#pragma GCC unroll 16
        for (int i = 0; i < kTileRows; ++i) {
            const V ai = hn::Set(d, a[static_cast<std::size_t>(i) * aStride + x]);
            sum0[i] = hn::MulAdd(ai, b0, sum0[i]);
            sum1[i] = hn::MulAdd(ai, b1, sum1[i]);
        }
    }
    const V alpha = hn::Set(d, tile.alpha);
    const V bias0 = tile.bias ? hn::LoadU(d, tile.bias) : hn::Zero(d);
    const V bias1 = tile.bias ? hn::LoadU(d, tile.bias + kVector) : hn::Zero(d);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
        sum0[i] = hn::MulAdd(sum0[i], alpha, bias0);
        sum1[i] = hn::MulAdd(sum1[i], alpha, bias1);
    }
    if (tile.residual) {
#pragma GCC unroll 16
        for (int i = 0; i < kTileRows; ++i) {
            const float* row = tile.residual + static_cast<std::size_t>(i) * tile.residualStride;
            sum0[i] = hn::Add(sum0[i], hn::LoadU(d, row));
            sum1[i] = hn::Add(sum1[i], hn::LoadU(d, row + kVector));
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
        float* row = tile.c + static_cast<std::size_t>(i) * tile.cStride;
        hn::StoreU(sum0[i], d, row);
        hn::StoreU(sum1[i], d, row + kVector);
    }
}

using MultiplyTile = void (*)(const float*, std::size_t, const float*, std::size_t, const Tile&);

MultiplyTile tileFunction(std::size_t rows)
{
    static_assert(kRows <= 14);
    constexpr MultiplyTile kFunctions[] = {
        multiplyTile<1>,
        multiplyTile<std::min(2, kRows)>,
        multiplyTile<std::min(3, kRows)>,
        multiplyTile<std::min(4, kRows)>,
        multiplyTile<std::min(5, kRows)>,
        multiplyTile<std::min(6, kRows)>,
        multiplyTile<std::min(7, kRows)>,
        multiplyTile<std::min(8, kRows)>,
        multiplyTile<std::min(9, kRows)>,
        multiplyTile<std::min(10, kRows)>,
        multiplyTile<std::min(11, kRows)>,
        multiplyTile<std::min(12, kRows)>,
        multiplyTile<std::min(13, kRows)>,
        multiplyTile<std::min(14, kRows)>,
    };
    return kFunctions[rows - 1];
}

/// Activates a buffered tile [rows, kWidth] and moves its first `width` columns to C, adding the residual.
HWY_NOINLINE void finishTile(float* buffer, std::size_t rows, std::size_t width, Activation activation, float* c,
                             std::size_t cStride, const float* residual, std::size_t residualStride)
{
    const D d;
    withActivation(d, activation, [&](auto f) HWY_ATTR {
        for (std::size_t i = 0; i < rows * kWidth; i += kVector)
            hn::Store(f(hn::Load(d, buffer + i)), d, buffer + i);
    });
    for (std::size_t i = 0; i < rows; ++i) {
        const float* src = buffer + i * kWidth;
        float* dst = c + i * cStride;
        if (width == kWidth) {
            V v0 = hn::Load(d, src);
            V v1 = hn::Load(d, src + kVector);
            if (residual) {
                v0 = hn::Add(v0, hn::LoadU(d, residual + i * residualStride));
                v1 = hn::Add(v1, hn::LoadU(d, residual + i * residualStride + kVector));
            }
            hn::StoreU(v0, d, dst);
            hn::StoreU(v1, d, dst + kVector);
            continue;
        }
        for (std::size_t j = 0; j < width; ++j)
            dst[j] = residual ? src[j] + residual[i * residualStride + j] : src[j];
    }
}

void gemmPanels(const float* a, std::size_t aStride, const PackedView& b, float* c, std::size_t cStride,
                const Epilogue& epilogue, const GemmRange& range)
{
    alignas(64) float buffer[kRows * kWidth];
    alignas(64) float edgeBias[kWidth] = {};
    const std::size_t blockRows =
        std::max<std::size_t>(1, kBlockBytes / (sizeof(float) * kRows * std::max<std::size_t>(1, b.k))) * kRows;
    for (std::size_t block = range.rowBegin; block < range.rowEnd; block += blockRows) {
        const std::size_t blockEnd = std::min(range.rowEnd, block + blockRows);
        for (std::size_t p = range.panelBegin; p < range.panelEnd; ++p) {
            const std::size_t column = p * kWidth;
            const std::size_t width = std::min(kWidth, b.n - column);
            const bool direct = width == kWidth && epilogue.activation == Activation::None;
            const float* panel = b.data + p * b.k * kWidth;
            const float* bias = epilogue.bias ? epilogue.bias + column : nullptr;
            if (bias && width < kWidth)
                bias = std::copy_n(bias, width, edgeBias) - width;
            for (std::size_t row = block; row < blockEnd; row += kRows) {
                const std::size_t rows = std::min<std::size_t>(kRows, blockEnd - row);
                float* dst = c + row * cStride + column;
                const float* residual =
                    epilogue.residual ? epilogue.residual + row * epilogue.residualStride + column : nullptr;
                const auto multiply = tileFunction(rows);
                if (direct) {
                    multiply(a + row * aStride, aStride, panel, b.k,
                             {dst, cStride, bias, residual, epilogue.residualStride, epilogue.alpha});
                    continue;
                }
                multiply(a + row * aStride, aStride, panel, b.k, {buffer, kWidth, bias, nullptr, 0, epilogue.alpha});
                finishTile(buffer, rows, width, epilogue.activation, dst, cStride, residual, epilogue.residualStride);
            }
        }
    }
}

#if HWY_TARGET != HWY_SCALAR
/// Four columns of B that are contiguous along k: 4 x 4 transposes.
void packTransposed(float* dst, const float* b, std::size_t k, std::size_t columnStride)
{
    const hn::FixedTag<float, 4> d;
    std::size_t i = 0;
    for (; i + 4 <= k; i += 4) {
        const auto r0 = hn::LoadU(d, b + i);
        const auto r1 = hn::LoadU(d, b + i + columnStride);
        const auto r2 = hn::LoadU(d, b + i + 2 * columnStride);
        const auto r3 = hn::LoadU(d, b + i + 3 * columnStride);
        const auto low02 = hn::InterleaveLower(d, r0, r2);
        const auto low13 = hn::InterleaveLower(d, r1, r3);
        const auto high02 = hn::InterleaveUpper(d, r0, r2);
        const auto high13 = hn::InterleaveUpper(d, r1, r3);
        hn::StoreU(hn::InterleaveLower(d, low02, low13), d, dst + i * kWidth);
        hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, dst + (i + 1) * kWidth);
        hn::StoreU(hn::InterleaveLower(d, high02, high13), d, dst + (i + 2) * kWidth);
        hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, dst + (i + 3) * kWidth);
    }
    for (; i < k; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            dst[i * kWidth + j] = b[i + j * columnStride];
}
#endif

void pack(float* dst, const float* b, std::size_t k, std::size_t n, std::size_t rowStride, std::size_t columnStride)
{
    for (std::size_t column = 0; column < n; column += kWidth, dst += k * kWidth) {
        const std::size_t width = std::min(kWidth, n - column);
        const float* src = b + column * columnStride;
        std::size_t j = 0;
        if (columnStride == 1 && width == kWidth) {
            for (std::size_t i = 0; i < k; ++i)
                std::copy_n(src + i * rowStride, kWidth, dst + i * kWidth);
            continue;
        }
#if HWY_TARGET != HWY_SCALAR
        if (rowStride == 1)
            for (; j + 4 <= width; j += 4)
                packTransposed(dst + j, src + j * columnStride, k, columnStride);
#endif
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t x = j; x < kWidth; ++x)
                dst[i * kWidth + x] = x < width ? src[i * rowStride + x * columnStride] : 0.0f;
    }
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "core/kernels/product_parts.h"

#include <new>

namespace qs::kernels {

HWY_EXPORT(panelWidth);
HWY_EXPORT(tileRows);
HWY_EXPORT(gemmPanels);
HWY_EXPORT(pack);

std::size_t packedSize(std::size_t k, std::size_t n)
{
    const std::size_t width = HWY_DYNAMIC_DISPATCH(panelWidth)();
    return ((n + width - 1) / width * width * k + 15) / 16 * 16;
}

PackedView packMatrixInto(float* buffer, const float* b, std::size_t k, std::size_t n, std::size_t rowStride,
                          std::size_t columnStride)
{
    HWY_DYNAMIC_DISPATCH(pack)(buffer, b, k, n, rowStride, columnStride);
    return {buffer, k, n, HWY_DYNAMIC_DISPATCH(panelWidth)()};
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

void gemmPart(const float* a, std::size_t aStride, const PackedView& b, float* c, std::size_t cStride,
              const Epilogue& epilogue, const GemmRange& range)
{
    assert(b.panelWidth == HWY_DYNAMIC_DISPATCH(panelWidth)());
    HWY_DYNAMIC_DISPATCH(gemmPanels)(a, aStride, b, c, cStride, epilogue, range);
}

void gemm(const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c, std::size_t cStride,
          const Epilogue& epilogue)
{
    gemmPart(a, aStride, b, c, cStride, epilogue, {0, m, 0, b.panels()});
}

void gemmParallel(ThreadPool* pool, const float* a, std::size_t aStride, std::size_t m, const PackedView& b, float* c,
                  std::size_t cStride, const Epilogue& epilogue)
{
    // Below this a thread's share is not worth waking it (about 10 us of work; a tile takes as long with fewer rows).
    constexpr std::size_t kPartProducts = 200'000;
    const std::size_t rows = HWY_DYNAMIC_DISPATCH(tileRows)();
    forProductParts(pool, {m, b.k * sizeof(float), b.panels(), rows, std::max(m, rows) * b.n * b.k / kPartProducts},
                    [&](const GemmRange& range) { gemmPart(a, aStride, b, c, cStride, epilogue, range); });
}

} // namespace qs::kernels

#endif
