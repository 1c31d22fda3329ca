#pragma once

#include "core/base/error.h"
#include "core/onnx/prepare/rename.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <map>
#include <string>

namespace qs::onnx {

constexpr int kMaxPreparedNodes = 1 << 16;

/// One round; true where something was replaced. Functions: every call that the node list has. Branches: every If
/// whose condition `branches` knows (by its first output that has a name).
Result<bool> inlineFunctions(quantoscope_onnx::ModelProto& model, TakenNames& names, std::size_t& copied);
Result<bool> inlineBranches(quantoscope_onnx::ModelProto& model, const std::map<std::string, bool>& branches,
                            TakenNames& names, std::size_t& copied);
/// The name by which a node is known: that of its first output that has one.
std::string firstOutput(const quantoscope_onnx::NodeProto& node);

} // namespace qs::onnx
