#include "widgets/model/history.h"
#include "widgets/model/search_feed.h"
#include "widgets/model/session.h"
#include "widgets/model/session_jobs.h"

namespace qs::ui {

namespace {

QString figuresText(const search::Step& step)
{
    return QStringLiteral("W%1 A%2").arg(step.meanWeightBits, 0, 'f', 2).arg(step.meanActivationBits, 0, 'f', 2);
}

} // namespace

void SearchFeed::add(const search::Trace& trace, const search::Step& step)
{
    const std::lock_guard lock(m_mutex);
    if (m_head.units.empty()) {
        m_head.mode = trace.mode;
        m_head.units = trace.units;
        m_head.startBits = trace.startBits;
        m_head.start = trace.start;
    }
    m_head.fillFrom = trace.fillFrom;
    m_head.evaluations = trace.evaluations;
    m_head.seconds = trace.seconds;
    m_fresh.push_back(step);
}

bool SearchFeed::moveTo(search::Trace& trace)
{
    const std::lock_guard lock(m_mutex);
    if (m_fresh.empty())
        return false;
    std::vector<search::Step> steps = std::move(trace.steps);
    trace = m_head;
    trace.steps = std::move(steps);
    trace.steps.insert(trace.steps.end(), m_fresh.begin(), m_fresh.end());
    m_fresh.clear();
    return true;
}

void Session::startSearch(const search::Options& options, SearchImages which)
{
    const std::shared_ptr<const ImageSet>& images =
        which == SearchImages::Calibration ? m_calibrationImages : m_testImages;
    if (!need(m_model != nullptr, "Open a model first.") ||
        !need(m_calibration.value != nullptr, "Calibrate first: there are no ranges to quantize with.") ||
        !need(images != nullptr, "Open the images first that the search is to measure on."))
        return;
    m_jobs->search.cancel(); // one that still runs keeps what it found
    m_search = {};
    m_search.options = options;
    m_search.start = m_recipe;
    m_search.running = true;
    const auto feed = std::make_shared<SearchFeed>();
    m_jobs->searchFeed = feed;
    m_jobs->searchPoll.start();
    m_jobs->search.start(
        [model = m_model, calibration = m_calibration.value, recipe = m_recipe, images, options,
         feed](const Context& context) {
            return search::greedyMixedPrecision(
                model->graph, model->sites, calibration, recipe, *images->source, exec::makeWeightCache(), options,
                context, [&feed](const search::Trace& trace, const search::Step& step) { feed->add(trace, step); });
        },
        [this, feed](Result<search::Outcome> result) {
            if (feed == m_jobs->searchFeed) // else the session has moved on to another model or calibration
                finishSearch(std::move(result));
        });
    emit searchChanged();
}

void Session::pollSearch()
{
    if (m_jobs->searchFeed && m_jobs->searchFeed->moveTo(m_search.trace))
        emit searchChanged();
}

void Session::finishSearch(Result<search::Outcome> result)
{
    m_jobs->searchPoll.stop();
    m_jobs->searchFeed->moveTo(m_search.trace);
    m_jobs->searchFeed.reset();
    m_search.running = false;
    if (succeeded(result)) {
        m_search.trace = std::move(result->trace);
        m_search.loss = result->loss;
        m_search.met = result->met;
        m_search.cancelled = result->cancelled;
    } else {
        m_search.cancelled = result.error().code == ErrorCode::Cancelled;
    }
    emit searchChanged();
    if (result && !result->met && !result->cancelled)
        emit noticed(tr("The search could not meet the budget with these smallest bits and locks; its last step is "
                        "the nearest."));
    if (!m_search.hasTrace() || m_search.steps() == 0)
        return;
    if (m_recipe != m_search.start) {
        emit noticed(tr("The recipe was edited while the search ran and is left as it is; click a step of the curve "
                        "to load it."));
        return;
    }
    const std::size_t steps = m_search.steps();
    setRecipe(search::recipeAt(m_search.start, sites(), m_search.trace, steps),
              (m_search.cancelled ? tr("Search, stopped after %1 steps: %2") : tr("Search, %1 steps: %2"))
                  .arg(steps)
                  .arg(figuresText(m_search.at(steps))));
}

void Session::dropSearch()
{
    m_jobs->searchFeed.reset();
    m_jobs->searchPoll.stop();
    m_jobs->search.cancel();
    m_search = {};
    emit searchChanged();
}

void Session::loadSearchStep(std::size_t step)
{
    if (!m_search.hasTrace() || step > m_search.steps())
        return;
    quant::Recipe recipe = search::recipeAt(m_search.start, sites(), m_search.trace, step);
    recipe.locked = m_recipe.locked;
    for (const std::string& name : m_recipe.locked) { // locked sites keep their bits
        const SiteId id = sites().find(name);
        if (id.valid() && quant::settingsOf(recipe, sites()[id]).bits != settings(id).bits)
            recipe.overrides[name].bits = settings(id).bits;
    }
    setRecipe(recipe, tr("Search step %1: %2").arg(step).arg(figuresText(m_search.at(step))));
}

} // namespace qs::ui
