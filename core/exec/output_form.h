#pragma once

#include "core/base/tensor.h"
#include "core/graph/graph.h"

#include <cstdint>
#include <span>

namespace qs::exec {

/// What a network's outputs of one image are. Divergences, logit SQNR and gradients are taken of logits; outputs of
/// another form are first brought back to logits, so that a network gives the same figures with and without its last
/// activation.
enum class OutputForm : uint8_t {
    Logits,
    Probabilities, ///< of a softmax: log p are logits (up to a constant of each image, which no softmax sees)
    Sigmoids,      ///< each for itself: log(p / (1 - p)) are logits
};

/// Whether values are not negative and sum to one (within 5e-3: outputs of half precision), of at least two classes.
bool isDistribution(std::span<const float> values);

/// Probabilities: every row is a distribution, whatever made it. Sigmoids: the last operator, but for changes of
/// shape, is a Sigmoid (ONNX Sigmoid, opset 13) and all values are in [0, 1]. outputs: [images, classes].
OutputForm outputForm(const graph::Graph& graph, const Tensor& outputs);

/// The logits that give such outputs. p is taken as at least 1e-30, and at most 1 - 2^-24 for sigmoids, so all
/// results are finite. The same tensor for logits.
Tensor asLogits(const Tensor& outputs, OutputForm form);

/// One row of asLogits(Probabilities). src and dst: the same size, perhaps the same memory.
void logProbabilities(std::span<const float> src, std::span<float> dst);

} // namespace qs::exec
