#pragma once

#include "core/base/error.h"
#include "core/exec/simulation.h"
#include "core/quant/estimator.h"
#include "core/quant/grid_error.h"
#include "core/quant/level_grids.h"
#include "core/quant/output_error.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qs::quant {

/// What a quantizer makes of the statistics of an activation.
struct ActivationNumbers {
    Range range;                                 ///< chosen; the hull where channels differ
    UniformGrid grid;                            ///< of uniform quantizers; empty where `levels` says more
    LevelGrid levels;                            ///< of the others
    std::shared_ptr<const exec::ElementMap> map; ///< never null
    GridError error;                             ///< expected, over all values
};

/// What a quantizer works from.
struct QuantizerInput {
    const stats::SiteStatistics& statistics; ///< after smoothing
    const SiteSettings& settings;
    const OutputMetric* output =
        nullptr; ///< null: the readers are not products with constant weights, or not asked for
};

/// What a search with the whole layer tries; the first is where it begins.
struct RangeCandidates {
    std::vector<ActivationNumbers> numbers;
    bool partnersFloat = false; ///< against the float values of the other operand (as PTQ4ViT's release for softmax)
};

/// A way to turn activations into codes. One file in core/quant/quantizers defines it, one line of quantizers.cpp
/// lists it; SiteSettings::quantizer names it.
struct QuantizerDef {
    std::string_view name;        ///< in recipes, e.g. "uniform"
    std::string_view title;       ///< for people
    std::string_view description; ///< one sentence, with the source
    /// Whether the values suit it (log: none below 0). The window offers it there; resolve says why not elsewhere.
    bool (*suits)(const stats::SiteStatistics& statistics);
    /// Errors: InvalidArgument (settings that this quantizer does not take); `where` is left to the caller.
    Result<ActivationNumbers> (*resolve)(const QuantizerInput& input);
    /// Candidates of EstimatorKind::Search, by settings.estimator.search; null where a layer cannot search it. Errors
    /// as above.
    Result<RangeCandidates> (*candidates)(const QuantizerInput& input) = nullptr;
    /// Sites of this role alone take it; nullopt: all.
    std::optional<graph::Role> role = {};
    /// Values below 0 have no level: resolve() refuses them.
    bool refusesNegative = false;
    /// The LayerNormalization that reads the codes computes in integers (kernels/integer_norm.h), where what reads
    /// its result has one step. No file can hold it.
    bool integerNorm = false;
    /// Where its levels lie (ratios, splits) is searched, by settings.objective.
    bool searchesLevels = false;

    bool suitsRole(graph::Role other) const { return !role || *role == other; }
};

/// All quantizers, "uniform" first.
std::span<const QuantizerDef> quantizers();
/// Null where there is none of this name.
const QuantizerDef* findQuantizer(std::string_view name);

} // namespace qs::quant
