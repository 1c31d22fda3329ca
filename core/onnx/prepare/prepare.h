#pragma once

#include "core/base/error.h"
#include "core/onnx/preparation_facts.h"

#include "core/onnx/prepare/quantizers.h"
#include "core/onnx/tensor_reader.h"

#include "quantoscope_onnx.pb.h"

#include <map>
#include <string>

namespace qs::onnx {

/// What preparing a file found.
struct PreparationReport {
    std::map<std::string, int> expanded;       ///< how many of each operator, "com.microsoft:BiasGelu" -> 12
    std::map<std::string, std::size_t> floats; ///< floats that are computed in float32: how many of which type
    std::map<std::string, int32_t> narrow;     ///< values that the file computes in 16 bits: narrowValues
    std::vector<FileQuantizer> quantizers;     ///< of a file that is already quantized
    std::map<std::string, int> replaced;       ///< of its operators: those that compute with codes
};

/// Rewrites a file into one of standard operators that the importer has rules for, value names kept:
///   - calls of the file's own functions are replaced by their bodies,
///   - an If whose condition is known by the branch that it takes,
///   - nodes of float16, bfloat16 and double compute in float32 (prepare/floats.h),
///   - operators of codes by float ones between QuantizeLinear and DequantizeLinear (prepare/codes.h), and, for
///     the float network behind a quantized file, these are taken out (prepare/quantizers.h),
///   - fused operators of ONNX Runtime (com.microsoft) and newer ones of ONNX (Attention, RMSNormalization,
///     RotaryEmbedding, ...) by the operators that define them (core/onnx/prepare/expansion.h),
///   - a product with a weight on its left by one with a weight on its right (core/onnx/prepare/left_products.h).
/// New nodes and values are named after the node that they stand for. What cannot be expanded is left, for the
/// importer to name. Errors: Malformed (functions that call themselves, a call with too many inputs), TooLarge (more
/// than 2^16 nodes), Unsupported (a form of a known operator that has no expansion), each naming the node; those of
/// `reader`.
Result<void> prepare(quantoscope_onnx::ModelProto& model, const PreparationFacts& facts, TensorReader& reader,
                     PreparationReport* report = nullptr);

} // namespace qs::onnx
