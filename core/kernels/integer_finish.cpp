// From sums of codes to floats or to the next codes; every operation rounded by itself, in the order of the header.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/integer_finish.cpp"

#include "core/kernels/integer_finish.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "core/kernels/math_inl.h"
#include "core/kernels/quantize_inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

using DI = hn::RebindToSigned<D>;
constexpr std::size_t kMaxWidth = 32;

/// What columns of the tile are given, filled up where the result ends inside it.
struct Columns {
    const int32_t* offset = nullptr; ///< null: 0
    const float* scale = nullptr;    ///< null: rows have theirs
    const float* bias = nullptr;
};

/// Stores vectors of one row; the last ones of a tile that is not full go through a buffer.
class Row {
public:
    Row(const IntegerTile& tile, const IntegerEpilogue& epilogue, const IntegerResult& result, std::size_t i)
        : m_result(result), m_columns(tile.columns), m_at((tile.row + i) * result.stride + tile.column),
          m_residual(epilogue.residual ? epilogue.residual + (tile.row + i) * epilogue.residualStride + tile.column
                                       : nullptr)
    {
    }
    HWY_INLINE V addResidual(V v, std::size_t j) const
    {
        if (!m_residual)
            return v;
        if (j + kVector <= m_columns)
            return hn::Add(v, hn::LoadU(D(), m_residual + j));
        alignas(64) float rest[kVector] = {};
        if (j < m_columns)
            std::copy_n(m_residual + j, m_columns - j, rest);
        return hn::Add(v, hn::Load(D(), rest));
    }
    HWY_INLINE void store(V v, std::size_t j, const Grid& grid) const
    {
        if (m_result.values)
            return put(v, D(), m_result.values, j);
        const hn::Rebind<uint8_t, D> bytes;
        put(hn::DemoteTo(bytes, hn::NearestInt(clamped(unclamped(v, grid), grid))), bytes, m_result.codes, j);
    }
    template <class Vec, class Tag>
    HWY_INLINE void put(Vec v, Tag tag, hn::TFromD<Tag>* dst, std::size_t j) const
    {
        if (j + kVector <= m_columns)
            return hn::StoreU(v, tag, dst + m_at + j);
        alignas(64) hn::TFromD<Tag> rest[kVector];
        hn::Store(v, tag, rest);
        if (j < m_columns)
            std::copy_n(rest, m_columns - j, dst + m_at + j);
    }

private:
    const IntegerResult& m_result;
    std::size_t m_columns;
    std::size_t m_at;
    const float* m_residual;
};

HWY_INLINE hn::Vec<DI> sumOf(const IntegerTile& tile, const Columns& columns, int32_t rowOffset, std::size_t i,
                             std::size_t j)
{
    const DI d;
    auto sum = hn::Add(hn::Load(d, tile.sums + i * tile.width + j), hn::Set(d, rowOffset));
    if (columns.offset)
        sum = hn::Add(sum, hn::LoadU(d, columns.offset + j));
    return sum;
}

void finishTile(const IntegerTile& tile, const IntegerEpilogue& epilogue, const IntegerResult& result)
{
    const D d;
    alignas(64) int32_t offsets[kMaxWidth] = {};
    alignas(64) float scales[kMaxWidth] = {};
    alignas(64) float biases[kMaxWidth] = {};
    const bool full = tile.columns == tile.width;
    Columns columns;
    if (epilogue.columnOffset) {
        columns.offset = epilogue.columnOffset + tile.column;
        if (!full)
            columns.offset = std::copy_n(columns.offset, tile.columns, offsets) - tile.columns;
    }
    if (epilogue.scale && epilogue.scaleOf == ScaleOf::Columns) {
        columns.scale = epilogue.scale + tile.column;
        if (!full)
            columns.scale = std::copy_n(columns.scale, tile.columns, scales) - tile.columns;
    }
    if (epilogue.bias) {
        columns.bias = epilogue.bias + tile.column;
        if (!full)
            columns.bias = std::copy_n(columns.bias, tile.columns, biases) - tile.columns;
    }
    const auto rowOffset = [&](std::size_t i) { return epilogue.rowOffset ? epilogue.rowOffset[tile.row + i] : 0; };
    if (result.sums) {
        for (std::size_t i = 0; i < tile.rows; ++i)
            for (std::size_t j = 0; j < tile.columns; j += kVector)
                Row(tile, epilogue, result, i).put(sumOf(tile, columns, rowOffset(i), i, j), DI(), result.sums, j);
        return;
    }
    const V alpha = hn::Set(d, epilogue.alpha);
    const Grid grid = gridOf(result.grid.scale, result.grid.zeroPoint, result.grid.qmin, result.grid.qmax);
    withActivation(d, epilogue.activation, [&](auto f) HWY_ATTR {
        for (std::size_t i = 0; i < tile.rows; ++i) {
            const Row row(tile, epilogue, result, i);
            const int32_t moved = rowOffset(i);
            const V own =
                hn::Set(d, epilogue.scaleOf == ScaleOf::Rows ? epilogue.scale[tile.row + i] : epilogue.scale[0]);
            for (std::size_t j = 0; j < tile.columns; j += kVector) {
                const V t = hn::ConvertTo(d, sumOf(tile, columns, moved, i, j));
                const V scaled = hn::Mul(t, columns.scale ? hn::LoadU(d, columns.scale + j) : own);
                V v = hn::Mul(scaled, alpha);
                if (columns.bias)
                    v = hn::Add(v, hn::LoadU(d, columns.bias + j));
                row.store(row.addResidual(f(v), j), j, grid);
            }
        }
    });
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(finishTile);

void finishIntegerTile(const IntegerTile& tile, const IntegerEpilogue& epilogue, const IntegerResult& result)
{
    HWY_DYNAMIC_DISPATCH(finishTile)(tile, epilogue, result);
}

} // namespace qs::kernels

#endif
