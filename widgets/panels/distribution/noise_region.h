#pragma once

#include "core/quant/noise_gain.h"
#include "widgets/panels/distribution/site_picture.h"

#include <QColor>
#include <QString>

#include <memory>

namespace qs::ui {

/// Which values of a site its noise is good for, and what it adds up to.
struct NoiseRegion {
    std::shared_ptr<const quant::NoiseGains> gains; ///< of the histogram on show; null: see the text
    double step = 0;                                ///< of the levels
    QString text;                                   ///< rich: legend and sums with units, or why there are none
};
NoiseRegion noiseRegion(const SitePicture& picture);

/// The ends of the map for signed change.
QColor winColour();
QColor loseColour();

} // namespace qs::ui
