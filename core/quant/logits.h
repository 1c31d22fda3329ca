#pragma once

#include "core/base/tensor.h"

#include <cstddef>
#include <span>
#include <vector>

namespace qs::quant {

/// Softmax in double.
std::vector<double> softmax(std::span<const float> logits);
/// Classes of the largest logits, best first; equal ones by their number.
std::vector<int> topClasses(std::span<const float> logits, std::size_t count);

/// Differences between two networks' logits [images, classes], first `images` rows.
struct LogitDifference {
    double sqnrDb = 0;        ///< 10 log10(sum l² / sum (l - l')²); +inf where equal
    double relativeError = 0; ///< sum (l - l')² / sum l²
    double cosine = 1;        ///< sum l l' / sqrt(sum l² sum l'²)
    double maxDifference = 0; ///< largest |l - l'|
    double klDivergence = 0;  ///< mean over the images
};
LogitDifference compareLogits(const Tensor& reference, const Tensor& other, std::size_t images);

/// 10 log10(signal / error); +inf where the error is 0.
double decibels(double signal, double error);

} // namespace qs::quant
