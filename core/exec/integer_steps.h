#pragma once

#include "core/exec/step.h"
#include "core/exec/weight_cache.h"
#include "core/kernels/activation.h"
#include "core/kernels/integer_gemm.h"
#include "core/kernels/quantize.h"

#include <memory>
#include <optional>

namespace qs::exec {

using PackedCodes = std::shared_ptr<const WeightCache::IntegerEntry>;

/// What is done to the sums of an integer product, see kernels::IntegerEpilogue.
struct IntegerTail {
    Tensor offset; ///< Int32 [n]: zero-point corrections and bias codes
    Tensor scale;  ///< Float32, [n]
    Tensor bias;   ///< Float32 [n]; empty: none
    float alpha = 1;
    kernels::Activation activation = kernels::Activation::None;
    Operand residual;                        ///< absent: none
    std::optional<kernels::QuantGrid> codes; ///< results are codes of this grid, else floats
    std::string text() const;
};

/// dst = codes of src: code(x) as core/kernels/quantize.h has it. src: floats of any strides; dst: UInt8 of the same
/// shape, where the dimension that is densest in src is dense too (see denseStrides).
std::unique_ptr<Step> makeQuantizeStep(std::string name, const kernels::QuantGrid& grid, Operand src, Operand dst);

/// Strides without gaps that keep the order of a view's strides: for a copy of it that can be made in long runs.
Shape denseStrides(const Shape& shape, const Shape& strides);

/// dst [rows, n] = tail(src [rows, k] * weight), src UInt8 with adjacent columns, dst Float32 or, with tail.codes,
/// UInt8.
std::unique_ptr<Step> makeIntegerLinearStep(Operand src, PackedCodes weight, IntegerTail tail, Operand dst);

/// dst = tail(alpha * a b) for batches of matrices of codes, as makeMatMulStep; of the tail, alpha and the residual.
std::unique_ptr<Step> makeIntegerMatMulStep(Operand a, const kernels::QuantGrid& aGrid, Operand b,
                                            const kernels::QuantGrid& bGrid, float alpha, Operand residual,
                                            Operand dst);

} // namespace qs::exec
