#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"

#include <memory>
#include <vector>

namespace qs::quant {

/// Resolves every site. `previous` (may be null): sites whose settings are equal are taken over, so that an edit of
/// one site costs one site (if it was resolved against the same calibration object). `calibration` may be null where
/// no activation is quantized. Errors: InvalidArgument with the site's name, Cancelled.
Result<std::shared_ptr<const Plan>> resolve(const graph::Network& network,
                                            std::shared_ptr<const stats::Calibration> calibration,
                                            const Recipe& recipe, const Plan* previous, const Context& context);

/// resolve() with the settings of every site given, by SiteId, instead of those that the recipe gives; the recipe is
/// what the plan then says it is of.
Result<std::shared_ptr<Plan>> resolveSettings(const graph::Network& network,
                                              std::shared_ptr<const stats::Calibration> calibration,
                                              const Recipe& recipe, std::vector<SiteSettings> settings,
                                              const Plan* previous, const Context& context);

} // namespace qs::quant
