#pragma once

#include "core/onnx/export_task.h"

#include <string>

namespace qs::onnx {

/// int32 -> DequantizeLinear with scale_x · scale_w, before the node at `before`; the name of its value. weight: the
/// site of the layer's weight.
std::string addIntegerBias(const ExportTask& task, const graph::Site& weight, const quant::BiasPlan& bias,
                           int before);

/// `bias`, a value, becomes the bias of the layer whose product stands at `position`: in Gemm, Conv, or the Add after
/// a MatMul. Where the importer folded more into the layer than one bias (a second Add, a BatchNormalization), all of
/// these leave and the layer gets one bias of its own. Errors: Unsupported (a layer whose nodes cannot be edited).
Result<void> replaceBias(const ExportTask& task, NodeId id, int position, const std::string& bias);

} // namespace qs::onnx
