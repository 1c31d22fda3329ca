#pragma once

#include "core/exec/ops/convolution.h"
#include "core/exec/ops/product.h"
#include "core/exec/ops/transposed.h"
#include "core/exec/step.h"
#include "core/exec/weight_cache.h"
#include "core/kernels/gemm.h"

#include <memory>
#include <string>

namespace qs::exec {

/// What is done to the results of a product before they are stored.
struct Tail {
    Operand bias; ///< Constant, one value an output channel; absent: none
    kernels::Activation activation = kernels::Activation::None;
    Operand residual; ///< absent: none
    std::string text() const;
};

/// What follows a product, for people.
std::string textOf(bool bias, kernels::Activation activation, bool residual);

using PackedWeight = std::shared_ptr<const WeightCache::Entry>;

/// dst [rows, n] = tail(src [rows, k] * weight). src and the residual are given as matrices with adjacent columns.
std::unique_ptr<Step> makeLinearStep(Operand src, PackedWeight weight, Tail tail, Operand dst);

/// dst = tail(alpha * a b) for batches of matrices: a, b, the residual and dst of any strides, but adjacent columns
/// in a, the residual and dst. b is packed for each batch.
std::unique_ptr<Step> makeMatMulStep(Operand a, Operand b, float alpha, Operand residual, Operand dst);

/// Convolution that writes channels last: dst [batch, outputs, ...] with strides of [batch, plane, outputs]; patches
/// of src (contiguous) times packed weights [patch, outputs].
std::unique_ptr<Step> makePatchConvStep(const ConvPlan& plan, Operand src, PackedWeight weight, Tail tail,
                                        Operand dst);

/// Convolution that writes channels first: weights [outputs, patch + 1], the bias in the last column, times patches.
std::unique_ptr<Step> makePlaneConvStep(const ConvPlan& plan, Operand src, Tensor weightAndBias, Tail tail,
                                        Operand dst);

/// Depthwise convolution; weights [channels, kh, kw].
std::unique_ptr<Step> makeDepthwiseStep(const ConvPlan& plan, Operand src, Tensor weight, Tail tail, Operand dst);

/// Transposed convolution, contiguous; weights as in the node. The tail has no residual.
std::unique_ptr<Step> makeTransposedConvStep(const TransposedPlan& plan, Operand src, Tensor weight, Tail tail,
                                             Operand dst);

} // namespace qs::exec
