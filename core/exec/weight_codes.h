#pragma once

#include "core/base/tensor.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace qs::exec {

/// A weight as integers: value(i, j) = code(i, j) * scale(j), bit by bit.
struct WeightCodes {
    Tensor codes;             ///< Int8 [k, n], within [-128, 127]
    std::vector<float> scale; ///< [n], > 0
};

/// The codes behind dequantized values [k, n], found in the values themselves: the largest magnitude of a column is
/// some code c <= 128 times the scale, and the smallest c with which every value is a code times that scale, rounded
/// to float, is taken. So what is multiplied is what the simulation says, whoever made it, and nothing
/// where that has no such form (float weights, zero points, wide codes). Where all codes of a column have a common
/// divisor, they are found without it (of 8-bit grids: never seen). A column of zeros has scale 1.
std::optional<WeightCodes> codesOf(const Tensor& values);

/// The codes of a bias on given scales: value(j) = code(j) * scale(j), bit by bit, |code| < 2^31; else nothing.
std::optional<std::vector<int32_t>> biasCodes(const Tensor& values, const std::vector<float>& scale);

} // namespace qs::exec
