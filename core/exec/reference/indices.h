#pragma once

#include "core/base/shape.h"

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

} // namespace qs::exec::reference
