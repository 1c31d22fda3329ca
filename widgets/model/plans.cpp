#include "widgets/model/plans.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"

#include "core/quant/preview.h"
#include "core/quant/stale_sites.h"
#include "widgets/model/document.h"
#include "widgets/model/jobs.h"
#include "widgets/model/messages.h"
#include "widgets/model/selection.h"
#include "widgets/model/text.h"
#include "widgets/model/weight_statistics.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace qs::ui {

namespace {

/// A resolve that runs longer than this is not worth waiting for once the recipe has moved on.
constexpr qint64 kPatienceMs = 150;

} // namespace

Plans::Plans(Document& document, Selection& selection, const WeightStatistics& weights, Jobs& jobs,
             Messages& messages, QObject* parent)
    : QObject(parent), m_document(document), m_selection(selection), m_weights(weights), m_messages(messages),
      m_calibrate(jobs.runner(), Lane::User), m_preview(jobs.runner(), Lane::Interactive),
      m_resolve(jobs.runner(), Lane::Interactive), m_seenKey(document.recipeKey())
{
    jobs.show(m_calibrate, JobKind::Calibrate, QT_TR_NOOP("Calibrating"));
    jobs.show(m_resolve, JobKind::Resolve, QT_TR_NOOP("Resolving the recipe"));
    connect(&weights, &WeightStatistics::changed, this, &Plans::weightsCounted);
    connect(&document, &Document::imagesChanged, this, &Plans::imagesChanged);
    connect(&document, &Document::calibrationAged, this, &Plans::calibrationChanged);
    connect(&document, &Document::recipeChanged, this, &Plans::recipeChanged);
    connect(&document, &Document::calibrationReplaced, this, [this] {
        forget();
        emit calibrationChanged();
        startResolve();
    });
}

Plans::~Plans() = default;

// --- values --------------------------------------------------------------------------------------------------------

Figure<stats::Calibration> Plans::calibration() const
{
    return {m_document.calibration(), m_document.calibrationCurrent(), m_calibrate.running()};
}

const stats::SiteStatistics* Plans::statistics(SiteId site) const
{
    const auto& calibration = m_document.calibration();
    if (!calibration || !site.valid() || site.index() >= calibration->sites.size())
        return nullptr;
    const stats::SiteStatistics& found = calibration->sites[site.index()];
    return found.values ? &found : nullptr;
}

std::shared_ptr<const stats::SiteStatistics> Plans::statisticsOf(SiteId site) const
{
    if (auto weight = m_weights.find(site))
        return weight;
    const stats::SiteStatistics* found = statistics(site);
    return found ? std::shared_ptr<const stats::SiteStatistics>(m_document.calibration(), found) : nullptr;
}

Figure<quant::Plan> Plans::plan() const
{
    // A lock changes no number: the key says whether it is the present recipe's.
    return {m_plan, m_plan && m_plan->calibration == m_document.calibration() && m_planKey == m_document.recipeKey(),
            m_resolve.running()};
}

std::shared_ptr<const quant::SitePlan> Plans::sitePlan(SiteId site) const
{
    if (const auto found = m_previews.find(site); found != m_previews.end())
        return found->second;
    return m_plan && site.valid() && site.index() < m_plan->sites.size() ? m_plan->sites[site.index()] : nullptr;
}

bool Plans::sitePlanCurrent(SiteId site) const
{
    return m_previews.contains(site) || (sitePlan(site) && !m_stale.contains(site));
}

// --- calibration ---------------------------------------------------------------------------------------------------

void Plans::calibrate()
{
    const std::shared_ptr<const onnx::Model> model = m_document.model();
    const std::shared_ptr<const ImageSet> images = m_document.calibrationImages();
    if (!m_messages.need(model != nullptr, tr("Open a model first.")) ||
        !m_messages.need(images != nullptr, tr("Open calibration images first.")))
        return;
    stats::CalibrationOptions options;
    options.images = m_document.calibrationCount();
    options.modelHash = model->info.hash;
    options.preprocess = nlohmann::json(m_document.preprocess()).dump();
    m_calibrate.start(
        [model, images, options](const Context& context) {
            return stats::calibrate(*model, *images->source, options, context);
        },
        [this](Result<std::shared_ptr<const stats::Calibration>> result) {
            if (m_messages.succeeded(result))
                m_document.setCalibration(*result);
            else
                emit calibrationChanged();
        });
    emit calibrationChanged();
}

void Plans::imagesChanged(ImageChange change)
{
    const bool others = change == ImageChange::Calibration || change == ImageChange::Preprocess;
    if (others && m_document.model() && m_document.calibrationImages())
        calibrate();
}

// --- plan ----------------------------------------------------------------------------------------------------------

void Plans::forget()
{
    m_previews.clear();
    findStale();
    m_seenKey = m_document.recipeKey();
}

void Plans::restart()
{
    m_preview.cancel();
    m_resolve.cancel();
    m_calibrate.cancel();
    m_warnings.clear();
    m_plan.reset();
    m_planKey.clear();
    forget();
}

void Plans::announce()
{
    emit planChanged();
}

void Plans::findStale()
{
    m_stale.clear();
    if (!m_plan || plan().current)
        return;
    if (m_plan->calibration == m_document.calibration()) {
        m_stale = quant::staleSites(*m_document.model(), *m_plan, m_document.recipe());
    } else {
        for (const graph::Site& site : m_document.sites())
            m_stale.insert(site.id);
    }
}

void Plans::recipeChanged(const std::vector<SiteId>& changed)
{
    findStale();
    std::erase_if(m_previews,
                  [this](const auto& entry) { return entry.second->settings != m_document.settings(entry.first); });
    if (std::exchange(m_seenKey, m_document.recipeKey()) == m_document.recipeKey()) // a lock, say
        return;
    startPreview(changed);
    startResolve();
}

void Plans::startPreview(const std::vector<SiteId>& changed)
{
    // The one site that single-site views show, alone: it must not wait for the others.
    const SiteId site = m_selection.current();
    const std::shared_ptr<const onnx::Model> model = m_document.model();
    const std::shared_ptr<const stats::Calibration> calibration = m_document.calibration();
    if (!calibration || std::ranges::find(changed, site) == changed.end())
        return;
    const bool fits = m_plan && m_plan->calibration == calibration;
    m_preview.start(
        [model, calibration, site, settings = m_document.settings(site),
         plan = fits ? m_plan : nullptr](const Context&) -> Result<Preview> {
            QS_ASSIGN(const std::shared_ptr<const quant::SitePlan> found,
                      quant::previewSite(*model, *calibration, site, settings, plan.get()));
            return Preview{site, found};
        },
        [this, model](Result<Preview> result) {
            if (!result && result.error().code == ErrorCode::NotFound)
                return; // the plan will tell
            if (!m_messages.succeeded(result) || model != m_document.model() || plan().current)
                return;
            m_previews[result->site] = result->plan;
            emit sitesChanged({result->site});
        },
        Job<Preview>::WhenBusy::Follow);
}

void Plans::startResolve()
{
    const std::shared_ptr<const onnx::Model> model = m_document.model();
    const std::shared_ptr<const stats::Calibration> calibration = m_document.calibration();
    if (!calibration || !model)
        return;
    using WhenBusy = Job<std::shared_ptr<const quant::Plan>>::WhenBusy;
    const bool slow = m_resolve.running() && m_resolve.progress().elapsedMs > kPatienceMs;
    m_resolve.start(
        [model, calibration, recipe = m_document.recipe(), previous = m_plan](const Context& context) {
            return quant::resolve(*model, calibration, recipe, previous.get(), context);
        },
        [this, model, calibration](Result<std::shared_ptr<const quant::Plan>> result) {
            if (model != m_document.model() || calibration != m_document.calibration())
                return;
            if (m_messages.succeeded(result))
                setPlan(*result);
            else
                emit planChanged();
        },
        slow ? WhenBusy::Supersede : WhenBusy::Follow);
}

void Plans::setPlan(std::shared_ptr<const quant::Plan> plan)
{
    m_plan = std::move(plan);
    m_planKey = History::keyOf(m_plan->recipe);
    findStale();
    if (this->plan().current) {
        m_previews.clear();
        showWorst();
    }
    emit planChanged();
    for (const auto& line : m_warnings.fresh(m_plan->warnings))
        m_messages.note(warningText(line));
}

/// Where nothing is selected, something worth looking at: the worst activation.
void Plans::showWorst()
{
    if (m_selection.current().valid())
        return;
    SiteId worst;
    for (const graph::Site& site : m_document.sites())
        if (site.kind == graph::SiteKind::Activation && (*m_plan)[site.id].quantized() &&
            (!worst.valid() || (*m_plan)[site.id].error.sqnrDb < (*m_plan)[worst].error.sqnrDb))
            worst = site.id;
    if (worst.valid())
        m_selection.select(worst);
}

} // namespace qs::ui
