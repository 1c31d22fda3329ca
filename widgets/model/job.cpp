#include "widgets/model/job.h"

#include <algorithm>

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

JobProgress JobBase::progress() const
{
    JobProgress progress;
    const std::lock_guard lock(m_cell->mutex);
    progress.stage = QString::fromStdString(m_cell->stage);
    progress.done = m_cell->done;
    progress.total = m_cell->total;
    progress.elapsedMs = m_cell->sinceStart.isValid() ? m_cell->sinceStart.elapsed() : 0;
    if (m_cell->done > 0 && m_cell->total >= m_cell->done) {
        const double perStep = static_cast<double>(m_cell->sinceStage.elapsed()) / static_cast<double>(m_cell->done);
        progress.remainingMs = static_cast<qint64>(perStep * static_cast<double>(m_cell->total - m_cell->done));
    }
    return progress;
}

} // namespace qs::ui
