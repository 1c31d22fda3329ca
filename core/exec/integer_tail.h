#pragma once

#include "core/exec/integer_steps.h"
#include "core/exec/integers.h"

namespace qs::exec {

/// What belongs to the sums of a Linear: -za (sum of the column) + bias codes, and sa sb(j), in float. The order is
/// that of ONNX Runtime's QGemm (1.21 and newer, and every version for Gemm).
IntegerTail tailOf(const IntegerProduct& product, const kernels::IntegerView& weight);

/// Results become codes of `grid`. Where nothing stands between the product and its quantizer, the scale is that of
/// both, as in the runtime's fused kernels: sa sb(j) / sy, one multiplication.
void requantize(IntegerTail& tail, const kernels::QuantGrid& grid);

} // namespace qs::exec
