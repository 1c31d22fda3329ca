#include "widgets/model/job.h"

#include <algorithm>
#include <string_view>

namespace qs::ui {

namespace {

/// Preview, resolve and one reader of files at the same time.
constexpr int kInteractiveThreads = 3;

} // namespace

JobRunner::JobRunner(int threads) : m_compute(std::make_shared<ThreadPool>(threads))
{
    m_interactiveLane.setMaxThreadCount(kInteractiveThreads);
    m_computeLane.setMaxThreadCount(1);
}

JobRunner::~JobRunner()
{
    m_quit.request_stop();
    m_interactiveLane.waitForDone();
    m_computeLane.waitForDone();
}

bool JobRunner::waitForDone(int timeoutMs)
{
    QElapsedTimer timer;
    timer.start();
    return m_interactiveLane.waitForDone(timeoutMs) &&
           m_computeLane.waitForDone(std::max(0, timeoutMs - static_cast<int>(timer.elapsed())));
}

ThreadPool* JobRunner::poolFor(Lane which) const
{
    return which == Lane::Interactive && m_longJobs.load() > 0 ? nullptr : m_compute.get();
}

void JobRunner::preemptBackground()
{
    for (JobBase* job : m_background)
        job->preempt();
}

JobBase::JobBase(JobRunner& runner, Lane lane, QObject* parent)
    : QObject(parent), m_runner(runner), m_lane(lane), m_cell(std::make_shared<Cell>())
{
    if (lane == Lane::Background)
        runner.m_background.push_back(this);
}

JobBase::~JobBase()
{
    std::erase(m_runner.m_background, this);
}

namespace {

/// Reported by a job that goes through its stages for one thing after the other: done of total things.
bool isRound(std::string_view stage)
{
    return stage == "comparing";
}

/// What is still to come when a stage is done, in units of its own time.
double following(std::string_view stage)
{
    // An evaluation without a float reference runs the float network first, on as many images.
    return stage == "running the float network" ? 1 : 0;
}

} // namespace

void JobBase::Cell::report(const Progress& progress)
{
    const std::lock_guard lock(mutex);
    if (isRound(progress.stage)) {
        round = progress.done;
        rounds = progress.total;
        return;
    }
    if (stage != progress.stage || !sinceStage.isValid() || progress.done < done) {
        stage = progress.stage;
        sinceStage.start();
    }
    done = progress.done;
    total = progress.total;
}

qint64 JobBase::Cell::remainingMs() const
{
    if (rounds > 0) // the first round tells nothing of the others
        return round == 0 ? -1
                          : sinceStart.elapsed() * static_cast<qint64>(rounds - std::min(round, rounds)) /
                                static_cast<qint64>(round);
    if (done == 0 || total < done)
        return -1;
    const double perStep = static_cast<double>(sinceStage.elapsed()) / static_cast<double>(done);
    const double all = perStep * static_cast<double>(total);
    return static_cast<qint64>(perStep * static_cast<double>(total - done) + following(stage) * all);
}

JobProgress JobBase::progress() const
{
    JobProgress progress;
    const std::lock_guard lock(m_cell->mutex);
    progress.stage = QString::fromStdString(m_cell->stage);
    progress.done = m_cell->done;
    progress.total = m_cell->total;
    progress.elapsedMs = m_cell->sinceStart.isValid() ? m_cell->sinceStart.elapsed() : 0;
    progress.remainingMs = m_cell->remainingMs();
    return progress;
}

} // namespace qs::ui
