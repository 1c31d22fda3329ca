#pragma once

#include "core/graph/sites.h"
#include "core/quant/recipe.h"

#include <QString>

#include <span>

namespace qs::ui {

/// Words for values of core, as menus, tables and the history use them.
QString siteTitle(const graph::Site& site); ///< "blocks.3 · fc2 · input"
QString schemeTitle(quant::Scheme scheme);
QString granularityTitle(quant::Granularity granularity);
QString estimatorTitle(quant::EstimatorKind kind);
QString coverageTitle(graph::Coverage coverage);
/// One sentence on what a method does, with its source, for tooltips.
QString estimatorHelp(quant::EstimatorKind kind);
QString schemeHelp(quant::Scheme scheme);
QString granularityHelp(quant::Granularity granularity);

/// "4 bits, symmetric, percentile".
QString describe(const quant::SitePatch& patch);
/// "blocks.3.fc2.input", "3 sites", "all 148 sites".
QString describe(std::span<const SiteId> which, const graph::SiteTable& sites);

} // namespace qs::ui
