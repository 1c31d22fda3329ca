#pragma once

#include <cstddef>
#include <span>

namespace qs::tasks {

/// Losses of one image and their derivatives by the outputs; gradient: empty, or of the outputs' size, to which the
/// derivative times `weight` is added. All are 0, with gradient 0, where both have the same bits.

/// Positions × classes: KL(softmax(r) ‖ softmax(z)), nats, mean over the positions. Element (p, c) lies at
/// p · positionStride + c · classStride. Rows that are probabilities count as their logarithms.
///   dL/dz = (q - p) / positions
double klByPosition(std::span<const float> reference, std::span<const float> row, std::size_t positions,
                    std::size_t classes, std::size_t positionStride, std::size_t classStride,
                    std::span<float> gradient, double weight = 1);

/// Independent classes: sum over them of KL(Bernoulli(σ(r)) ‖ Bernoulli(σ(z))), nats, mean over the values.
double binaryKl(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
                double weight = 1);

/// sum (z - r)² / sum r².
double relativeSquares(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
                       double weight = 1);

/// 1 - <r, z> / (|r| |z|), mean over vectors of `length` that lie one after another.
double cosineDistance(std::span<const float> reference, std::span<const float> row, std::size_t length,
                      std::span<float> gradient, double weight = 1);

} // namespace qs::tasks
