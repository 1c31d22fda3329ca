#include "widgets/session/site_preview.h"

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
    return changed;
}

} // namespace

bool mayBeSmoothed(const graph::Graph& graph, const graph::Site& site)
{
    return site.kind == graph::SiteKind::Activation && site.layout.inner == 1 && !site.uses.empty() &&
           std::ranges::all_of(site.uses, [&](const graph::Use& use) {
               return use.input == 0 && graph.node(use.node).op == "Linear";
           });
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
    const bool same = before && quant::sameSmoothing(before->settings, settings);
    if (same || (!smooth && !smoothed)) {
        QS_ASSIGN(quant::SitePlan found, quant::resolveSite(model.graph, site, calibration, settings, plan));
        if (before)
            found.smoothing = before->smoothing;
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
    return std::make_shared<const quant::SitePlan>(std::move(found));
}

} // namespace qs::ui
