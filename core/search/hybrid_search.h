#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/graph/network.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"
#include "core/tasks/task.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace qs::search {

// Q-HyViT: for every layer a joint search over step Δ, granularity g (tensor, channel) and scheme s (symmetric,
// asymmetric) for the smallest
//     E(Δ, g, s) = sum over images and elements of  (∂L/∂O)² (Ô - O)²
// O: the layer's own output, or, where it belongs to a bridge block, the output of the block, with all layers of the
// block quantized as they were last chosen. ∂L/∂O: of L = KL(softmax(float) || softmax(quantized)), taken in the
// network that the start recipe quantizes (in the float network itself it would be 0), straight through quantizers.
//     Δ = factor · Δ0,  factors of the grid;  Δ0, and the asymmetric range: EstimatorKind::Scaled
// Each round of a layer (or block) goes through its sites in the order of execution, an operator's input first, then
// its weight; ends after `grid.rounds` or when nothing changes any more. What a site has before is among the
// candidates and wins ties, so no step makes the error of its layer larger; equals: fewer scales first, symmetric
// first, small factors first. Source: Q-HyViT (arXiv 2303.12557), equations and algorithm 1 from digests of the
// paper. Reconstructed: one factor a site for all its channels; layers of a block downstream of the searched one are
// quantized too. Its released code has neither g nor s nor asymmetric grids; HybridOptions and a recipe with
// channel-wise depthwise inputs give that.

struct HybridOptions {
    quant::SearchGrid grid{0.01, 1.2, 100, 3, false}; ///< of the paper's code
    bool granularity = true;                          ///< else that of the recipe
    bool scheme = true;                               ///< else that of the recipe
    bool channelActivations = true; ///< else activations keep one scale: what integer kernels can run
    bool importance = true;         ///< squared gradients; else 1: plain squared error
    bool bridges = true;            ///< else every layer by its own output
    std::size_t images = 32;        ///< of the source, spread evenly
    tasks::ChosenTask task{};       ///< whose loss the gradients are of; none: guessed from the outputs
    bool wholeCurves = false;       ///< no candidate ends early: exact curves, the same choices, much slower
    /// Of recorded values; layers are searched in groups that fit, each group with a pass of its own over the images.
    std::size_t memoryBytes = std::size_t{2} << 30;
};

/// Errors of one granularity and scheme over the factors, in the last round that looked at the site. Exact where they
/// matter, see candidate_race.h.
struct HybridCurve {
    quant::Scheme scheme = quant::Scheme::Symmetric;
    quant::Granularity granularity = quant::Granularity::Tensor;
    std::vector<double> errors; ///< by factor
};

struct HybridChoice {
    SiteId site;
    int bridge = -1;      ///< judged by the output of this bridge block; -1: by its own
    double before = 0;    ///< error of the site as the start recipe has it, all other sites as they were then
    double after = 0;     ///< of what was chosen, then
    bool changed = false; ///< against the start recipe
    quant::Scheme scheme = quant::Scheme::Symmetric;
    quant::Granularity granularity = quant::Granularity::Tensor;
    double factor = 0; ///< of Δ0; 0: the start's range was kept
    std::vector<HybridCurve> curves;
};

struct HybridResult {
    quant::Recipe recipe; ///< the start's, with overrides (EstimatorKind::Scaled) of the searched sites
    std::vector<double> factors;
    std::vector<HybridChoice> choices; ///< in the order of the search
    std::size_t evaluations = 0;       ///< of a layer's or block's output, as if each were on all images
    double loss = 0;                   ///< L of the start recipe, mean over the images, nats
    double secondsRecording = 0, secondsGradients = 0, secondsCandidates = 0;
};

/// Searched: quantized sites with the uniform quantizer that some operator reads and that are not locked.
/// `calibration`: ranges of activations. Does not depend on threads.
/// Errors: InvalidArgument (smoothing or noise in the recipe, which belongs to other methods; nothing to search; no
/// images; a grid that makes no sense), Unsupported (an operator without a derivative, by name), the images',
/// NotFinite, Cancelled.
Result<HybridResult> searchHybrid(const graph::Network& network,
                                  std::shared_ptr<const stats::Calibration> calibration, const quant::Recipe& recipe,
                                  const exec::ImageSource& images, const HybridOptions& options,
                                  const Context& context);

/// One line a site after the head: site,bridge,scheme,granularity,factor,error_before,error_after.
std::string choicesToCsv(const graph::SiteTable& sites, const HybridResult& result);

} // namespace qs::search
