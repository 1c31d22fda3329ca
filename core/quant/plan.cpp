#include "core/quant/plan.h"

#include "core/quant/smoothed_network.h"

#include <algorithm>

namespace qs::quant {

bool Plan::isSmoothed(SiteId id) const
{
    return sites[id.index()]->smoothing || std::ranges::any_of(sites, [id](const auto& site) {
               return site->smoothing && site->smoothing->target.place == FoldPlace::Value &&
                      site->smoothing->target.value == id;
           });
}

void Plan::findLanes()
{
    lanes = lanesOf(smoothingsOf(*this), transformsOf(*this));
}

std::vector<std::shared_ptr<const SmoothingPlan>> smoothingsOf(const Plan& plan)
{
    std::vector<std::shared_ptr<const SmoothingPlan>> result;
    for (const auto& site : plan.sites)
        result.push_back(site->smoothing);
    return result;
}

std::vector<std::shared_ptr<const SmoothingPlan>> transformsOf(const Plan& plan)
{
    std::vector<std::shared_ptr<const SmoothingPlan>> result;
    for (const auto& site : plan.sites)
        result.push_back(site->transform());
    return result;
}

} // namespace qs::quant
