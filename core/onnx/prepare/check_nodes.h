#pragma once

#include "core/base/error.h"

#include "quantoscope_onnx.pb.h"

namespace qs::onnx {

/// What every pass over a file relies on, of all its nodes, those of subgraphs and functions included: a first
/// output, attributes that say what they hold and hold it, under the type that ONNX gives to an attribute of this
/// name in every operator, values produced once, and no reference to a function's attribute outside of functions.
/// Errors: Malformed, naming the node.
Result<void> checkFileNodes(const quantoscope_onnx::ModelProto& model);

} // namespace qs::onnx
