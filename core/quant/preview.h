#pragma once

#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

#include <memory>
#include <vector>

namespace qs::quant {

/// Numbers of one site while a control moves, noise included: those that the next plan will give it, as far as they
/// depend on its own settings. `plan` (null, or of this model): smoothing of the other sites. Where the site's own
/// smoothing asks for a search of alpha that `plan` has not done, NotFound: only a plan answers. Other errors: those
/// of resolveSite.
Result<std::shared_ptr<const SitePlan>> previewSite(const graph::Network& network,
                                                    const stats::Calibration& calibration, SiteId id,
                                                    const SiteSettings& settings, const Plan* plan);

/// Errors of the site's outputs (by the objective of its noise, relative to the signal) for ranges of noise from 0 to
/// `range` steps, the noise's other settings as they are. Empty where it cannot have noise. Errors: as previewSite.
Result<std::vector<NoisePlan::Point>> noiseCurve(const graph::Network& network, const stats::Calibration& calibration,
                                                 SiteId id, SiteSettings settings, double range, const Plan* plan);

/// Whether the site could be smoothed, or have noise, from its readers alone: an input of linear layers.
/// findFold says more, and takes longer.
bool mayBeSmoothed(const graph::Graph& graph, const graph::Site& site);

} // namespace qs::quant
