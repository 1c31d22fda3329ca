#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/search/trace.h"
#include "core/stats/calibration.h"
#include "core/tasks/task.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::search {

/// What must not be exceeded at the end. At least one is set.
struct Budget {
    std::optional<double> meanWeightBits;     ///< over the elements of the searched weights
    std::optional<double> meanActivationBits; ///< over the elements of the searched activations
    std::optional<std::size_t> modelBytes;    ///< Plan::modelBytes
    std::optional<double> bops;               ///< Plan::bops
    friend bool operator==(const Budget&, const Budget&) = default;
};

enum class Performance {
    KlDivergence, ///< mean KL(softmax(float) ‖ softmax(quantized)) of the images, nats; needs no labels
    Top1,         ///< share of wrong top-1 on the labelled images
};

struct Options {
    Budget budget;
    Mode mode = Mode::Table;
    Performance performance = Performance::KlDivergence;
    int minBits = 3;
    int maxBits = 8;         ///< where units start that a budget is about, unless `fromRecipe`
    bool fromRecipe = false; ///< start from the recipe's own bits: continue an edited or stopped allocation
    /// Table mode: measure three bits below the start and then every second bit, and take the widths between by the
    /// law that noise power, and KL with it, grows fourfold a bit. Less than half the time. Lazy mode: start from
    /// that table, and measure again what is three bits below, and only where the loss has changed by a quarter: what
    /// one bit changes at 8 bits is less than the chance in 64 images.
    bool interpolate = true;
    bool fill = true;         ///< afterwards raise units again where the budget allows
    std::size_t images = 64;  ///< images that the performance is measured on, spread over the source
    tasks::ChosenTask task{}; ///< whose loss is the performance; none: guessed from the outputs
    std::size_t checkpointBytes = std::size_t{512} << 20; ///< memory for what is not computed again
};

struct Outcome {
    quant::Recipe recipe; ///< the start's with overrides of bits
    Trace trace;
    double loss = 0;  ///< measured at the end, in every mode; a sum of table entries where that was cancelled
    bool met = false; ///< within the budget; false where cancelled, or where locks and minBits forbid it
    bool cancelled = false;
    std::vector<Doubt> doubts{}; ///< outputs that are no logits: the loss is of their logarithm
};

/// Greedy mixed precision: units (quantized weights and activations) are lowered one bit at a time, always the one
/// that loses the least performance per cost gained,
///   score(u) = (L(bits with u lowered) - L(bits)) / (C(bits) - C(bits with u lowered)),
/// until the budget is met; then raised again while that fits, the largest gain per cost first. C is what is used of
/// the budget; with several budgets the sum over those that are still exceeded. (Their maximum would not do: two
/// that are exceeded alike are both above every single step.) Units that no budget is about keep the recipe's bits.
/// Ties go to the earlier site. The result does not depend on the number of threads. `onStep` is called from the
/// calling thread after every step, with the trace up to it.
/// A cancelled search returns what it has, with `cancelled` set.
/// Source: MPTQ-ViT (arXiv 2401.14895); the score is a reconstruction: the paper names performance and
/// compressibility. Errors: InvalidArgument (no budget, no unit, no images, no labels for Top1), the images',
/// NotFinite.
Result<Outcome> greedyMixedPrecision(const graph::Network& network,
                                     std::shared_ptr<const stats::Calibration> calibration,
                                     const quant::Recipe& recipe, const exec::ImageSource& images,
                                     const std::shared_ptr<exec::WeightCache>& weights, const Options& options,
                                     const Context& context,
                                     const std::function<void(const Trace&, const Step&)>& onStep = {});

} // namespace qs::search
