#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qs::kernels {

/// What a reduction gathers of its values.
enum class Fold : uint8_t {
    Sum,      ///< starts from 0
    Absolute, ///< sum of |x|
    Square,   ///< sum of x^2
    Max,      ///< starts from -inf; NaN if any value is NaN
    Min,      ///< starts from +inf; NaN if any value is NaN
};

/// The fold of all of x, in double: 16 lanes, lane l over x[l], x[l + 16], ..., then halves of the lanes together.
/// Squares are exact in double. Bit-equal to the reference on every target. Any alignment.
double foldRow(Fold fold, std::span<const float> x);

/// sums[i] = sums[i] folded with x[i]: one row of a reduction over the rows. Sizes equal; bit-equal to the reference.
void foldInto(Fold fold, std::span<const float> x, std::span<double> sums);

/// One row of a cumulative sum down the rows: sums[i] += x[i] in double, y[i] = sums[i] rounded to float, before the
/// addition where `exclusive`. Sizes equal; y may be x. Bit-equal to the reference.
/// Source: ONNX CumSum, opset 14.
void cumulateInto(std::span<const float> x, std::span<double> sums, std::span<float> y, bool exclusive);

/// What a fold of nothing is.
double foldStart(Fold fold);

namespace reference {
double foldRow(Fold fold, std::span<const float> x);
void foldInto(Fold fold, std::span<const float> x, std::span<double> sums);
void cumulateInto(std::span<const float> x, std::span<double> sums, std::span<float> y, bool exclusive);
} // namespace reference

} // namespace qs::kernels
