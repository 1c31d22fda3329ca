#pragma once

#include "core/project/provenance.h"
#include "core/quant/recipe.h"
#include "core/search/hybrid_search.h"

#include <map>

namespace qs::project {

/// What a finished search by Q-HyViT's method found, with what it was asked.
struct HybridFound {
    search::HybridOptions options;
    quant::Recipe start; ///< what it was started from
    Origin origin;       ///< of its losses; see figureOrigin() with `start`
    search::HybridResult result;
    std::map<SiteId, std::size_t> places; ///< of the choices

    HybridFound(search::HybridOptions asked, quant::Recipe from, search::HybridResult found);
    /// Null where the site was not searched.
    const search::HybridChoice* choiceOf(SiteId site) const;
};

/// The curve of a granularity and scheme; null where the search did not try it.
const search::HybridCurve* curveOf(const search::HybridChoice& choice, quant::Granularity granularity,
                                   quant::Scheme scheme);
/// The best candidate of a curve: its place among the factors.
std::size_t bestOf(const search::HybridCurve& curve);

} // namespace qs::project
