#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/quant/quantizers.h"
#include "core/stats/calibration.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace qs::quant {

/// What one quantizer would do at a site.
struct QuantizerTrial {
    std::string quantizer; ///< SiteSettings::quantizer
    Scheme scheme = Scheme::Asymmetric;
    SiteError error{std::numeric_limits<double>::quiet_NaN(), 0, 0, std::numeric_limits<double>::quiet_NaN()};
    std::shared_ptr<const SitePlan> plan; ///< its numbers; null where there are none
    std::string problem;                  ///< why there are none

    /// Uniform levels are told apart by their scheme, the others have none.
    bool chosenIn(const SiteSettings& settings) const;
    /// Settings with this quantizer in place of theirs, one for the tensor.
    SitePatch patch() const;
};

/// Uniform levels, symmetric and asymmetric, and every other quantizer that suits the values, each with its own
/// search, at the bits, estimator and objective of `settings` and the smoothing of `plan` (may be null). Errors:
/// InvalidArgument (no activation with statistics, a site in float), Cancelled.
Result<std::vector<QuantizerTrial>> tryQuantizers(const graph::Network& network,
                                                  const stats::Calibration& calibration, SiteId site,
                                                  const SiteSettings& settings, const Plan* plan,
                                                  const Context& context);

/// Which of quantizers() suit the values of an activation as they reach the quantizer: smoothed as its plan says,
/// which may be null. Without statistics (null: no calibration yet) those that suit the role.
std::vector<bool> suitableQuantizers(const graph::Site& site, const stats::SiteStatistics* statistics,
                                     const SitePlan* plan);

} // namespace qs::quant
