#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/onnx/import.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

#include <QString>

#include <limits>
#include <string>
#include <vector>

namespace qs::ui {

/// What one quantizer would do at a site.
struct QuantizerTrial {
    std::string quantizer; ///< SiteSettings::quantizer
    quant::Scheme scheme = quant::Scheme::Asymmetric;
    QString title;
    QString help;
    QString levels;  ///< what was found: "ratio 2^3", "step 0.0123"
    QString problem; ///< why there are no numbers; "" where there are
    quant::SiteError error{std::numeric_limits<double>::quiet_NaN(), 0, 0, std::numeric_limits<double>::quiet_NaN()};

    /// Uniform levels are told apart by their scheme, the others have none.
    bool chosenIn(const quant::SiteSettings& settings) const
    {
        return settings.quantizer == quantizer && settings.granularity == quant::Granularity::Tensor &&
               (quantizer != quant::kUniform || settings.scheme == scheme);
    }
    /// Settings with this quantizer in place of theirs.
    quant::SitePatch patch() const;
};

/// Uniform levels, symmetric and asymmetric, and every other quantizer that suits the values, each with its own
/// search, at the bits, estimator and objective of `settings` and the smoothing of `plan` (may be null). Errors:
/// InvalidArgument (no activation with statistics, a site in float), Cancelled.
Result<std::vector<QuantizerTrial>> tryQuantizers(const onnx::Model& model, const stats::Calibration& calibration,
                                                  SiteId site, const quant::SiteSettings& settings,
                                                  const quant::Plan* plan, const Context& context);

} // namespace qs::ui
