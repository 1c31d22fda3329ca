#pragma once

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/fold.h"
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

/// The smoothing of one site, with numbers; or smoothing and noise together.
struct SmoothingPlan {
    FoldTarget target;
    ChannelTransform transform;
    double alpha = 0; ///< as given or found
    UniformGrid grid; ///< Reparameterize: the quantizer's, on X̂; else empty
    /// The transform of V's lanes (Value only): what happens to the statistics of V's site.
    ChannelTransform lanes;
};

/// Whether two settings of a site give it the same smoothing, as far as they alone decide.
bool sameSmoothing(const SiteSettings& a, const SiteSettings& b);
/// The grid that a smoothing makes for the site's quantizer. Null where there is none, and where the settings ask for
/// other codes than it has (a preview).
const UniformGrid* gridOf(const SmoothingPlan* smoothing, const SiteSettings& settings);

} // namespace qs::quant
