#pragma once

#include "core/onnx/builder.h"

#include <optional>

namespace qs::onnx {

/// Numbers that a value lies between, both included.
struct Range {
    double low = 0, high = 0;
};

/// Between which whole numbers an integer value lies whatever the image is, as its operators say: places of TopK and
/// ArgMax, constants, conditions, what movement and arithmetic (Add, Sub, Mul, Div, Mod, Floor, Cast, Where, ...)
/// make of them. Nothing: it may be anything (numbers of the image), is beyond 2^24 (where a float may stand
/// between), or needs more than 64 operators.
std::optional<Range> rangeOf(const Builder& builder, TensorId value);

} // namespace qs::onnx
