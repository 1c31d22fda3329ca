#pragma once

#include "core/exec/op.h"

#include <cstdint>
#include <optional>

namespace qs::exec {

/// Where the elements of a view lie in the memory of what it looks at.
struct ViewMap {
    Shape strides;
    int64_t offset = 0; ///< elements
};

/// How output `output` of a view operator (OpDef::isView) lies in the memory of its input, which has these strides.
/// Nothing where it cannot be a view (a Reshape across the strides of a Transpose). The node has passed infer.
std::optional<ViewMap> mapView(const graph::Node& node, std::size_t output, const Shape& inShape,
                               const Shape& inStrides, const Shape& outShape);

/// Strides for the same elements under another shape, where there are any.
std::optional<Shape> reshapeStrides(const Shape& from, const Shape& strides, const Shape& to);

} // namespace qs::exec
