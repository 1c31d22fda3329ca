#pragma once

#include "core/base/shape.h"
#include "core/base/tensor.h"

#include <algorithm>
#include <cstring>

#include <cstdint>

namespace qs::exec::reference {

/// Every index of a shape, in row-major order: body(index, position).
template <class Body>
void forEachIndex(const Shape& shape, Body&& body)
{
    Shape index = shape;
    for (std::size_t i = 0; i < shape.rank(); ++i)
        index[i] = 0;
    const int64_t count = shape.elements();
    for (int64_t at = 0; at < count; ++at) {
        body(static_cast<const Shape&>(index), at);
        for (std::size_t i = shape.rank(); i-- > 0;) {
            if (++index[i] < shape[i])
                break;
            index[i] = 0;
        }
    }
}

/// Row-major position of an index.
inline int64_t positionOf(const Shape& index, const Shape& shape)
{
    int64_t at = 0;
    for (std::size_t i = 0; i < shape.rank(); ++i)
        at = at * shape[i] + index[i];
    return at;
}

/// Position in an array of shape `from` of what is broadcast to `index` (aligned at the last axis).
inline int64_t broadcastPosition(const Shape& index, const Shape& from)
{
    int64_t at = 0;
    const std::size_t skip = index.rank() - from.rank();
    for (std::size_t i = 0; i < from.rank(); ++i)
        at = at * from[i] + (from[i] == 1 ? 0 : index[i + skip]);
    return at;
}

inline void copyElement(const Tensor& src, int64_t from, Tensor& dst, int64_t to)
{
    const std::size_t size = dtypeSize(src.dtype());
    std::memcpy(dst.mutableBytes() + static_cast<std::size_t>(to) * size,
                src.bytes() + static_cast<std::size_t>(from) * size, size);
}

/// Negative indices count from the end; those outside become the nearest end, as in exec/ops/gather.cpp.
inline int64_t insideOf(int64_t index, int64_t size)
{
    return std::clamp<int64_t>(index < 0 ? std::max(index, -size) + size : index, 0, size - 1);
}

} // namespace qs::exec::reference
