#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"

#include <memory>
#include <vector>

namespace qs::quant {

/// resolve() with the settings of every site given, by SiteId, instead of those that the recipe gives; the recipe is
/// what the plan then says it is of.
Result<std::shared_ptr<Plan>> resolveSettings(const graph::Network& network,
                                              std::shared_ptr<const stats::Calibration> calibration,
                                              const Recipe& recipe, std::vector<SiteSettings> settings,
                                              const Plan* previous, const Context& context);
} // namespace qs::quant
