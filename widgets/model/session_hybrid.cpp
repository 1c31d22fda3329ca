#include "core/project/hybrid_found.h"
#include "widgets/model/history.h"
#include "widgets/model/session.h"
#include "widgets/model/session_jobs.h"

#include <algorithm>

namespace qs::ui {

QString Session::hybridObstacle() const
{
    if (!m_model)
        return tr("Open a model first.");
    if (!m_calibration)
        return tr("Calibrate first: there are no ranges to quantize with.");
    bool any = false;
    for (const graph::Site& site : sites()) {
        const quant::SiteSettings own = settings(site.id);
        if (own.isFloat())
            continue;
        if (own.smoothing.kind != quant::SmoothingKind::None || own.noise.on)
            return tr("The recipe has smoothing or noise, which belong to other methods: start from a preset "
                      "without them, MinMax say.");
        any |= own.isUniform() && !locked(site.id);
    }
    return any ? QString() : tr("Nothing to search: no site is quantized uniformly and unlocked.");
}

void Session::startHybrid(const search::HybridOptions& options, SearchImages which)
{
    const std::shared_ptr<const ImageSet>& images =
        which == SearchImages::Calibration ? m_calibrationImages : m_testImages;
    if (const QString obstacle = hybridObstacle();
        !need(obstacle.isEmpty(), qUtf8Printable(obstacle)) ||
        !need(images != nullptr, "Open the images first that the search is to measure on."))
        return;
    m_jobs->hybrid.cancel();
    m_hybrid.running = true;
    m_hybrid.cancelled = false;
    m_jobs->hybrid.start(
        [model = m_model, calibration = m_calibration.value, recipe = m_recipe, images,
         options](const Context& context) -> Result<std::shared_ptr<const HybridFound>> {
            QS_ASSIGN(search::HybridResult result, search::searchHybrid(model->graph, model->sites, calibration,
                                                                        recipe, *images->source, options, context));
            return std::make_shared<const HybridFound>(options, recipe, std::move(result));
        },
        [this, model = m_model,
         calibration = m_calibration.value](Result<std::shared_ptr<const HybridFound>> result) {
            if (model == m_model && calibration == m_calibration.value)
                finishHybrid(std::move(result));
        });
    emit hybridChanged();
}

void Session::finishHybrid(Result<std::shared_ptr<const HybridFound>> result)
{
    m_hybrid.running = false;
    if (!succeeded(result)) {
        m_hybrid.cancelled = result.error().code == ErrorCode::Cancelled;
        emit hybridChanged();
        return;
    }
    m_hybrid.found = std::move(*result);
    setModified(true);
    emit hybridChanged();
    if (m_recipe == m_hybrid.found->start)
        applyHybrid();
    else
        emit noticed(tr("The recipe was edited while Q-HyViT searched and is left as it is; Apply loads what was "
                        "found."));
}

void Session::applyHybrid()
{
    if (!m_hybrid.found)
        return;
    const search::HybridResult& result = m_hybrid.found->result;
    const auto changed = std::ranges::count_if(result.choices, &search::HybridChoice::changed);
    setRecipe(keepingLocked(result.recipe),
              tr("Q-HyViT: %1 of %2 sites changed").arg(changed).arg(result.choices.size()));
}

void Session::dropHybrid()
{
    m_jobs->hybrid.cancel();
    m_hybrid = {};
    emit hybridChanged();
}

} // namespace qs::ui
