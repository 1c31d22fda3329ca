#pragma once

#include "core/base/doubt.h"
#include "core/base/tensor.h"
#include "core/exec/output_form.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qs::quant {

/// Labels that fit far better when all of them are moved by one (classes counted from 1, or a background class before
/// them). With k_s of n labelled images whose top-1 is label + s, for s = -1 and +1:
///   k_s >= n / 5, in at least 3 classes, and P(X >= k_s) < 1e-6 for X ~ B(k_0 + k_s, 1/2)
/// which no chance level reaches (the sets of images of k_0 and k_s are disjoint, so under "both fit alike" each is
/// as likely), and neither does a network that says the same class for everything. logits: [>= labels.size(),
/// classes].
std::optional<Doubt> labelShift(const Tensor& logits, std::span<const std::optional<int>> labels);

/// That the outputs are no logits and what is made of it; nothing for logits.
std::optional<Doubt> outputDoubt(exec::OutputForm form);

/// That the network chooses by its own scores what stands where in its outputs: the quantized network may have the
/// same elsewhere.
Doubt placesDoubt();

/// [{"kind": ..., "message": ..., "cure": ..., "evidence": {...}}, ...] as JSON text.
std::string doubtsToJson(std::span<const Doubt> doubts);

} // namespace qs::quant
