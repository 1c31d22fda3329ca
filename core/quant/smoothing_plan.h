#pragma once

#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/float_constants.h"
#include "core/quant/smoothing.h"

#include <memory>

namespace qs::quant {

/// The smoothing of a site as its settings ask for. `readers`: settings of the weights that read it, by use (float
/// where they are not quantized); they matter to the search of alpha alone. Errors: InvalidArgument (not an input of
/// linear layers, no statistics of lanes), naming the site.
Result<std::shared_ptr<const SmoothingPlan>> planSmoothing(const graph::Network& network, const graph::Site& site,
                                                           const stats::SiteStatistics& statistics,
                                                           const SiteSettings& settings,
                                                           std::span<const SiteSettings> readers);

} // namespace qs::quant
