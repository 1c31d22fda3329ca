#include "core/quant/preview.h"
#include "core/quant/site_resolver.h"
#include "core/quant/smoothed_network.h"

#include "core/quant/noise.h"
#include "core/quant/output_error.h"
#include "core/quant/setting_table.h"
#include "core/quant/smoothing_plan.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

using Smoothings = std::vector<std::shared_ptr<const SmoothingPlan>>;

/// A plan that holds the smoothing of the present one, but for `id`, and the constants that readers of `id` have
/// then.
Plan withSmoothing(const graph::Network& network, SiteId id, std::shared_ptr<const SmoothingPlan> smoothing,
                   const Plan* plan)
{
    Plan changed;
    Smoothings all(network.sites.size());
    changed.sites.resize(network.sites.size());
    static const auto kNone = std::make_shared<const SitePlan>();
    for (std::size_t i = 0; i < all.size(); ++i) {
        changed.sites[i] = plan ? plan->sites[i] : kNone;
        all[i] = changed.sites[i]->smoothing;
    }
    auto own = std::make_shared<SitePlan>();
    own->smoothing = all[id.index()] = std::move(smoothing);
    changed.sites[id.index()] = std::move(own);
    std::set<NodeId> readers;
    for (const graph::Use& use : network.sites[id].uses)
        readers.insert(use.node);
    changed.smoothed.constants = smoothedConstants(network, all, readers);
    changed.findLanes();
    return changed;
}

bool onlyNoiseDiffers(SiteSettings a, const SiteSettings& b)
{
    a.noise = b.noise;
    return a == b;
}

/// What resolve() does last: the noise of a site whose quantizer is found. `plan`: whose smoothing, and whose
/// weights, the site has.
void addNoise(const graph::Network& network, const graph::Site& site, const stats::Calibration& calibration,
              const Plan* plan, SitePlan& found)
{
    found.noise.reset();
    if (found.settings.isFloat() || !found.map || site.id.index() >= calibration.sites.size())
        return;
    const FloatConstants constants(network.graph, plan ? &plan->smoothed.constants : nullptr);
    const stats::SiteStatistics& original = calibration.sites[site.id.index()];
    stats::SiteStatistics smoothed;
    if (found.smoothing)
        smoothed = transformed(original, found.smoothing->transform);
    const stats::SiteStatistics& statistics = found.smoothing ? smoothed : original;
    std::shared_ptr<const exec::ElementMap> map = found.map;
    if (found.settings.noise.on) {
        found.noise = planNoise(constants, network.sites, site, statistics, found, found.smoothing.get());
        if (!found.noise->noise.empty())
            map = makeNoiseMap(found.noise->noise, map);
    }
    found.error.outputError = activationOutputError(constants, site, statistics, *map);
}

} // namespace

bool mayBeSmoothed(const graph::Graph& graph, const graph::Site& site)
{
    return site.kind == graph::SiteKind::Activation && entersLinearLayers(graph, site);
}

Result<std::shared_ptr<const SitePlan>> previewSite(const graph::Network& network,
                                                    const stats::Calibration& calibration, SiteId id,
                                                    const SiteSettings& settings, const Plan* plan)
{
    const graph::Site& site = network.sites[id];
    const SitePlan* before = plan ? &(*plan)[id] : nullptr;
    const Smoothing& wanted = settings.smoothing;
    const bool smooth = wanted.kind != SmoothingKind::None && mayBeSmoothed(network.graph, site);
    const bool smoothed = before && before->smoothing;
    const bool noisy = settings.noise.on && site.kind == graph::SiteKind::Activation;
    if (before && before->map && mayBeSmoothed(network.graph, site) && onlyNoiseDiffers(before->settings, settings)) {
        // The quantizer of the plan, which a search of the whole layer may have found.
        SitePlan found = *before;
        found.settings = settings;
        addNoise(network, site, calibration, plan, found);
        return std::make_shared<const SitePlan>(std::move(found));
    }
    if (settings.estimator.kind == EstimatorKind::Search && settings.objective != Objective::InputError)
        return fail(ErrorCode::NotFound, "found together with the operator's other operand", site.name);
    const bool same = before && sameSmoothing(before->settings, settings);
    if (same || (!smooth && !smoothed)) {
        QS_ASSIGN(SitePlan found, resolveSite(network.graph, site, calibration, settings, plan));
        if (before)
            found.smoothing = before->smoothing;
        if (noisy)
            addNoise(network, site, calibration, plan, found);
        return std::make_shared<const SitePlan>(std::move(found));
    }
    if (smooth && wanted.searchAlpha)
        return fail(ErrorCode::NotFound, "alpha is not searched yet", site.name);
    std::shared_ptr<const SmoothingPlan> smoothing;
    if (smooth) {
        if (id.index() >= calibration.sites.size())
            return fail(ErrorCode::InvalidArgument, "the calibration is of another model", site.name);
        auto made = planSmoothing(network, site, calibration.sites[id.index()], settings, {});
        if (made) // else it stays as it is, and the plan warns
            smoothing = std::move(*made);
    }
    const Plan changed = withSmoothing(network, id, smoothing, plan);
    QS_ASSIGN(SitePlan found, resolveSite(network.graph, site, calibration, settings, &changed));
    found.smoothing = std::move(smoothing);
    if (noisy)
        addNoise(network, site, calibration, &changed, found);
    return std::make_shared<const SitePlan>(std::move(found));
}

Result<std::vector<NoisePlan::Point>> noiseCurve(const graph::Network& network, const stats::Calibration& calibration,
                                                 SiteId id, SiteSettings settings, double range, const Plan* plan)
{
    settings.noise.on = settings.noise.searchRange = true;
    settings.noise.range = range;
    QS_ASSIGN(const std::shared_ptr<const SitePlan> found, previewSite(network, calibration, id, settings, plan));
    return found->noise ? found->noise->curve : std::vector<NoisePlan::Point>();
}

} // namespace qs::quant
