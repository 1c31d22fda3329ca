#include "core/project/hybrid_found.h"

#include <algorithm>
#include <utility>

namespace qs::project {

HybridFound::HybridFound(search::HybridOptions asked, quant::Recipe from, search::HybridResult found)
    : options(asked), start(std::move(from)), result(std::move(found))
{
    for (std::size_t i = 0; i < result.choices.size(); ++i)
        places[result.choices[i].site] = i;
}

const search::HybridChoice* HybridFound::choiceOf(SiteId site) const
{
    const auto found = places.find(site);
    return found == places.end() ? nullptr : &result.choices[found->second];
}

const search::HybridCurve* curveOf(const search::HybridChoice& choice, quant::Granularity granularity,
                                   quant::Scheme scheme)
{
    const auto found = std::ranges::find_if(choice.curves, [&](const search::HybridCurve& curve) {
        return curve.granularity == granularity && curve.scheme == scheme;
    });
    return found == choice.curves.end() ? nullptr : &*found;
}

std::size_t bestOf(const search::HybridCurve& curve)
{
    return static_cast<std::size_t>(std::ranges::min_element(curve.errors) - curve.errors.begin());
}

} // namespace qs::project
