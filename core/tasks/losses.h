#pragma once

#include <cstddef>
#include <span>

namespace qs::tasks {

// Losses of one image that tasks have beside those of core/exec/losses.h; gradient, weight and equality as there.

/// Independent classes: sum over them of KL(Bernoulli(σ(r)) ‖ Bernoulli(σ(z))), nats, mean over the values.
double binaryKl(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
                double weight = 1);

/// 1 - <r, z> / (|r| |z|), mean over vectors of `length` that lie one after another.
double cosineDistance(std::span<const float> reference, std::span<const float> row, std::size_t length,
                      std::span<float> gradient, double weight = 1);

} // namespace qs::tasks
