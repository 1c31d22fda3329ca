#pragma once

#include "core/onnx/prepare/inline.h"

#include "quantoscope_onnx.pb.h"

#include <map>
#include <string>

namespace qs::onnx {

/// Whether the type is a float that the engine computes in float32: float16, bfloat16, double.
bool isOtherFloat(int32_t fileType);

/// Values of a file whose nodes compute in float16 or bfloat16, and which of them: what a node makes of an input of
/// such a type, but for Cast, Shape and Size. Functions and branches must be in line.
std::map<std::string, int32_t> narrowValues(const quantoscope_onnx::GraphProto& graph);

/// The nodes of a file in float32, whatever floats it has. What is exact stays exact: float16 and bfloat16 are
/// float32 numbers.
///   inputs and outputs of these types    keep them, with a Cast behind or before
///   Cast to them                         to float32; rounding of activations to 16 bits is left out, but for the
///                                        file's input, which the importer rounds (ownArithmetic says what it
///                                        changes, core/onnx/second_opinion.h)
///   tensors in attributes, value_info    float32
/// Initializers are left: the importer reads them as float32, the export calls floatTensors at its end.
/// Returns how many things of which type there were, initializers included.
std::map<std::string, std::size_t> computeInFloat(quantoscope_onnx::ModelProto& model, TakenNames& names);

/// Initializers of other floats in a file whose nodes compute in float32. Of float16 and bfloat16, those of 32
/// elements and more stay, with a Cast to float32 that ONNX Runtime runs once at loading; smaller ones, and doubles,
/// become float32 (doubles rounded). External data must be inline. Errors: Malformed (data of the wrong length).
Result<void> floatTensors(quantoscope_onnx::ModelProto& model);

} // namespace qs::onnx
