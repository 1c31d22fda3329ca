#pragma once

#include "core/quant/estimator.h"
#include "core/quant/quantizer.h"
#include "core/quant/settings.h"
#include "core/stats/calibration.h"

namespace qs::quant {

/// What a range set by hand would do to a site, from its histogram alone: cheap enough for every move of the mouse.
struct ClipPreview {
    UniformGrid grid;
    double sqnrDb = 0; ///< +inf where exact
    double roundingShare = 1;
    double clippedShare = 0;
};

/// The range that a person means: it contains 0, and is as wide on both sides under a symmetric scheme.
Range allowedRange(double low, double high, Scheme scheme, bool lowMoved);

/// One scale for the tensor. statistics: with a histogram. settings.bits: 2 to 8.
/// SQNR = 10 log10(E[x²] / E[(x - Q(x))²]), values uniform inside a bin.
ClipPreview previewClip(const stats::SiteStatistics& statistics, const SiteSettings& settings, double low,
                        double high);

} // namespace qs::quant
