#pragma once

#include "core/quant/plan.h"

namespace qs::quant {

/// What the codes of a quantized site stand for: from the lowest to the highest level of all channels. Not the range
/// that its estimator chose (SitePlan::range), from which a rounded zero point moves the grid by up to half a step.
/// A site in float: the estimator's range.
Range coveredRange(const SitePlan& site);

} // namespace qs::quant
