#pragma once

#include "core/exec/op.h"
#include "core/kernels/elementwise.h"

#include <optional>

namespace qs::exec {

/// The kernel that computes a unary float operator.
struct UnaryCall {
    kernels::UnaryOp op = kernels::UnaryOp::Copy;
    float p = 0;
    float q = 0;
};
/// Nothing where the operator is not a unary float operator with a kernel.
std::optional<UnaryCall> unaryCall(const graph::Node& node);

} // namespace qs::exec
