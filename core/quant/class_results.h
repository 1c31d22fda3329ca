#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/quant/evaluate.h"

#include <cstddef>
#include <cstdint>

namespace qs::quant {

/// Errors: InvalidArgument, naming the first image whose label is outside the classes.
Result<void> checkLabels(const exec::ImageSource& images, std::size_t count, int64_t classes);

/// What is known of class scores: Evaluation's results by image, top1 to floatTop5, lost, gained, agreement, KL, SQNR
/// and the doubt of shifted labels. floatLogits, logits: [>= count, classes].
void addClassResults(const exec::ImageSource& images, std::size_t count, const Tensor& floatLogits,
                     const Tensor& logits, Evaluation& evaluation);

} // namespace qs::quant
