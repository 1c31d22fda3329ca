// B and A of integer products in the layouts of IntegerKernel. What is contiguous along columns is interleaved by
// bytes, what is contiguous along k by words of one group: 4 x 4 words at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/integer_pack.cpp"

#include "core/kernels/integer_pack.h"

#include "core/kernels/integer_gemm.h"
#include "core/kernels/integer_kernel.h"

#include <algorithm>
#include <cstring>

#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Where rows of B are found, and what is done to their bytes.
struct Source {
    const uint8_t* b;
    std::size_t rowStride;
    std::size_t columnStride;
    uint8_t flip; ///< 0x80 or 0

    int at(std::size_t i, std::size_t j) const
    {
        return static_cast<int8_t>(b[i * rowStride + j * columnStride] ^ flip);
    }
};

/// Element (i, j) of a panel by itself, 0 where B has none.
void packOne(const IntegerKernel& kernel, const Source& src, std::size_t i, std::size_t j, bool inside,
             std::byte* panel)
{
    const std::size_t at = (i / kernel.group * kernel.width + j) * kernel.group + i % kernel.group;
    const int value = inside ? src.at(i, j) : 0;
    if (kernel.wide) {
        const auto element = static_cast<int16_t>(value);
        std::memcpy(panel + 2 * at, &element, sizeof element);
    } else {
        panel[at] = static_cast<std::byte>(value);
    }
}

#if HWY_TARGET != HWY_SCALAR

using Bytes = hn::FixedTag<uint8_t, 16>;
using Words = hn::FixedTag<uint32_t, 4>;

/// 16 bytes of a column: four words of one group of 4; the first 8 bytes as s16: four words of one group of 2.
template <bool kWide>
HWY_INLINE hn::Vec<Words> wordsOf(const uint8_t* column, hn::Vec<Bytes> flip)
{
    if constexpr (kWide) {
        const hn::FixedTag<uint8_t, 8> half;
        const auto bytes = hn::Xor(hn::LoadU(half, column), hn::LowerHalf(half, flip));
        const auto wide = hn::PromoteTo(hn::FixedTag<int16_t, 8>(), hn::BitCast(hn::FixedTag<int8_t, 8>(), bytes));
        return hn::BitCast(Words(), wide);
    } else {
        return hn::BitCast(Words(), hn::Xor(hn::LoadU(Bytes(), column), flip));
    }
}

/// Four columns that are contiguous along k, rows [0, k / step * step); returns the rows that are done.
template <bool kWide>
std::size_t packColumns(const IntegerKernel& kernel, const Source& src, std::size_t k, std::byte* panel)
{
    const Words d;
    const auto flip = hn::Set(Bytes(), src.flip);
    constexpr std::size_t kStep = kWide ? 8 : 16;
    const std::size_t groupBytes = 4 * kernel.width;
    std::size_t i = 0;
    for (; i + kStep <= k; i += kStep) {
        const uint8_t* at = src.b + i;
        const auto r0 = wordsOf<kWide>(at, flip);
        const auto r1 = wordsOf<kWide>(at + src.columnStride, flip);
        const auto r2 = wordsOf<kWide>(at + 2 * src.columnStride, flip);
        const auto r3 = wordsOf<kWide>(at + 3 * src.columnStride, flip);
        const auto low02 = hn::InterleaveLower(d, r0, r2);
        const auto low13 = hn::InterleaveLower(d, r1, r3);
        const auto high02 = hn::InterleaveUpper(d, r0, r2);
        const auto high13 = hn::InterleaveUpper(d, r1, r3);
        auto* dst = panel + i / kernel.group * groupBytes;
        hn::StoreU(hn::InterleaveLower(d, low02, low13), d, reinterpret_cast<uint32_t*>(dst));
        hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, reinterpret_cast<uint32_t*>(dst + groupBytes));
        hn::StoreU(hn::InterleaveLower(d, high02, high13), d, reinterpret_cast<uint32_t*>(dst + 2 * groupBytes));
        hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, reinterpret_cast<uint32_t*>(dst + 3 * groupBytes));
    }
    return i;
}

/// 16 adjacent columns of one group of four rows.
void packFourRows(const Source& src, std::size_t i, std::byte* dst)
{
    const Bytes d;
    const hn::FixedTag<uint16_t, 8> pairs;
    const auto flip = hn::Set(d, src.flip);
    const auto row = [&](std::size_t r)
                         HWY_ATTR { return hn::Xor(hn::LoadU(d, src.b + (i + r) * src.rowStride), flip); };
    const auto r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
    auto* to = reinterpret_cast<uint16_t*>(dst);
    hn::StoreU(hn::InterleaveLower(pairs, low01, low23), pairs, to);
    hn::StoreU(hn::InterleaveUpper(pairs, low01, low23), pairs, to + 8);
    hn::StoreU(hn::InterleaveLower(pairs, high01, high23), pairs, to + 16);
    hn::StoreU(hn::InterleaveUpper(pairs, high01, high23), pairs, to + 24);
}

/// 8 adjacent columns of one group of two rows, widened.
void packTwoRows(const Source& src, std::size_t i, std::byte* dst)
{
    const hn::FixedTag<uint8_t, 8> d;
    const hn::FixedTag<int16_t, 8> wide;
    const auto flip = hn::Set(d, src.flip);
    const auto row = [&](std::size_t r) HWY_ATTR {
        const auto bytes = hn::Xor(hn::LoadU(d, src.b + (i + r) * src.rowStride), flip);
        return hn::PromoteTo(wide, hn::BitCast(hn::FixedTag<int8_t, 8>(), bytes));
    };
    const auto r0 = row(0), r1 = row(1);
    auto* to = reinterpret_cast<int16_t*>(dst);
    hn::StoreU(hn::InterleaveLower(wide, r0, r1), wide, to);
    hn::StoreU(hn::InterleaveUpper(wide, r0, r1), wide, to + 8);
}

#endif

void packPanel(const IntegerKernel& kernel, const uint8_t* b, std::size_t k, std::size_t columns,
               std::size_t rowStride, std::size_t columnStride, bool flip, std::byte* panel)
{
    const Source src{b, rowStride, columnStride, static_cast<uint8_t>(flip ? 0x80 : 0)};
    const std::size_t padded = (k + kernel.depth - 1) / kernel.depth * kernel.depth;
    std::size_t firstColumn = 0; // columns before it are done down to `rows`
    std::size_t rows = 0;
#if HWY_TARGET != HWY_SCALAR
    if (rowStride == 1) {
        for (; firstColumn + 4 <= columns; firstColumn += 4) {
            const Source four{b + firstColumn * columnStride, rowStride, columnStride, src.flip};
            auto* to = panel + 4 * firstColumn;
            rows = kernel.wide ? packColumns<true>(kernel, four, k, to) : packColumns<false>(kernel, four, k, to);
        }
    } else if (columnStride == 1) {
        const std::size_t step = kernel.wide ? 8 : 16;
        const std::size_t groupBytes = 4 * kernel.width;
        firstColumn = columns / step * step;
        for (; rows + kernel.group <= k; rows += kernel.group)
            for (std::size_t j = 0; j < firstColumn; j += step) {
                const Source part{b + j, rowStride, columnStride, src.flip};
                auto* to = panel + rows / kernel.group * groupBytes + 4 * j;
                kernel.wide ? packTwoRows(part, rows, to) : packFourRows(part, rows, to);
            }
    }
#endif
    for (std::size_t i = 0; i < padded; ++i)
        for (std::size_t j = i < rows ? firstColumn : 0; j < kernel.width; ++j)
            packOne(kernel, src, i, j, i < k && j < columns, panel);
}

void packRows(const IntegerKernel& kernel, const uint8_t* a, std::size_t stride, bool isSigned, std::size_t rows,
              std::size_t k, std::size_t padded, std::byte* dst)
{
    for (std::size_t i = 0; i < rows; ++i, a += stride) {
        if (!kernel.wide) {
            std::memcpy(dst, a, k);
            std::memset(dst + k, 0, padded - k);
            dst += padded;
            continue;
        }
        auto* to = reinterpret_cast<int16_t*>(dst);
        std::size_t x = 0;
#if HWY_TARGET != HWY_SCALAR
        const hn::FixedTag<int16_t, 8> wide;
        for (; x + 8 <= k; x += 8) {
            const auto bytes = hn::LoadU(hn::FixedTag<uint8_t, 8>(), a + x);
            const auto codes = isSigned ? hn::PromoteTo(wide, hn::BitCast(hn::FixedTag<int8_t, 8>(), bytes))
                                        : hn::PromoteTo(wide, bytes);
            hn::StoreU(codes, wide, to + x);
        }
#endif
        for (; x < k; ++x)
            to[x] = isSigned ? static_cast<int8_t>(a[x]) : a[x];
        std::fill(to + k, to + padded, int16_t{0});
        dst += 2 * padded;
    }
}

void sumRows(const CodeMatrix& a, std::size_t m, std::size_t k, int32_t* sums)
{
    const auto flip = static_cast<uint8_t>(a.isSigned ? 0x80 : 0);
    const auto moved = static_cast<uint32_t>(a.isSigned ? 128 * k : 0);
    for (std::size_t i = 0; i < m; ++i) {
        const uint8_t* row = a.data + i * a.stride;
        uint64_t sum = 0;
        std::size_t x = 0;
#if HWY_TARGET != HWY_SCALAR
        const Bytes d;
        const hn::FixedTag<uint64_t, 2> wide;
        auto sums2 = hn::Zero(wide);
        for (; x + 16 <= k; x += 16)
            sums2 = hn::Add(sums2, hn::SumsOf8(hn::Xor(hn::LoadU(d, row + x), hn::Set(d, flip))));
        sum = hn::GetLane(hn::SumOfLanes(wide, sums2));
#endif
        for (; x < k; ++x)
            sum += static_cast<uint8_t>(row[x] ^ flip);
        sums[i] = static_cast<int32_t>(static_cast<uint32_t>(sum) - moved);
    }
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(packPanel);
HWY_EXPORT(packRows);
HWY_EXPORT(sumRows);

void packIntegerPanel(const IntegerKernel& kernel, const uint8_t* b, std::size_t k, std::size_t columns,
                      std::size_t rowStride, std::size_t columnStride, bool flip, std::byte* panel)
{
    HWY_DYNAMIC_DISPATCH(packPanel)(kernel, b, k, columns, rowStride, columnStride, flip, panel);
}

void packIntegerRows(const IntegerKernel& kernel, const uint8_t* a, std::size_t stride, bool isSigned,
                     std::size_t rows, std::size_t k, std::size_t padded, std::byte* dst)
{
    HWY_DYNAMIC_DISPATCH(packRows)(kernel, a, stride, isSigned, rows, k, padded, dst);
}

void rowSums(const CodeMatrix& a, std::size_t m, std::size_t k, int32_t* sums)
{
    HWY_DYNAMIC_DISPATCH(sumRows)(a, m, k, sums);
}

} // namespace qs::kernels

#endif
