#pragma once

#include "core/quant/quantizers.h"
#include "widgets/model/session.h"

#include <string>
#include <vector>

namespace qs::ui {

/// Which of quant::quantizers() suit the values of an activation as they reach the quantizer, smoothed or not. All of
/// them before a calibration.
std::vector<bool> suitableQuantizers(const Session& session, SiteId site);

/// Whether the quantizer searches its levels, so that an objective means something to it.
bool searchesLevels(const std::string& quantizer);

} // namespace qs::ui
