#pragma once

#include "core/base/error.h"
#include "core/onnx/preparation_facts.h"

#include "quantoscope_onnx.pb.h"

#include <map>
#include <string>

namespace qs::onnx {

/// Rewrites a file into one of standard operators that the importer has rules for, value names kept:
///   - calls of the file's own functions are replaced by their bodies,
///   - an If whose condition is known by the branch that it takes,
///   - fused operators of ONNX Runtime (com.microsoft) and newer ones of ONNX (Attention, RMSNormalization,
///     RotaryEmbedding, ...) by the operators that define them (core/onnx/prepare/expansions.h).
/// New nodes and values are named after the node that they stand for. What cannot be expanded is left, for the
/// importer to name. `expanded`: how many of each operator, "com.microsoft:BiasGelu" -> 12. Errors: Malformed
/// (functions that call themselves, a call with too many inputs), TooLarge (more than 2^18 nodes), Unsupported (a
/// form of a known operator that has no expansion), each naming the node.
Result<void> prepare(quantoscope_onnx::ModelProto& model, const PreparationFacts& facts,
                     std::map<std::string, int>* expanded = nullptr);

} // namespace qs::onnx
