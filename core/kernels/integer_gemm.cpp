// Products of codes: B in panels, A by blocks of rows, the sums of a tile in L1, then its epilogue.
#include "core/kernels/integer_gemm.h"

#include "core/kernels/integer_finish.h"
#include "core/kernels/integer_kernel.h"
#include "core/kernels/integer_pack.h"
#include "core/kernels/product_parts.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <vector>

namespace qs::kernels {

namespace {

constexpr std::size_t kMaxTile = 32 * 32;

std::size_t up(std::size_t value, std::size_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

std::size_t elementBytes(const IntegerKernel& kernel)
{
    return kernel.wide ? 2 : 1;
}

std::size_t panelBytes(const IntegerKernel& kernel, std::size_t k)
{
    return up(k, kernel.depth) * kernel.width * elementBytes(kernel);
}

IntegerKernel::Multiply multiplication(const IntegerKernel& kernel, bool isSigned)
{
    return isSigned ? kernel.multiplySigned : kernel.multiplyUnsigned;
}

/// Tiles of a thread that uses the kernel.
class Session {
public:
    explicit Session(const IntegerKernel& kernel) : m_kernel(kernel)
    {
        if (m_kernel.begin)
            m_kernel.begin();
    }
    ~Session()
    {
        if (m_kernel.end)
            m_kernel.end();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

private:
    const IntegerKernel& m_kernel;
};

/// Column sums as the kernel computes them: A is a row of ones.
void sumColumns(const IntegerView& b, int32_t* sums)
{
    const IntegerKernel& kernel = *b.kernel;
    const std::size_t padded = up(b.k, kernel.depth);
    const std::vector<uint8_t> ones(b.k, 1);
    std::vector<std::byte> row(kernel.rowMultiple * padded * elementBytes(kernel));
    packIntegerRows(kernel, ones.data(), 0, false, 1, b.k, padded, row.data());
    alignas(64) int32_t tile[kMaxTile];
    const Session session(kernel);
    for (std::size_t p = 0; p < b.panels(); ++p) {
        kernel.multiplyUnsigned(row.data(), padded * elementBytes(kernel), 1, b.data + p * panelBytes(kernel, b.k),
                                padded, tile);
        std::copy_n(tile, std::min(kernel.width, b.n - p * kernel.width), sums + p * kernel.width);
    }
}

IntegerView packInto(std::byte* buffer, const uint8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                     std::size_t columnStride, bool flip)
{
    const IntegerKernel& kernel = activeIntegerKernel();
    IntegerView view{buffer, nullptr, k, n, &kernel};
    for (std::size_t p = 0; p < view.panels(); ++p)
        packIntegerPanel(kernel, b + p * kernel.width * columnStride, k, std::min(kernel.width, n - p * kernel.width),
                         rowStride, columnStride, flip, buffer + p * panelBytes(kernel, k));
    auto* sums = reinterpret_cast<int32_t*>(buffer + up(view.panels() * panelBytes(kernel, k), 64));
    sumColumns(view, sums);
    view.columnSums = sums;
    return view;
}

/// Rows of A where the kernel may read them: in place, or in a copy that is filled up with zeros.
class Rows {
public:
    Rows(const IntegerKernel& kernel, const CodeMatrix& a, std::size_t k)
        : m_kernel(kernel), m_a(a), m_k(k), m_padded(up(k, kernel.depth)), m_whole(kernel.wide || m_padded != k)
    {
    }
    /// Rows [begin, end) are asked for next.
    void open(std::size_t begin, std::size_t end)
    {
        const std::size_t rest = (end - begin) % m_kernel.rowMultiple;
        m_copied = m_whole ? begin : end - rest;
        m_copy.resize(up(end - m_copied, m_kernel.rowMultiple) * stride());
        packIntegerRows(m_kernel, m_a.data + m_copied * m_a.stride, m_a.stride, m_a.isSigned, end - m_copied, m_k,
                        m_padded, m_copy.data());
        m_end = end;
    }
    struct Block {
        const void* data;
        std::size_t stride;
        std::size_t rows;
    };
    /// At most `most` rows from `row` on.
    Block at(std::size_t row, std::size_t most) const
    {
        if (row >= m_copied)
            return {m_copy.data() + (row - m_copied) * stride(), stride(), std::min(most, m_end - row)};
        return {m_a.data + row * m_a.stride, m_a.stride, std::min(most, m_copied - row)};
    }
    std::size_t padded() const { return m_padded; }

private:
    std::size_t stride() const { return m_padded * elementBytes(m_kernel); }

    const IntegerKernel& m_kernel;
    const CodeMatrix& m_a;
    std::size_t m_k, m_padded;
    bool m_whole; ///< all rows are copied
    std::vector<std::byte> m_copy;
    std::size_t m_copied = 0; ///< the first row of the copy
    std::size_t m_end = 0;
};

} // namespace

std::size_t IntegerView::panels() const
{
    return (n + kernel->width - 1) / kernel->width;
}

std::size_t packedIntegerSize(std::size_t k, std::size_t n)
{
    const IntegerKernel& kernel = activeIntegerKernel();
    const std::size_t panels = (n + kernel.width - 1) / kernel.width;
    return up(panels * panelBytes(kernel, k), 64) + up(panels * kernel.width * sizeof(int32_t), 64);
}

IntegerView packIntegersInto(std::byte* buffer, const int8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                             std::size_t columnStride)
{
    return packInto(buffer, reinterpret_cast<const uint8_t*>(b), k, n, rowStride, columnStride, false);
}

IntegerView packIntegersInto(std::byte* buffer, const uint8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                             std::size_t columnStride)
{
    return packInto(buffer, b, k, n, rowStride, columnStride, true);
}

IntegerMatrix packIntegerMatrix(const int8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                                std::size_t columnStride)
{
    constexpr std::align_val_t kAlignment{64};
    auto* storage = static_cast<std::byte*>(::operator new[](packedIntegerSize(k, n) + 64, kAlignment));
    IntegerMatrix packed;
    packed.m_storage = {storage,
                        [](const std::byte* p) { ::operator delete[](const_cast<std::byte*>(p), kAlignment); }};
    packed.m_view = packIntegersInto(storage, b, k, n, rowStride, columnStride);
    return packed;
}

void integerGemmPart(const CodeMatrix& a, const IntegerView& b, const IntegerEpilogue& epilogue,
                     const IntegerResult& result, const GemmRange& range)
{
    // Rows of A that are worked on against all panels before the next rows: they stay in half of a 512 KiB L2.
    constexpr std::size_t kBlockBytes = 256 << 10;
    const IntegerKernel& kernel = *b.kernel;
    assert(kernel.width * kernel.rows <= kMaxTile && (epilogue.scale || result.sums));
    alignas(64) int32_t sums[kMaxTile];
    Rows rows(kernel, a, b.k);
    const auto multiply = multiplication(kernel, a.isSigned);
    const std::size_t tileBytes = kernel.rows * std::max<std::size_t>(1, rows.padded() * elementBytes(kernel));
    const std::size_t blockRows = std::max<std::size_t>(1, kBlockBytes / tileBytes) * kernel.rows;
    const Session session(kernel);
    for (std::size_t block = range.rowBegin; block < range.rowEnd; block += blockRows) {
        const std::size_t blockEnd = std::min(range.rowEnd, block + blockRows);
        rows.open(block, blockEnd);
        for (std::size_t p = range.panelBegin; p < range.panelEnd; ++p) {
            const std::byte* panel = b.data + p * panelBytes(kernel, b.k);
            const std::size_t column = p * kernel.width;
            for (std::size_t row = block; row < blockEnd;) {
                const Rows::Block part = rows.at(row, kernel.rows);
                multiply(part.data, part.stride, part.rows, panel, rows.padded(), sums);
                finishIntegerTile({sums, kernel.width, part.rows, std::min(kernel.width, b.n - column), row, column},
                                  epilogue, result);
                row += part.rows;
            }
        }
    }
}

void integerGemm(const CodeMatrix& a, std::size_t m, const IntegerView& b, const IntegerEpilogue& epilogue,
                 const IntegerResult& result)
{
    integerGemmPart(a, b, epilogue, result, {0, m, 0, b.panels()});
}

void integerGemmParallel(ThreadPool* pool, const CodeMatrix& a, std::size_t m, const IntegerView& b,
                         const IntegerEpilogue& epilogue, const IntegerResult& result)
{
    // About 10 us of work with dot products of bytes.
    constexpr std::size_t kPartProducts = 1'000'000;
    const std::size_t tile = b.kernel->rows;
    forProductParts(pool, {m, b.k, b.panels(), tile, std::max(m, tile) * b.n * b.k / kPartProducts},
                    [&](const GemmRange& range) { integerGemmPart(a, b, epilogue, result, range); });
}

} // namespace qs::kernels
