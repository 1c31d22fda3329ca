#pragma once

#include "core/quant/quantizers.h"
#include "widgets/model/document.h"
#include "widgets/model/plans.h"

#include <vector>

namespace qs::ui {

/// Which of quant::quantizers() suit the values of an activation as they reach the quantizer, smoothed or not. All of
/// them before a calibration.
std::vector<bool> suitableQuantizers(const Document& document, const Plans& plans, SiteId site);

} // namespace qs::ui
