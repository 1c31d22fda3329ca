#pragma once

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace qs::quant {

/// X̂[t, j] = (X[t, j] - shift[j]) / scale[j].
struct ChannelTransform {
    std::vector<float> shift; ///< b, units of the activation; [channels]
    std::vector<float> scale; ///< s > 0; [channels]

    float apply(float value, std::size_t channel) const { return (value - shift[channel]) / scale[channel]; }
    friend bool operator==(const ChannelTransform&, const ChannelTransform&) = default;
};

/// The transform of a site from the range [low_j, high_j] of every channel and the largest weight that reads it:
///   b_j = (high_j + low_j) / 2  (Shift, ShiftScale),  R_j = max(high_j - b_j, b_j - low_j)
///   s_j = max(1e-5, R_j^alpha / w_j^(1 - alpha))  (Scale, ShiftScale),  w_j = max over outputs and readers |W[j, o]|
/// where a channel that is constant, or that no weight reads, keeps s_j = 1 (and leaves the float result unchanged).
/// Source: SmoothQuant (arXiv 2211.10438, eq. 4); SQ-b of MPTQ-ViT (arXiv 2401.14895), reconstructed: the paper's
/// text was not to be had; the algebra is that of Outlier Suppression+ and of RepQ-ViT's reparameterization.
ChannelTransform channelTransform(SmoothingKind kind, double alpha, std::span<const float> low,
                                  std::span<const float> high, std::span<const float> weightMaxima);

/// The statistics that a calibration of X̂ would have given: extremes, moments and sample exactly (to float), the
/// histogram from those of the channels (values uniform inside a channel's bin).
stats::SiteStatistics transformed(const stats::SiteStatistics& statistics, const ChannelTransform& transform);

/// Where a transform goes so that the float network does not change.
enum class FoldPlace {
    LayerNorm, ///< γ̂ = γ / s, β̂ = (β - b) / s of the LayerNormalization or BatchNormalization that makes the value
    Value,    ///< columns of V's projection and its bias: the rows of a softmax add up to 1
    Explicit, ///< an operation of its own before the quantizer
};

/// What was found out about a site once, from structure.
struct FoldTarget {
    FoldPlace place = FoldPlace::Explicit;
    NodeId producer;              ///< the normalization, or the Linear that makes V
    std::vector<int64_t> columns; ///< Value: output column of the producer for each channel of the site
    std::vector<int64_t> lanes;   ///< Value: lane of V's site (head · dimensions + dimension) for each channel
    SiteId value;                 ///< Value: the site of V on its way into A·V
    std::string reason;           ///< Explicit: why it cannot be folded
};
/// Errors: InvalidArgument (something else than linear layers with weights of their own reads the site), naming it.
Result<FoldTarget> findFold(const graph::Network& network, const graph::Site& site);

/// The smoothing of one site, with numbers; or smoothing and noise together.
struct SmoothingPlan {
    FoldTarget target;
    ChannelTransform transform;
    double alpha = 0; ///< as given or found
    UniformGrid grid; ///< Reparameterize: the quantizer's, on X̂; else empty
    /// The transform of V's lanes (Value only): what happens to the statistics of V's site.
    ChannelTransform lanes;
};

/// What happens to the lanes of every activation: its own smoothing, or the transform of the projection that was
/// folded into V; null where nothing does. All by SiteId, null where there is none; transforms are smoothing and
/// noise.
std::vector<std::shared_ptr<const ChannelTransform>>
lanesOf(std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
        std::span<const std::shared_ptr<const SmoothingPlan>> transforms);
/// The transform of V's lanes that one of the projection's channels means there.
ChannelTransform onValueLanes(const FoldTarget& target, const ChannelTransform& transform);

/// Whether two settings of a site give it the same smoothing, as far as they alone decide.
bool sameSmoothing(const SiteSettings& a, const SiteSettings& b);
/// The grid that a smoothing makes for the site's quantizer. Null where there is none, and where the settings ask for
/// other codes than it has (a preview).
const UniformGrid* gridOf(const SmoothingPlan* smoothing, const SiteSettings& settings);

/// Everything that reads X̂ through its weights, and everything that makes it: γ̂ and β̂ of LayerNormalizations, Ŵ and ĉ
/// of linear layers (a bias is made where there is none), by the input that reads them. Products in double.
/// `smoothings`: by SiteId, null where there is none. `only`: of these nodes alone.
std::map<graph::Use, Tensor> smoothedConstants(const graph::Network& network,
                                               std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
                                               const std::set<NodeId>& only);
/// The smoothings that change constants of each node.
std::map<NodeId, std::vector<const SmoothingPlan*>>
nodesChanged(const graph::SiteTable& sites, std::span<const std::shared_ptr<const SmoothingPlan>> smoothings);

/// (x - shift) / scale, then `inner` where there is one: smoothing that could not be folded.
std::shared_ptr<const exec::ElementMap> makeSmoothingMap(const ChannelTransform& transform,
                                                         std::shared_ptr<const exec::ElementMap> inner);

} // namespace qs::quant
