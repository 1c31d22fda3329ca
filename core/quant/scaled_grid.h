#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

namespace qs::quant {

/// The grid that the uniform quantizer gives an activation with EstimatorKind::Scaled, which depends on the extremes
/// alone: without the errors that a plan states, for searches with many candidates. Errors: InvalidArgument.
Result<UniformGrid> scaledGrid(const stats::SiteStatistics& statistics, const SiteSettings& settings);

/// The values that a plan gives a weight with EstimatorKind::Scaled, likewise. Errors: InvalidArgument.
Result<Tensor> scaledWeight(const FloatConstants& constants, const graph::Site& site, const SiteSettings& settings);

} // namespace qs::quant
