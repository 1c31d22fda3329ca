#include "widgets/model/session.h"

#include "core/quant/presets.h"
#include "core/quant/stale_sites.h"
#include "widgets/model/session_jobs.h"
#include "widgets/model/text.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace qs::ui {

Session::Session(JobRunner& runner, QObject* parent)
    : QObject(parent), m_runner(runner), m_jobs(std::make_unique<Jobs>(runner)),
      m_history(std::make_unique<History>())
{
    watch(m_jobs->openModel, JobKind::OpenModel, "Opening the model");
    watch(m_jobs->openCalibrationImages, JobKind::OpenImages, "Reading the calibration images");
    watch(m_jobs->openTestImages, JobKind::OpenImages, "Reading the test images");
    watch(m_jobs->openSession, JobKind::OpenSession, "Opening");
    watch(m_jobs->saveSession, JobKind::SaveSession, "Saving the session");
    watch(m_jobs->calibrate, JobKind::Calibrate, "Calibrating");
    watch(m_jobs->evaluate, JobKind::Evaluate, "Evaluating the test images");
    watch(m_jobs->sensitivity, JobKind::Sensitivity, "Measuring sensitivity, one site at a time");
    watch(m_jobs->search, JobKind::Search, "Searching bits");
    watch(m_jobs->hybrid, JobKind::Hybrid, "Q-HyViT: searching steps, granularities, schemes");
    watch(m_jobs->exportModel, JobKind::Export, "Exporting and checking");
    watch(m_jobs->resolve, JobKind::Resolve, "Resolving the recipe");
    watch(m_jobs->probe, JobKind::Probe, "Probe");
    watch(m_jobs->profile, JobKind::Profile, "Accumulated error");

    m_jobs->probeDelay.setSingleShot(true);
    m_jobs->probeDelay.setInterval(120);
    connect(&m_jobs->probeDelay, &QTimer::timeout, this, &Session::startProbe);
    m_jobs->searchPoll.setInterval(50);
    connect(&m_jobs->searchPoll, &QTimer::timeout, this, &Session::pollSearch);
    connect(m_history.get(), &History::applied, this, &Session::recipeApplied);
    connect(m_history.get(), &History::changed, this, &Session::historyChanged);
    m_history->start(m_recipe, tr("Start"));
    m_key = m_history->state(0).key;
}

Session::~Session() = default;

void Session::watch(JobBase& job, JobKind kind, const char* title)
{
    m_jobs->entries.push_back({kind, &job, title});
    connect(&job, &JobBase::started, this, [this, kind] { emit jobStarted(kind); });
    connect(&job, &JobBase::progressed, this, [this, kind] { emit jobProgressed(kind); });
    connect(&job, &JobBase::finished, this, [this, kind] { emit jobFinished(kind); });
}

void Session::addJob(JobBase& job, JobKind kind, const char* title)
{
    watch(job, kind, title);
    connect(&job, &QObject::destroyed, this, [this, gone = &job] {
        std::erase_if(m_jobs->entries, [gone](const Jobs::Entry& entry) { return entry.job == gone; });
    });
}

void Session::keepComparison(std::shared_ptr<const KeptComparison> comparison)
{
    m_comparison = std::move(comparison);
    setModified(true);
}

// --- values --------------------------------------------------------------------------------------------------------

const graph::SiteTable& Session::sites() const
{
    static const graph::SiteTable kNone;
    return m_model ? m_model->sites : kNone;
}

const std::shared_ptr<const ImageSet>& Session::probeImages() const
{
    return m_testImages ? m_testImages : m_calibrationImages;
}

const stats::SiteStatistics* Session::statistics(SiteId site) const
{
    if (!m_calibration || !site.valid() || site.index() >= m_calibration->sites.size())
        return nullptr;
    const stats::SiteStatistics& found = m_calibration->sites[site.index()];
    return found.values ? &found : nullptr;
}

quant::SiteSettings Session::settings(SiteId site) const
{
    return quant::settingsOf(m_recipe, sites()[site]);
}

bool Session::locked(SiteId site) const
{
    return m_recipe.locked.contains(sites()[site].name);
}

std::shared_ptr<const quant::SitePlan> Session::sitePlan(SiteId site) const
{
    if (const auto found = m_previews.find(site); found != m_previews.end())
        return found->second;
    return m_plan && site.valid() && site.index() < m_plan->sites.size() ? m_plan->sites[site.index()] : nullptr;
}

bool Session::sitePlanCurrent(SiteId site) const
{
    return m_previews.contains(site) || (sitePlan(site) && !m_stale.contains(site));
}

const Figure<quant::Evaluation>& Session::bestFigures() const
{
    if (m_evaluation.current || (m_evaluation && !m_probe.current))
        return m_evaluation;
    return m_probe;
}

const quant::SiteProfile* Session::find(const Figure<std::vector<quant::SiteProfile>>& table, SiteId site)
{
    if (!table)
        return nullptr;
    const auto found = std::ranges::find(*table.value, site, &quant::SiteProfile::site);
    return found == table.value->end() ? nullptr : &*found;
}

// --- selection and view --------------------------------------------------------------------------------------------

bool Session::selected(SiteId site) const
{
    return std::ranges::binary_search(m_selection, site);
}

void Session::select(std::vector<SiteId> which, SelectMode mode)
{
    std::erase_if(which, [this](SiteId id) { return !id.valid() || id.index() >= sites().size(); });
    SiteId current = which.empty() ? SiteId{} : which.back();
    std::ranges::sort(which);
    which.erase(std::unique(which.begin(), which.end()), which.end());
    std::vector<SiteId> result;
    switch (mode) {
    case SelectMode::Replace:
        result = which;
        break;
    case SelectMode::Add:
        std::ranges::set_union(m_selection, which, std::back_inserter(result));
        break;
    case SelectMode::Toggle:
        std::ranges::set_symmetric_difference(m_selection, which, std::back_inserter(result));
        break;
    }
    if (!std::ranges::binary_search(result, current))
        current = std::ranges::binary_search(result, m_current) ? m_current
                  : result.empty()                              ? SiteId{}
                                                                : result.back();
    if (result == m_selection && current == m_current)
        return;
    m_selection = std::move(result);
    m_current = current;
    emit selectionChanged();
}

void Session::selectAll()
{
    std::vector<SiteId> all;
    for (const graph::Site& site : sites())
        if (site.coverage == graph::Coverage::MatMul || m_recipe.coverage == graph::Coverage::Full)
            all.push_back(site.id);
    if (all.empty())
        return;
    if (m_current.valid()) // stays the current one
        std::rotate(all.begin(),
                    std::ranges::find(all, m_current) == all.end() ? all.begin()
                                                                   : std::ranges::find(all, m_current) + 1,
                    all.end());
    select(std::move(all));
}

void Session::setCurrentImage(int image)
{
    if (std::exchange(m_currentImage, image) != image)
        emit currentImageChanged();
}

void Session::setLogAxis(bool on)
{
    if (std::exchange(m_logAxis, on) != on)
        emit viewOptionsChanged();
}

void Session::setShowBefore(bool on)
{
    if (std::exchange(m_showBefore, on) != on)
        emit viewOptionsChanged();
}

void Session::setModified(bool modified)
{
    if (std::exchange(m_modified, modified) != modified)
        emit sessionChanged();
}

bool Session::need(bool condition, const char* what)
{
    if (!condition)
        emit failed(Error{ErrorCode::InvalidArgument, tr(what).toStdString(), {}});
    return condition;
}

// --- jobs ----------------------------------------------------------------------------------------------------------

std::vector<JobStatus> Session::jobs() const
{
    std::vector<JobStatus> list;
    for (const Jobs::Entry& entry : m_jobs->entries)
        if (entry.job->running())
            list.push_back({entry.kind, tr(entry.title), entry.job->progress(),
                            entry.job->laneOf() == Lane::Background || entry.kind == JobKind::Resolve});
    std::ranges::stable_partition(list, [](const JobStatus& job) { return !job.background; });
    return list;
}

bool Session::running(JobKind kind) const
{
    return std::ranges::any_of(m_jobs->entries, [kind](const auto& e) { return e.kind == kind && e.job->running(); });
}

void Session::cancelJob(JobKind kind)
{
    for (const Jobs::Entry& entry : m_jobs->entries)
        if (entry.kind == kind)
            entry.job->cancel();
}

void Session::cancelJobs()
{
    bool any = false;
    for (const Jobs::Entry& entry : m_jobs->entries) {
        if (entry.job->laneOf() == Lane::Background || entry.kind == JobKind::Resolve || !entry.job->running())
            continue;
        any = true;
        entry.job->cancel();
    }
    if (any)
        return;
    m_jobs->probeDelay.stop();
    m_jobs->probe.cancel();
    m_jobs->profile.cancel();
}

// --- edits ---------------------------------------------------------------------------------------------------------

QUndoStack& Session::undoStack()
{
    return m_history->stack();
}

void Session::editSites(std::span<const SiteId> which, const quant::SitePatch& patch, int gesture)
{
    if (!m_model || which.empty() || patch.empty())
        return;
    if (std::ranges::all_of(which, [this](SiteId id) { return locked(id); })) {
        emit noticed(tr("%1: locked. Unlock (L) to change it.").arg(describe(which, sites())));
        return;
    }
    m_history->push(quant::edited(m_recipe, sites(), which, patch),
                    describe(which, sites()) + QStringLiteral(": ") + describe(patch), gesture);
}

void Session::editEach(std::span<const SiteId> which, const std::function<quant::SitePatch(SiteId)>& patchOf,
                       const QString& what, int gesture)
{
    if (!m_model || which.empty())
        return;
    if (std::ranges::all_of(which, [this](SiteId id) { return locked(id); })) {
        emit noticed(tr("%1: locked. Unlock (L) to change it.").arg(describe(which, sites())));
        return;
    }
    quant::Recipe recipe = m_recipe;
    for (const SiteId id : which)
        recipe = quant::edited(recipe, sites(), std::vector{id}, patchOf(id));
    m_history->push(recipe, describe(which, sites()) + QStringLiteral(": ") + what, gesture);
}

void Session::editSelection(const quant::SitePatch& patch, int gesture)
{
    editSites(m_selection, patch, gesture);
}

void Session::resetSites(std::span<const SiteId> which)
{
    if (m_model && !which.empty())
        m_history->push(quant::reset(m_recipe, sites(), which), tr("Reset %1").arg(describe(which, sites())));
}

void Session::setLocked(std::span<const SiteId> which, bool lock)
{
    if (!m_model || which.empty())
        return;
    quant::Recipe recipe = m_recipe;
    for (const SiteId id : which) {
        if (lock)
            recipe.locked.insert(sites()[id].name);
        else
            recipe.locked.erase(sites()[id].name);
    }
    m_history->push(recipe, (lock ? tr("Lock %1") : tr("Unlock %1")).arg(describe(which, sites())));
}

void Session::applyPreset(const QString& name, int weightBits, int activationBits)
{
    auto preset = quant::presetRecipe(name.toStdString(), weightBits, activationBits);
    if (!succeeded(preset))
        return;
    preset->coverage = m_recipe.coverage;
    const auto bits = [](int b) { return b == quant::kFloatBits ? QStringLiteral("32") : QString::number(b); };
    setRecipe(keepingLocked(*preset), QStringLiteral("%1 W%2A%3").arg(name, bits(weightBits), bits(activationBits)));
}

quant::Recipe Session::keepingLocked(quant::Recipe recipe) const
{
    recipe.locked = m_recipe.locked;
    for (const std::string& name : m_recipe.locked)
        if (const SiteId id = sites().find(name);
            id.valid() && quant::settingsOf(recipe, sites()[id]) != settings(id))
            recipe.overrides[name] = quant::wholePatch(settings(id));
    return recipe;
}

void Session::setCoverage(graph::Coverage coverage)
{
    quant::Recipe recipe = m_recipe;
    recipe.coverage = coverage;
    setRecipe(recipe, tr("Coverage: %1").arg(coverageTitle(coverage)));
}

void Session::setGuard(bool guard)
{
    quant::Recipe recipe = m_recipe;
    recipe.guard = guard;
    setRecipe(recipe, guard ? tr("Min-max where it does better") : tr("The recipe literally"));
}

void Session::setRecipe(const quant::Recipe& recipe, const QString& text)
{
    m_history->push(recipe, text);
}

void Session::recipeApplied(const quant::Recipe& recipe)
{
    std::vector<SiteId> changed;
    for (const graph::Site& site : sites()) {
        const quant::SiteSettings before = quant::settingsOf(m_recipe, site);
        const quant::SiteSettings after = quant::settingsOf(recipe, site);
        if (before != after)
            changed.push_back(site.id);
    }
    m_recipe = recipe;
    const std::string key = std::exchange(m_key, History::keyOf(recipe));
    if (m_plan)
        m_stale = quant::staleSites(m_model->graph, sites(), *m_plan, m_recipe);
    std::erase_if(m_previews, [this](const auto& entry) { return entry.second->settings != settings(entry.first); });
    setModified(true);
    if (changed.empty() && key == m_key) { // a lock, say: all numbers hold
        emit recipeChanged();
        return;
    }
    m_plan.current = false;
    m_plan.running = m_calibration.value != nullptr;
    recallFigures();
    emit recipeChanged();
    emitFigures();
    startPreview(changed);
    startResolve();
}

} // namespace qs::ui
