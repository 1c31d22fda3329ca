#pragma once

#include "core/quant/evaluate.h"
#include "core/stats/proportion.h"

#include <optional>
#include <string>

namespace qs::quant {

/// 95 % intervals (Wilson) of what an evaluation counted; nothing where there are no labels, or no class scores.
std::optional<stats::Interval> top1Interval(const Evaluation& evaluation);
std::optional<stats::Interval> top5Interval(const Evaluation& evaluation);
std::optional<stats::Interval> floatTop1Interval(const Evaluation& evaluation);
std::optional<stats::Interval> agreementInterval(const Evaluation& evaluation);
/// Of top1 - floatTop1, from the images that only one of both gets right (stats::pairedDifference); nothing where
/// these are not known.
std::optional<stats::Interval> dropInterval(const Evaluation& evaluation);

/// "66.67 % (58.8 to 73.7)": the interval in per cent.
std::string withInterval(double share, const std::optional<stats::Interval>& interval);
/// "-14.67 points (-21.1 to -8.2)", "+1.33 points (-2.4 to 5.0, within noise)".
std::string pointsWithInterval(double difference, const std::optional<stats::Interval>& interval);

} // namespace qs::quant
