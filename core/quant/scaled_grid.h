#pragma once

#include "core/base/error.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

namespace qs::quant {

/// The grid that the uniform quantizer gives an activation with EstimatorKind::Scaled, which depends on the extremes
/// alone: without the errors that a plan states, for searches with many candidates. Errors: InvalidArgument.
Result<UniformGrid> scaledGrid(const stats::SiteStatistics& statistics, const SiteSettings& settings);

} // namespace qs::quant
