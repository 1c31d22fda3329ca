#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace qs::onnx {

class ExportFile;

/// Raises the file's nodes to a newer opset of the standard domain without changing what they compute:
///   10 Slice, TopK: attributes become inputs; Upsample becomes Resize   11 Clip, Pad: attributes become inputs;
///   Resize says its coordinates   12 Dropout: no ratio   13 Squeeze, Unsqueeze, ReduceSum, Split: axes and sizes
///   become inputs; Softmax, LogSoftmax: the flattened form becomes one axis   18 the other reductions: axes become
///   an input; Split: num_outputs   14..17, 19..21: nothing that concerns an existing node of the operators below.
/// `rank` gives the rank of a value of the imported graph, by name (Softmax needs it).
/// Does nothing where the opset is `target` or newer. Nodes keep their positions. The oldest opset is 9.
/// Errors: Unsupported, naming the node (an operator that is not known here, a Softmax over several axes).
Result<void> convertOpset(ExportFile& file, int64_t target,
                          const std::function<std::optional<std::size_t>(const std::string&)>& rank);

/// Whether nodes of a standard operator mean the same in both opsets, as far as is known.
bool meansTheSame(std::string_view op, int64_t a, int64_t b);

/// IR version that goes with an opset, as its release of ONNX has it.
int64_t irVersionOf(int64_t opset);

} // namespace qs::onnx
