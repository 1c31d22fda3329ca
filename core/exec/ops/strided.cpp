#include "core/exec/ops/strided.h"

#include "core/exec/ops/support.h"

#include <algorithm>
#include <cstring>

namespace qs::exec {

namespace {

// Below this many elements a copy is not worth waking threads.
constexpr int64_t kParallelElements = 1 << 15;
constexpr int64_t kTile = 16;

/// dst[i, j] = src[i, j] where the last dimension is contiguous in dst and the one before it in src: by tiles, so
/// that both sides use whole cache lines.
template <class T>
void transposeTiles(const T* src, T* dst, int64_t rows, int64_t columns, int64_t srcColumnStride,
                    int64_t dstRowStride)
{
    for (int64_t i0 = 0; i0 < rows; i0 += kTile)
        for (int64_t j0 = 0; j0 < columns; j0 += kTile) {
            const int64_t i1 = std::min(rows, i0 + kTile);
            const int64_t j1 = std::min(columns, j0 + kTile);
            for (int64_t i = i0; i < i1; ++i)
                for (int64_t j = j0; j < j1; ++j)
                    dst[i * dstRowStride + j] = src[i + j * srcColumnStride];
        }
}

/// A short run by hand, then twice as much each time.
template <class T>
void repeat(T value, T* dst, int64_t count)
{
    const int64_t start = std::min<int64_t>(count, 16);
    std::fill_n(dst, start, value);
    for (int64_t done = start; done < count;) {
        const int64_t more = std::min(done, count - done);
        std::memcpy(dst + done, dst, static_cast<std::size_t>(more) * sizeof(T));
        done += more;
    }
}

template <class T>
void copyTyped(const ConstView& view, T* dst, const Shape& dstStrides, ThreadPool* pool)
{
    const StridedLoop<2> loop(view.shape, {view.strides, dstStrides});
    const T* src = view.as<T>();
    const int64_t inner = loop.inner();
    const int64_t s = loop.innerStride(0);
    const int64_t d = loop.innerStride(1);
    if (loop.rank >= 2 && s != 1 && s != 0 && d == 1 && loop.strides[loop.rank - 2][0] == 1) {
        // A transposition of the last two dimensions, repeated over the others.
        StridedLoop<2> outer = loop;
        const int64_t rows = outer.sizes[outer.rank - 2];
        const int64_t dstRowStride = outer.strides[outer.rank - 2][1];
        outer.sizes[outer.rank - 2] = 1;
        int64_t count = outer.rows();
        // Cut the rows too where there are few outer repetitions.
        const int64_t cut = count < 8 && rows >= 4 * kTile ? 4 * kTile : rows;
        const int64_t parts = (rows + cut - 1) / cut;
        const int64_t grain = std::max<int64_t>(1, kParallelElements / std::max<int64_t>(1, cut * inner));
        parallelChunks(pool, count * parts, grain, [&](int64_t first, int64_t last) {
            for (int64_t part = first; part < last; ++part) {
                const int64_t r0 = part % parts * cut;
                const int64_t r1 = std::min(rows, r0 + cut);
                outer.forRows(part / parts, part / parts + 1, [&](const std::array<int64_t, 2>& at) {
                    transposeTiles(src + at[0] + r0, dst + at[1] + r0 * dstRowStride, r1 - r0, inner, s,
                                   dstRowStride);
                });
            }
        });
        return;
    }
    const int64_t grain = std::max<int64_t>(1, kParallelElements / std::max<int64_t>(1, inner));
    parallelChunks(pool, loop.rows(), grain, [&](int64_t first, int64_t last) {
        loop.forRows(first, last, [&](const std::array<int64_t, 2>& at) {
            const T* from = src + at[0];
            T* to = dst + at[1];
            if (s == 1 && d == 1)
                std::memcpy(to, from, static_cast<std::size_t>(inner) * sizeof(T));
            else if (s == 0 && d == 1)
                repeat(*from, to, inner);
            else
                for (int64_t i = 0; i < inner; ++i)
                    to[i * d] = from[i * s];
        });
    });
}

} // namespace

void copyStrided(const ConstView& src, void* dst, const Shape& dstStrides, ThreadPool* pool)
{
    if (src.shape.elements() == 0)
        return;
    withSize(src.dtype, [&]<class T>(T) { copyTyped(src, static_cast<T*>(dst), dstStrides, pool); });
}

void copyStrided(const ConstView& src, void* dst, ThreadPool* pool)
{
    copyStrided(src, dst, contiguousStrides(src.shape), pool);
}

} // namespace qs::exec
