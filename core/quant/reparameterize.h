#pragma once

#include "core/base/error.h"
#include "core/quant/quantizer.h"
#include "core/quant/smoothing.h"
#include "core/stats/calibration.h"

#include <vector>

namespace qs::quant {

/// A transform after which one grid for all channels gives every channel the codes of a grid of its own.
struct Reparameterization {
    ChannelTransform transform;
    UniformGrid grid;               ///< for X̂: one scale s̃, one zero point z̃
    std::vector<double> scale;      ///< s by channel, units of X
    std::vector<int64_t> zeroPoint; ///< z by channel, any integer
};

/// RepQ-ViT's scale reparameterization. Every channel c has a grid of its own at the bits, scheme and estimator of
/// the settings,  q = clamp(rne(x / s_c) + z_c);  then
///   s̃ = mean s,  z̃ = rne(mean z) clamped to the codes,  X̂ = (X - b) / r,  r_c = s_c / s̃,  b_c = (z̃ - z_c) s_c,
/// so rne(X̂ / s̃) + z̃ = rne(x / s_c) + z_c: the codes are the same for any integer z̃, ties aside.
///   Asymmetric: [low, high] of the estimator, not widened to contain 0:  s = (high - low) / (2^bits - 1),
///               z = rne(-low / s).  Of several percentiles the one with the smallest squared error (the first of
///               equals).
///   Symmetric:  s of the estimator's largest magnitude, z = 0, so there is no shift.
/// A channel whose s is under 2 % of the median (dead LayerNorm channels exist in real models) gets that floor as its
/// s and is left out of the means: else it would blow up γ / r and the mean of z.
/// From the histograms of lanes and the exact extremes of the statistics.
/// Source: RepQ-ViT (arXiv 2212.08254). Deviations: z̃ is an integer (the released code keeps it fractional, which no
/// integer zero point reproduces) in the range of codes; the floor; ranges of the float network.
/// Errors: InvalidArgument (a manual range, another quantizer than uniform, another granularity than tensor, no
/// histograms of lanes, values that are all alike).
Result<Reparameterization> reparameterize(const stats::SiteStatistics& statistics, const SiteSettings& settings);

} // namespace qs::quant
