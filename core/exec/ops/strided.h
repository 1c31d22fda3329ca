#pragma once

#include "core/exec/op.h"

#include <array>
#include <cstdint>
#include <span>

namespace qs::exec {

/// A loop over up to kMaxRank dimensions with one offset for each of N arrays. Neighbouring dimensions that every
/// array walks evenly are merged, so that the inner loop is as long as possible.
template <std::size_t N>
struct StridedLoop {
    std::size_t rank = 0; ///< at least 1
    std::array<int64_t, Shape::kMaxRank> sizes{};
    std::array<std::array<int64_t, N>, Shape::kMaxRank> strides{};

    StridedLoop(const Shape& shape, const std::array<Shape, N>& arrays)
    {
        for (std::size_t d = 0; d < shape.rank(); ++d) {
            if (shape[d] == 1)
                continue;
            bool merges = rank > 0;
            for (std::size_t a = 0; a < N && merges; ++a)
                merges = strides[rank - 1][a] == arrays[a][d] * shape[d];
            if (!merges) {
                sizes[rank] = 1;
                ++rank;
            }
            sizes[rank - 1] *= shape[d];
            for (std::size_t a = 0; a < N; ++a)
                strides[rank - 1][a] = arrays[a][d];
        }
        if (rank == 0) {
            rank = 1;
            sizes[0] = 1;
        }
    }

    int64_t inner() const { return sizes[rank - 1]; }
    int64_t innerStride(std::size_t array) const { return strides[rank - 1][array]; }
    int64_t rows() const
    {
        int64_t n = 1;
        for (std::size_t d = 0; d + 1 < rank; ++d)
            n *= sizes[d];
        return n;
    }
    /// Calls body(offsets) for rows [first, last): where the inner loop of each array starts.
    template <class Body>
    void forRows(int64_t first, int64_t last, Body&& body) const
    {
        if (first >= last || inner() == 0)
            return;
        std::array<int64_t, Shape::kMaxRank> index{};
        std::array<int64_t, N> offsets{};
        int64_t rest = first;
        for (std::size_t d = rank - 1; d-- > 0;) {
            index[d] = rest % sizes[d];
            rest /= sizes[d];
            for (std::size_t a = 0; a < N; ++a)
                offsets[a] += index[d] * strides[d][a];
        }
        for (int64_t row = first;;) {
            body(offsets);
            if (++row == last)
                return;
            for (std::size_t d = rank - 1; d-- > 0;) {
                for (std::size_t a = 0; a < N; ++a)
                    offsets[a] += strides[d][a];
                if (++index[d] < sizes[d])
                    break;
                for (std::size_t a = 0; a < N; ++a)
                    offsets[a] -= sizes[d] * strides[d][a];
                index[d] = 0;
            }
        }
    }
};

/// dst (row-major, shape of src) = src, of any type.
void copyStrided(const ConstView& src, void* dst, ThreadPool* pool);
/// The same where dst has strides of its own.
void copyStrided(const ConstView& src, void* dst, const Shape& dstStrides, ThreadPool* pool);

} // namespace qs::exec
