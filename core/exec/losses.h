#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qs::exec {

/// Losses of outputs z against those of the float network, r, and their derivatives; in double. `gradient`: empty, or
/// of the row's size, to which the derivative times `weight` is added. All are 0, with nothing added, where both have
/// the same bits: a gradient taken in the float network itself, as PTQ4ViT's released code does, is zero.

/// log softmax(scores).
std::vector<double> logSoftmax(std::span<const float> scores);

/// KL divergence of logits, nats:
///   L = KL(softmax(r) ‖ softmax(z)) = sum_k p_k (log p_k - log q_k),   dL/dz = q - p,   p = softmax(r), q =
///   softmax(z)
double klDivergence(std::span<const float> reference, std::span<const float> logits, std::span<float> gradient = {},
                    double weight = 1);

/// The same at positions × classes, mean over the positions. Element (p, c) lies at
/// p · positionStride + c · classStride. Where a row of the reference is a distribution (isDistribution) both rows
/// are probabilities y, whose logits are log y:  dL/dy = dL/dz / y.
double klByPosition(std::span<const float> reference, std::span<const float> row, std::size_t positions,
                    std::size_t classes, std::size_t positionStride, std::size_t classStride,
                    std::span<float> gradient, double weight = 1);

/// L = sum (z - r)² / sum r²,   dL/dz = 2 (z - r) / sum r²          (sum r² = 0: without the division)
double relativeError(std::span<const float> reference, std::span<const float> row, std::span<float> gradient = {},
                     double weight = 1);

} // namespace qs::exec
