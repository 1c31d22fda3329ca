#pragma once

#include "core/base/context.h"

namespace qs::exec {

/// Beside the executions that core/base/context.h names: the fast executor, and products whose operands both have
/// codes (see integers.h) run on them, in the arithmetic of the exported file in ONNX Runtime's CPU provider (QGemm
/// of 1.21 and newer). Everything else computes in float as with Execution::Float.
inline constexpr Execution kInteger = static_cast<Execution>(3);

} // namespace qs::exec
