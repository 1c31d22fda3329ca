#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/exec/program.h"

#include <optional>

namespace qs::quant {

/// Whether the labels are told clearly better from the images of another usual preprocessing
/// (ImageSource::alternatives) than from these. With d_i the difference of an image's negative log likelihood
/// -log softmax(logits)[label] under this preprocessing and under the other, in nats, over n <= 32 labelled images
/// spread over the first `count`: the other is named where
///   mean(d) > 0.3 and mean(d) / (sd(d) / sqrt(n)) > 4.5,
/// and the mean likelihood under the other is that much better than chance, log(classes) (labels that fit under none
/// are another fault), for the alternative of the largest mean. The limits
/// are chosen, and tried on four networks (FIGURES.md). Eight images decide first whether an alternative is worth the
/// others. Under 16 labelled images nothing is said; without labels nothing can be: the entropy of the outputs
/// misleads. `own`: outputs [>= count, classes] of `program`, which is the float `graph`, on `images`. Errors: the
/// images', Cancelled. An alternative under which the network overflows is none.
Result<std::optional<Doubt>> preprocessingDoubt(const graph::Graph& graph, const exec::Program& program,
                                                const exec::ImageSource& images, std::size_t count, const Tensor& own,
                                                const Context& context);

} // namespace qs::quant
