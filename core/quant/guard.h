#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qs::quant {

// A preset does no harm: where what it chooses for a site loses to plain min-max by the error in the site's outputs
// (SiteErrors, on the calibration's samples), the site takes min-max, and the plan says so. Compared are
//   an activation alone, or with the weights of its readers where it is smoothed or has noise (both change together);
//   every other weight alone
// against minMaxInstead() (choices.h).
// Left alone: sites with an override of more than bits, values that noise elsewhere changes, sites in float.

/// Min-max has to have less than this share of the error of the recipe's choice: nearer than that, the sample's
/// chance decides.
inline constexpr double kGuardMargin = 0.95;

/// What the guard compared: sites that change together.
struct GuardedGroup {
    std::vector<SiteId> sites; ///< the activation first; or one weight
    double own = 0;            ///< error of the recipe's choice, summed over the sites; see SiteErrors
    double minMax = 0;
    bool replaced = false;
};

/// All decisions of a plan, kept so that an edit of one site compares that site alone.
struct GuardReport {
    std::vector<SiteSettings> wanted;                 ///< by SiteId: what the recipe says
    std::vector<std::optional<SiteSettings>> instead; ///< by SiteId: min-max; nothing where a site is left alone
    std::vector<GuardedGroup> groups;

    std::size_t replaced() const; ///< sites
    /// The group that a site belongs to; null where it was not compared.
    const GuardedGroup* of(SiteId site) const;
};

/// resolve() of a guarded recipe.
Result<std::shared_ptr<const Plan>> resolveGuarded(const graph::Network& network,
                                                   std::shared_ptr<const stats::Calibration> calibration,
                                                   const Recipe& recipe, const Plan* previous,
                                                   const Context& context);

} // namespace qs::quant
