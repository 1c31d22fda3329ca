#pragma once

#include "core/onnx/export.h"
#include "core/onnx/export_edit.h"

#include <map>
#include <string>
#include <vector>

namespace qs::onnx {

/// Which kernels ONNX Runtime's CPU provider will choose for the nodes of an exported model, by its QDQ fusion rules
/// (1.20 to 1.31, measured):
///   Linear  int8 (QGemm, MatMulIntegerToFloat, QLinearMatMul) if input and weight come from DequantizeLinear of
///           8-bit integers with zero points and the bias, if any, is int32; also with a float bias where the batch
///           is dynamic (the fusion to a float Gemm needs static shapes)
///   MatMul  int8 if both operands are quantized
///           (neither where a QuantizeLinear and something else read the output, nor where a Relu or Clip alone
///           reads it, with one reader of its own, whose codes do not make it redundant: see Conv)
///   Conv    int8 (QLinearConv) if a QuantizeLinear, and nothing else, reads its output, as it is or reshaped and
///           transposed (the runtime moves the quantizer before them), or after a Relu or Clip that the codes make
///           redundant (zero point at the lowest code; a range within the bounds); otherwise float
/// and everything else computes in float or only moves data. Multiply-accumulates are of one image.
std::vector<NodePrecision> predictPrecision(const Model& model, const std::map<NodeId, ProductForm>& forms);

/// Fills in ProductForm::quantizedOutput, mixedReaders and limited from a finished file. Where the batch is not
/// dynamic, readers that ask for the shape alone do not count.
void findQuantizedOutputs(const quantoscope_onnx::GraphProto& file, bool dynamicBatch,
                          std::map<NodeId, ProductForm>& forms);

/// Names of the layers whose weights can saturate the 16-bit sums of x86 CPUs without VNNI (quant/saturation.h) with
/// the codes that their input has; symmetric activations are moved to 0..255 by the runtime.
std::vector<std::string> saturatingLayers(const Model& model, const quant::Plan& plan);

} // namespace qs::onnx
