#pragma once

#include "core/graph/sites.h"
#include "core/quant/plan.h"
#include "core/quant/plan_warnings.h"
#include "core/quant/recipe.h"

#include <QString>

#include <span>
#include <string>

namespace qs::ui {

/// Words for values of core, as menus, tables and the history use them.
QString siteTitle(const graph::Site& site); ///< "blocks.3 · fc2 · input"
/// What a channel of the site is (Site::channelAxis): "channel", "key token", "head dimension", "class", "output
/// channel".
QString channelTitle(const graph::Site& site);
QString schemeTitle(quant::Scheme scheme);
/// "a.b: 3.1 % of the values are clipped; so at 13 other sites"
QString warningText(const quant::PlanWarnings::Line& line);
QString granularityTitle(quant::Granularity granularity);
QString estimatorTitle(quant::EstimatorKind kind);
QString coverageTitle(graph::Coverage coverage);
QString zeroPointTitle(quant::ZeroPoint zeroPoint); ///< "zero in range"
QString quantizerTitle(const std::string& name);    ///< the name itself where the list of quantizers lacks it
QString objectiveTitle(quant::Objective objective);
QString smoothingTitle(quant::SmoothingKind kind); ///< "SQ-b"
/// "SQ-b α = 0.80", "SQ-b, α searched", "shift"; with the quantile where there is one.
QString smoothingText(const quant::Smoothing& smoothing);
/// The same with the α that was found and where it went: "SQ-b α = 0.80, folded"; "" where nothing is smoothed.
QString smoothingText(const quant::SitePlan& plan);
QString noiseLawTitle(quant::NoiseLaw law);
/// "noise searched up to 2.00 steps", "noise of 0.60 steps, shift"; "no noise".
QString noiseText(const quant::Noise& noise);
/// One sentence on what a method does, with its source, for tooltips.
QString estimatorHelp(quant::EstimatorKind kind);
QString schemeHelp(quant::Scheme scheme);
QString granularityHelp(quant::Granularity granularity);
QString zeroPointHelp(quant::ZeroPoint zeroPoint);
QString smoothingHelp(quant::SmoothingKind kind);
QString objectiveHelp(quant::Objective objective);
QString noiseLawHelp(quant::NoiseLaw law);

/// What core says, with a capital: core's messages stand behind the name of a file.
QString sentence(const std::string& message);

/// "4 bits, symmetric, percentile".
QString describe(const quant::SitePatch& patch);
/// "blocks.3.fc2.input", "3 sites", "all 148 sites".
QString describe(std::span<const SiteId> which, const graph::SiteTable& sites);

} // namespace qs::ui
