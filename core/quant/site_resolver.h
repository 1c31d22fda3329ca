#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"
#include "core/quant/quantizers.h"
#include "core/stats/calibration.h"

namespace qs::quant {

/// One site alone, for a preview while a control moves. Under 50 ms on any site of DeiT-Tiny. As in a whole plan, but
/// without the guard of the bias. Smoothing is that of `plan` (null: none), whatever the settings say. The output
/// error of a weight uses the sample of the nearest activation site before it that fits. Errors: InvalidArgument with
/// the site's name (bits, quantizer or estimator that make no sense, no statistics).
Result<SitePlan> resolveSite(const graph::Graph& graph, const graph::Site& site,
                             const stats::Calibration& calibration, const SiteSettings& settings,
                             const Plan* plan = nullptr);

// Its two halves; resolve() knows the tables that they need. Errors as there.

/// `statistics`: after smoothing; may be empty where the site stays in float. `grid`: the one that the smoothing has
/// made; null: the quantizer chooses.
Result<SitePlan> resolveActivation(const FloatConstants& constants, const graph::Site& site,
                                   const stats::SiteStatistics& statistics, const SiteSettings& settings,
                                   const UniformGrid* grid = nullptr);
/// `input`: statistics of what the weight is multiplied with; null where unknown (no output error then).
Result<SitePlan> resolveWeight(const FloatConstants& constants, const graph::Site& site,
                               const stats::SiteStatistics* input, const SiteSettings& settings);
/// The plan of an activation whose quantizer is found.
SitePlan activationPlan(const FloatConstants& constants, const graph::Site& site,
                        const stats::SiteStatistics& statistics, const SiteSettings& settings,
                        ActivationNumbers numbers);
/// How many groups of adjacent output channels have ranges of their own: all channels, 3 (q, k, v) or 1.
int64_t scalesOfWeight(const graph::Site& site, const SiteSettings& settings);
/// One more scale and zero point, for int8 codes, for the range.
void addWeightScale(UniformGrid& grid, const Range& range, const SiteSettings& settings);
/// Where a weight has fewer scales than output channels, but more than one: each channel gets that of its group.
void spreadScales(UniformGrid& grid, const graph::Site& site);
/// Codes, dequantized values and error of a weight on the grid that `plan` has.
void quantizeWeight(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics* input,
                    SitePlan& plan);

} // namespace qs::quant
