#pragma once

#include "core/quant/estimator.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

namespace qs::ui {

/// What a range set by hand would do to a site, from its histogram alone: cheap enough for every move of the mouse.
struct ClipPreview {
    quant::UniformGrid grid;
    double sqnrDb = 0; ///< +inf where exact
    double roundingShare = 1;
    double clippedShare = 0;
};

/// The range that a person means: it contains 0, and is as wide on both sides under a symmetric scheme.
quant::Range allowedRange(double low, double high, quant::Scheme scheme, bool lowMoved);

/// One scale for the tensor. statistics: with a histogram. settings.bits: 2 to 8.
/// SQNR = 10 log10(E[x²] / E[(x - Q(x))²]), values uniform inside a bin.
ClipPreview previewClip(const stats::SiteStatistics& statistics, const quant::SiteSettings& settings, double low,
                        double high);

} // namespace qs::ui
