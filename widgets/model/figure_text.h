#pragma once

#include "core/quant/evaluate.h"

#include <QString>

namespace qs::ui {

/// Figures of tasks as people read them. See theme/format.h.
QString figureTitle(const tasks::Figure& figure);    ///< "mIoU"
QString figureValue(const tasks::Figure& figure);    ///< "71.2 %", "28.4 dB", "0.021 nats", "0.9998"
QString figureInterval(const tasks::Figure& figure); ///< "69.0–73.4", "27.1–29.6"; "" where there is none
/// "−2.1 points", "−0.4 dB", "+0.0021 nats": of the same figure.
QString figureDifference(const tasks::Figure& now, const tasks::Figure& before);

/// What the float network has where the headline is against truths; null otherwise.
const tasks::Figure* floatHeadline(const quant::Evaluation& evaluation);
/// "mIoU 71.2 % (69.0–73.4), −2.1 points (float 73.3)"; "mIoU to float 92.1 % (90.0–94.2)". onCalibration: said.
QString headlineText(const quant::Evaluation& evaluation, bool onCalibration = false);

} // namespace qs::ui
