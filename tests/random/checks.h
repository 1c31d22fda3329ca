#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/onnx/import.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace qs::random_tests {

/// Something that is not as it must be.
struct Finding {
    std::string check; ///< "executor and interpreter", "second run", "switch views", ...
    double difference = 0;
    double tolerance = 0;
    std::string guilty; ///< what the difference goes away without; or where it is
};
nlohmann::json toJson(const std::vector<Finding>& findings);

/// max |a - b|; infinity where one is not finite and the other is.
double distance(std::span<const float> a, std::span<const float> b);

/// The interpreter's output, and how far the network carries roundings: it runs twice more with every value changed
/// by ± 1e-6 (|v| + max |v| / 10) (integers stay: zeros of Relu, codes). The tolerance is 8 times the largest change
/// of the output plus 2e-6 of its largest value; no kernel rounds as badly, and an ill-conditioned network raises no
/// alarm.
struct Judged {
    Tensor output;
    double tolerance = 0;
};
Result<Judged> judgedOutput(const onnx::Model& model, const Tensor& input);

/// Changes values as above, by `size` instead of 1e-6; `draw` numbers the draws.
void perturb(Tensor& value, std::uint64_t draw, float size = 1e-6F);

/// The float network in the optimised executor at the best target and one other, with one and two threads, twice on
/// the same memory, with poisoned memory, with every switch off by itself, imported without every rewrite; all
/// against the interpreter. Roundings that must not depend on a setting (threads, memory) are compared bit by bit.
/// logits: the executor's. `light`: the executor alone.
struct FloatChecks {
    std::vector<float> logits;
    double tolerance = 0;
    std::vector<Finding> findings;
    std::size_t comparisons = 0;
};
Result<FloatChecks> checkFloat(const std::filesystem::path& path, const onnx::Model& model,
                               std::span<const float> image, std::uint64_t seed, bool light);

/// A random recipe (preset, bits, coverage, patches of single sites), calibrated on `images` and simulated. Site by
/// site and for the output: what the executor has there against what the interpreter computes from the executor's own
/// values at the sites before (so that a code that rounds otherwise is no difference), within the tolerance of that
/// part. Every product whose operands have codes, or one of them, and no smoothing: its output is within
///   eps_x ∗ |w| + |x| ∗ eps_w + eps_x ∗ eps_w
/// of the float product's, eps being half a step and what is clipped (∗: the product itself).
/// Writes STEM.export.onnx, STEM.sites (the executor's values) and STEM.logits for ONNX Runtime's part. The file is
/// read again: what the interpreter computes of it is the interpreter's simulation, within the tolerance of
/// judgedOutput.
struct QuantizedChecks {
    std::vector<Finding> findings;
    std::string refused; ///< the step and why; "" if none
    std::size_t sites = 0, bounded = 0;
    double worstBound = 0; ///< largest share of the bound that was used
    nlohmann::json recipe, exported;
};
QuantizedChecks checkQuantized(const std::string& stem, const onnx::Model& model, std::vector<float> images,
                               std::uint64_t seed);

} // namespace qs::random_tests
