#include "widgets/model/searches.h"

#include "core/quant/locks.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/jobs.h"
#include "widgets/model/messages.h"

#include <algorithm>

namespace qs::ui {

namespace {

QString figuresText(const search::Step& step)
{
    return QStringLiteral("W%1 A%2").arg(step.meanWeightBits, 0, 'f', 2).arg(step.meanActivationBits, 0, 'f', 2);
}

} // namespace

Searches::Searches(Document& document, Edits& edits, Jobs& jobs, Messages& messages, QObject* parent)
    : QObject(parent), m_document(document), m_edits(edits), m_messages(messages),
      m_runSearch(jobs.runner(), Lane::User), m_runHybrid(jobs.runner(), Lane::User)
{
    jobs.show(m_runSearch, JobKind::Search, QT_TR_NOOP("Searching bits"));
    jobs.show(m_runHybrid, JobKind::Hybrid, QT_TR_NOOP("Q-HyViT: searching steps, granularities, schemes"));
    m_poll.setInterval(50);
    connect(&m_poll, &QTimer::timeout, this, &Searches::pollSearch);
    connect(&document, &Document::imagesChanged, this, [this](ImageChange change) {
        if (change != ImageChange::All && change != ImageChange::Calibration && change != ImageChange::Names)
            m_comparison.reset();
        originChanged();
    });
    connect(&document, &Document::calibrationReplaced, this, &Searches::originChanged);
}

Searches::~Searches() = default;

std::shared_ptr<const ImageSet> Searches::imagesOf(SearchImages which) const
{
    return m_document.images(which == SearchImages::Calibration ? ImagePurpose::Calibration : ImagePurpose::Test);
}

project::Origin Searches::present() const
{
    const std::shared_ptr<const ImageSet>& images = m_document.probeImages();
    return m_document.originOn(images, images ? images->size() : 0);
}

project::Origin Searches::originOf(const std::shared_ptr<const ImageSet>& images, std::size_t count) const
{
    project::Origin origin = m_document.originOn(images, count);
    origin.recipe = m_document.recipeKey();
    return origin;
}

void Searches::originChanged()
{
    const project::Origin origin = present();
    if (origin == m_origin)
        return;
    m_origin = origin;
    dropSearch();
    dropHybrid();
}

void Searches::replace(std::optional<SearchRun> search, std::shared_ptr<const HybridFound> hybrid,
                       std::shared_ptr<const KeptComparison> comparison)
{
    dropSearch();
    dropHybrid();
    m_origin = present();
    const auto same = [this](const project::Origin& origin) { // which images it used matters less than the network
        return !origin.known() || (origin.model == m_origin.model && origin.calibration == m_origin.calibration);
    };
    if (search && same(search->origin))
        m_search = std::move(*search);
    if (hybrid && same(hybrid->origin))
        m_hybrid.found = std::move(hybrid);
    m_comparison = std::move(comparison);
}

void Searches::announce()
{
    emit searchChanged();
    emit hybridChanged();
}

void Searches::keepComparison(std::shared_ptr<const KeptComparison> comparison)
{
    m_comparison = std::move(comparison);
    m_document.touch();
}

// --- mixed precision -----------------------------------------------------------------------------------------------

void Searches::startSearch(const search::Options& options, SearchImages which)
{
    const std::shared_ptr<const onnx::Model> model = m_document.model();
    const std::shared_ptr<const stats::Calibration> calibration = m_document.calibration();
    const std::shared_ptr<const ImageSet> images = imagesOf(which);
    if (!m_messages.need(model != nullptr, tr("Open a model first.")) ||
        !m_messages.need(calibration != nullptr, tr("Calibrate first: there are no ranges to quantize with.")) ||
        !m_messages.need(images != nullptr, tr("Open the images first that the search is to measure on.")))
        return;
    m_runSearch.cancel(); // one that still runs keeps what it found
    m_search = {};
    m_search.options = options;
    m_search.start = m_document.recipe();
    m_search.origin = originOf(images, options.images);
    m_search.running = true;
    const auto feed = std::make_shared<SearchFeed>();
    m_feed = feed;
    m_poll.start();
    search::Options ofTask = options;
    ofTask.task = m_document.task().chosen;
    m_runSearch.start(
        [model, calibration, recipe = m_document.recipe(), images, options = ofTask, feed](const Context& context) {
            return search::greedyMixedPrecision(
                *model, calibration, recipe, *images->source, exec::makeWeightCache(), options, context,
                [&feed](const search::Trace& trace, const search::Step& step) { feed->add(trace, step); });
        },
        [this, feed](Result<search::Outcome> result) {
            if (feed == m_feed) // else the document has moved on to another model or calibration
                finishSearch(std::move(result));
        });
    emit searchChanged();
}

void Searches::pollSearch()
{
    if (m_feed && m_feed->moveTo(m_search.trace))
        emit searchChanged();
}

void Searches::finishSearch(Result<search::Outcome> result)
{
    m_poll.stop();
    m_feed->moveTo(m_search.trace);
    m_feed.reset();
    m_search.running = false;
    if (m_messages.succeeded(result)) {
        m_search.trace = std::move(result->trace);
        m_search.loss = result->loss;
        m_search.met = result->met;
        m_search.cancelled = result->cancelled;
    } else {
        m_search.cancelled = result.error().code == ErrorCode::Cancelled;
    }
    m_document.touch();
    emit searchChanged();
    if (result && !result->met && !result->cancelled)
        m_messages.note(tr("The search could not meet the budget with these smallest bits and locks; its last step "
                           "is the nearest."));
    if (!m_search.hasTrace() || m_search.steps() == 0)
        return;
    if (m_document.recipe() != m_search.start) {
        m_messages.note(tr("The recipe was edited while the search ran and is left as it is; click a step of the "
                           "curve to load it."));
        return;
    }
    const std::size_t steps = m_search.steps();
    m_edits.setRecipe(search::recipeAt(m_search.start, m_document.sites(), m_search.trace, steps),
                      (m_search.cancelled ? tr("Search, stopped after %1 steps: %2") : tr("Search, %1 steps: %2"))
                          .arg(steps)
                          .arg(figuresText(m_search.at(steps))));
}

void Searches::dropSearch()
{
    m_feed.reset();
    m_poll.stop();
    m_runSearch.cancel();
    m_search = {};
    emit searchChanged();
}

void Searches::loadSearchStep(std::size_t step)
{
    if (!m_search.hasTrace() || step > m_search.steps())
        return;
    quant::Recipe recipe = search::recipeAt(m_search.start, m_document.sites(), m_search.trace, step);
    recipe =
        quant::keepingLocks(std::move(recipe), m_document.recipe(), m_document.sites(), quant::KeptByLocks::Bits);
    m_edits.setRecipe(recipe, tr("Search step %1: %2").arg(step).arg(figuresText(m_search.at(step))));
}

// --- Q-HyViT -------------------------------------------------------------------------------------------------------

QString Searches::hybridObstacle() const
{
    if (!m_document.model())
        return tr("Open a model first.");
    if (!m_document.calibration())
        return tr("Calibrate first: there are no ranges to quantize with.");
    bool any = false;
    for (const graph::Site& site : m_document.sites()) {
        const quant::SiteSettings own = m_document.settings(site.id);
        if (own.isFloat())
            continue;
        if (own.smoothing.kind != quant::SmoothingKind::None || own.noise.on)
            return tr("The recipe has smoothing or noise, which belong to other methods: start from a preset "
                      "without them, MinMax say.");
        any |= own.isUniform() && !m_document.locked(site.id);
    }
    return any ? QString() : tr("Nothing to search: no site is quantized uniformly and unlocked.");
}

void Searches::startHybrid(const search::HybridOptions& options, SearchImages which)
{
    const std::shared_ptr<const ImageSet> images = imagesOf(which);
    const QString obstacle = hybridObstacle();
    if (!m_messages.need(obstacle.isEmpty(), obstacle) ||
        !m_messages.need(images != nullptr, tr("Open the images first that the search is to measure on.")))
        return;
    m_runHybrid.cancel();
    m_hybrid.running = true;
    m_hybrid.cancelled = false;
    search::HybridOptions ofTask = options;
    ofTask.task = m_document.task().chosen;
    m_runHybrid.start(
        [model = m_document.model(), calibration = m_document.calibration(), recipe = m_document.recipe(), images,
         options = ofTask, origin = originOf(images, options.images)](
            const Context& context) -> Result<std::shared_ptr<const HybridFound>> {
            QS_ASSIGN(search::HybridResult result,
                      search::searchHybrid(*model, calibration, recipe, *images->source, options, context));
            auto found = std::make_shared<HybridFound>(options, recipe, std::move(result));
            found->origin = origin;
            return found;
        },
        [this, model = m_document.model(),
         calibration = m_document.calibration()](Result<std::shared_ptr<const HybridFound>> result) {
            if (model == m_document.model() && calibration == m_document.calibration())
                finishHybrid(std::move(result));
        });
    emit hybridChanged();
}

void Searches::finishHybrid(Result<std::shared_ptr<const HybridFound>> result)
{
    m_hybrid.running = false;
    if (!m_messages.succeeded(result)) {
        m_hybrid.cancelled = result.error().code == ErrorCode::Cancelled;
        emit hybridChanged();
        return;
    }
    m_hybrid.found = std::move(*result);
    m_document.touch();
    emit hybridChanged();
    if (m_document.recipe() == m_hybrid.found->start)
        applyHybrid();
    else
        m_messages.note(tr("The recipe was edited while Q-HyViT searched and is left as it is; Apply loads what was "
                           "found."));
}

void Searches::applyHybrid()
{
    if (!m_hybrid.found)
        return;
    const search::HybridResult& result = m_hybrid.found->result;
    const auto changed = std::ranges::count_if(result.choices, &search::HybridChoice::changed);
    m_edits.setRecipe(m_edits.keepingLocked(result.recipe),
                      tr("Q-HyViT: %1 of %2 sites changed").arg(changed).arg(result.choices.size()));
}

void Searches::dropHybrid()
{
    m_runHybrid.cancel();
    m_hybrid = {};
    emit hybridChanged();
}

} // namespace qs::ui
