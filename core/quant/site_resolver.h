#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

namespace qs::quant {

// The two halves of resolveSite; resolve() knows the tables that they need. Errors as there.

/// `statistics`: after smoothing; may be empty where the site stays in float.
Result<SitePlan> resolveActivation(const FloatConstants& constants, const graph::Site& site,
                                   const stats::SiteStatistics& statistics, const SiteSettings& settings);
/// `input`: statistics of what the weight is multiplied with; null where unknown (no output error then).
Result<SitePlan> resolveWeight(const FloatConstants& constants, const graph::Site& site,
                               const stats::SiteStatistics* input, const SiteSettings& settings);
/// Codes, dequantized values and error of a weight on the grid that `plan` has.
void quantizeWeight(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics* input,
                    SitePlan& plan);

} // namespace qs::quant
