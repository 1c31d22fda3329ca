#pragma once

#include "core/onnx/export_task.h"

namespace qs::onnx {

/// γ̂ and β̂ of smoothing, noise and bias correction in place of the constants of a LayerNormalization or
/// BatchNormalization, fused or spelled out; Mul and Add of their own where the file has none. Errors: Unsupported (a
/// form that cannot be edited), naming the node.
Result<void> editNormalization(const ExportTask& task, NodeId id);

} // namespace qs::onnx
