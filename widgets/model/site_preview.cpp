#include "widgets/model/site_preview.h"

#include "core/quant/noise.h"
#include "core/quant/output_error.h"
#include "core/quant/setting_table.h"
#include "core/quant/smoothing_plan.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace qs::ui {

namespace {

using Smoothings = std::vector<std::shared_ptr<const quant::SmoothingPlan>>;

/// A plan that holds the smoothing of the present one, but for `id`, and the constants that readers of `id` have
/// then.
quant::Plan withSmoothing(const onnx::Model& model, SiteId id, std::shared_ptr<const quant::SmoothingPlan> smoothing,
                          const quant::Plan* plan)
{
    quant::Plan changed;
    Smoothings all(model.sites.size());
    changed.sites.resize(model.sites.size());
    static const auto kNone = std::make_shared<const quant::SitePlan>();
    for (std::size_t i = 0; i < all.size(); ++i) {
        changed.sites[i] = plan ? plan->sites[i] : kNone;
        all[i] = changed.sites[i]->smoothing;
    }
    auto own = std::make_shared<quant::SitePlan>();
    own->smoothing = all[id.index()] = std::move(smoothing);
    changed.sites[id.index()] = std::move(own);
    std::set<NodeId> readers;
    for (const graph::Use& use : model.sites[id].uses)
        readers.insert(use.node);
    changed.smoothed.constants = quant::smoothedConstants(model.graph, model.sites, all, readers);
    changed.findLanes();
    return changed;
}

bool onlyNoiseDiffers(quant::SiteSettings a, const quant::SiteSettings& b)
{
    a.noise = b.noise;
    return a == b;
}

/// What resolve() does last: the noise of a site whose quantizer is found. `plan`: whose smoothing, and whose
/// weights, the site has.
void addNoise(const onnx::Model& model, const graph::Site& site, const stats::Calibration& calibration,
              const quant::Plan* plan, quant::SitePlan& found)
{
    found.noise.reset();
    if (found.settings.isFloat() || !found.map || site.id.index() >= calibration.sites.size())
        return;
    const quant::FloatConstants constants(model.graph, plan ? &plan->smoothed.constants : nullptr);
    const stats::SiteStatistics& original = calibration.sites[site.id.index()];
    stats::SiteStatistics smoothed;
    if (found.smoothing)
        smoothed = quant::transformed(original, found.smoothing->transform);
    const stats::SiteStatistics& statistics = found.smoothing ? smoothed : original;
    std::shared_ptr<const exec::ElementMap> map = found.map;
    if (found.settings.noise.on) {
        found.noise = quant::planNoise(constants, model.sites, site, statistics, found, found.smoothing.get());
        if (!found.noise->noise.empty())
            map = quant::makeNoiseMap(found.noise->noise, map);
    }
    found.error.outputError = quant::activationOutputError(constants, site, statistics, *map);
}

} // namespace

bool mayBeSmoothed(const graph::Graph& graph, const graph::Site& site)
{
    return site.kind == graph::SiteKind::Activation && quant::entersLinearLayers(graph, site);
}

Result<std::shared_ptr<const quant::SitePlan>> previewSite(const onnx::Model& model,
                                                           const stats::Calibration& calibration, SiteId id,
                                                           const quant::SiteSettings& settings,
                                                           const quant::Plan* plan)
{
    const graph::Site& site = model.sites[id];
    const quant::SitePlan* before = plan ? &(*plan)[id] : nullptr;
    const quant::Smoothing& wanted = settings.smoothing;
    const bool smooth = wanted.kind != quant::SmoothingKind::None && mayBeSmoothed(model.graph, site);
    const bool smoothed = before && before->smoothing;
    const bool noisy = settings.noise.on && site.kind == graph::SiteKind::Activation;
    if (before && before->map && mayBeSmoothed(model.graph, site) && onlyNoiseDiffers(before->settings, settings)) {
        // The quantizer of the plan, which a search of the whole layer may have found.
        quant::SitePlan found = *before;
        found.settings = settings;
        addNoise(model, site, calibration, plan, found);
        return std::make_shared<const quant::SitePlan>(std::move(found));
    }
    if (settings.estimator.kind == quant::EstimatorKind::Search && settings.objective != quant::Objective::InputError)
        return fail(ErrorCode::NotFound, "found together with the operator's other operand", site.name);
    const bool same = before && quant::sameSmoothing(before->settings, settings);
    if (same || (!smooth && !smoothed)) {
        QS_ASSIGN(quant::SitePlan found, quant::resolveSite(model.graph, site, calibration, settings, plan));
        if (before)
            found.smoothing = before->smoothing;
        if (noisy)
            addNoise(model, site, calibration, plan, found);
        return std::make_shared<const quant::SitePlan>(std::move(found));
    }
    if (smooth && wanted.searchAlpha)
        return fail(ErrorCode::NotFound, "alpha is not searched yet", site.name);
    std::shared_ptr<const quant::SmoothingPlan> smoothing;
    if (smooth) {
        if (id.index() >= calibration.sites.size())
            return fail(ErrorCode::InvalidArgument, "the calibration is of another model", site.name);
        auto made = quant::planSmoothing(model.graph, model.sites, site, calibration.sites[id.index()], settings, {});
        if (made) // else it stays as it is, and the plan warns
            smoothing = std::move(*made);
    }
    const quant::Plan changed = withSmoothing(model, id, smoothing, plan);
    QS_ASSIGN(quant::SitePlan found, quant::resolveSite(model.graph, site, calibration, settings, &changed));
    found.smoothing = std::move(smoothing);
    if (noisy)
        addNoise(model, site, calibration, &changed, found);
    return std::make_shared<const quant::SitePlan>(std::move(found));
}

Result<std::vector<quant::NoisePlan::Point>> noiseCurve(const onnx::Model& model,
                                                        const stats::Calibration& calibration, SiteId id,
                                                        quant::SiteSettings settings, double range,
                                                        const quant::Plan* plan)
{
    settings.noise.on = settings.noise.searchRange = true;
    settings.noise.range = range;
    QS_ASSIGN(const std::shared_ptr<const quant::SitePlan> found,
              previewSite(model, calibration, id, settings, plan));
    return found->noise ? found->noise->curve : std::vector<quant::NoisePlan::Point>();
}

} // namespace qs::ui
