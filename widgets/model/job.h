#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"

#include <QElapsedTimer>
#include <QFutureWatcher>
#include <QObject>
#include <QPromise>
#include <QString>
#include <QThreadPool>
#include <QtConcurrent>

#include <atomic>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace qs::ui {

/// Where a job waits for its turn.
enum class Lane {
    Interactive, ///< short work that a person waits for (preview of a site, resolve, reading a file): starts at once
    User,        ///< long work that was asked for (calibrate, evaluate, export): one at a time, before all background
    Background,  ///< long work nobody asked for (probe): gives way to User jobs and starts again after them
};

/// How far a job is, for people.
struct JobProgress {
    QString stage;         ///< what core says it does, "" before the first report
    std::size_t done = 0;  ///< of this stage
    std::size_t total = 0; ///< 0: unknown
    qint64 elapsedMs = 0;  ///< since the work began (not since it was queued)
    /// Of the whole job: this stage at its mean pace so far, and the stages that are known to follow it (of a job
    /// that goes through the same stages several times, the rounds at their mean time). -1: unknown.
    qint64 remainingMs = -1;
    double fraction() const { return total ? static_cast<double>(done) / static_cast<double>(total) : 0; }
};

class JobBase;

/// The threads of the program: one compute pool shared by all jobs, and the lanes. Create one before any Job and
/// destroy it after all of them; only its destructor waits (for what still runs, after asking it to stop).
class JobRunner {
public:
    /// threads <= 0: one per hardware thread.
    explicit JobRunner(int threads = 0);
    ~JobRunner();
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    int threads() const { return m_compute->size(); }
    /// Waits until nothing runs or is queued, at most so long. For tests and the end of the program.
    bool waitForDone(int timeoutMs);

private:
    friend class JobBase;
    template <class T>
    friend class Job;

    QThreadPool& lane(Lane which) { return which == Lane::Interactive ? m_interactiveLane : m_computeLane; }
    /// The pool a job may use: Interactive jobs go without while a long job has it.
    ThreadPool* poolFor(Lane which) const;
    void preemptBackground();

    std::shared_ptr<ThreadPool> m_compute;
    std::atomic<int> m_longJobs{0}; ///< running on m_computeLane
    std::stop_source m_quit;
    QThreadPool m_interactiveLane;
    QThreadPool m_computeLane;
    std::vector<JobBase*> m_background; ///< all jobs of Lane::Background, running or not; UI thread only
};

/// What all jobs have in common. Use Job<T>.
class JobBase : public QObject {
    Q_OBJECT
public:
    ~JobBase() override;
    /// Queued or running.
    bool running() const { return m_running; }
    JobProgress progress() const;
    Lane laneOf() const { return m_lane; }
    /// Ends the job at once as far as the UI is concerned: `done` gets Cancelled during this call; the thread stops
    /// within 10 ms of work, or whenever it looks.
    virtual void cancel() = 0;

signals:
    void started();
    void progressed(); ///< at most 25 times a second
    void finished();   ///< after `done` returned; also after cancel

protected:
    /// What the worker says, read by the UI thread.
    struct Cell {
        std::mutex mutex;
        std::string stage;
        std::size_t done = 0;
        std::size_t total = 0;
        std::size_t round = 0;    ///< of a job that repeats its stages, see isRound() in job.cpp
        std::size_t rounds = 0;   ///< 0: it does not
        QElapsedTimer sinceStart; ///< invalid while queued
        QElapsedTimer sinceStage;

        void report(const Progress& progress);
        qint64 remainingMs() const;
    };
    JobBase(JobRunner& runner, Lane lane, QObject* parent);
    virtual void preempt() = 0;
    friend class JobRunner;

    JobRunner& m_runner;
    const Lane m_lane;
    bool m_running = false;
    std::stop_source m_stop;
    std::shared_ptr<Cell> m_cell;
};

/// The bridge between core's long functions and Qt. The work runs on another thread and must not touch QObjects;
/// `done` runs on the thread of the Job (the UI thread). Latest start wins: a start while the job runs drops the
/// older work and its result, whose `done` is never called. Destruction cancels and does not wait, so the work must
/// own what it uses (capture shared_ptr values by copy, never `this`).
///
///   m_evaluate.start([plan](const Context& cx) { return quant::evaluate(..., cx); },
///                    [this](Result<quant::Evaluation> result) { ... });
template <class T>
class Job final : public JobBase {
public:
    using Work = std::function<Result<T>(const Context&)>;
    using Done = std::function<void(Result<T>)>;
    enum class WhenBusy {
        Supersede, ///< stop the running work, drop its result
        Follow, ///< let it finish and deliver; of several that follow, the last wins. For work that must not starve
                ///< while a control moves.
    };

    Job(JobRunner& runner, Lane lane, QObject* parent = nullptr) : JobBase(runner, lane, parent)
    {
        connect(&m_watcher, &QFutureWatcherBase::progressValueChanged, this, [this] { emit progressed(); });
        connect(&m_watcher, &QFutureWatcherBase::finished, this, [this] { deliver(); });
    }
    ~Job() override { m_stop.request_stop(); }

    void start(Work work, Done done, WhenBusy whenBusy = WhenBusy::Supersede)
    {
        if (m_running && whenBusy == WhenBusy::Follow) {
            m_next = {std::move(work), std::move(done)};
            return;
        }
        m_next = {};
        m_now = {std::move(work), std::move(done)};
        m_running = true;
        dispatch();
        if (m_lane == Lane::User) // after dispatch, so that the lane finds this job first
            m_runner.preemptBackground();
        emit started();
    }

    void cancel() override
    {
        if (!m_running)
            return;
        m_stop.request_stop();
        m_watcher.setFuture({});
        m_next = {};
        finish(cancelled());
    }

private:
    struct Task {
        Work work;
        Done done;
    };

    void preempt() override
    {
        if (m_running)
            dispatch();
    }

    void dispatch()
    {
        m_stop.request_stop();
        m_stop = std::stop_source{};
        m_cell = std::make_shared<Cell>();
        auto body = [work = m_now.work, cell = m_cell, stop = m_stop, lane = m_lane,
                     runner = &m_runner](QPromise<Result<T>>& promise) mutable {
            promise.setProgressRange(0, std::numeric_limits<int>::max());
            promise.addResult(runOnWorker(work, *cell, stop, lane, *runner, promise));
        };
        m_watcher.setFuture(QtConcurrent::task(std::move(body))
                                .onThreadPool(m_runner.lane(m_lane))
                                .withPriority(m_lane == Lane::Background ? 0 : 1)
                                .spawn());
    }

    static Result<T> runOnWorker(const Work& work, Cell& cell, std::stop_source& stop, Lane lane, JobRunner& runner,
                                 QPromise<Result<T>>& promise)
    {
        // The end of the program stops what still runs or waits.
        const std::stop_callback quit(runner.m_quit.get_token(), [&stop] { stop.request_stop(); });
        if (stop.stop_requested())
            return cancelled();
        ThreadPool* pool = runner.poolFor(lane);
        struct Busy {
            std::atomic<int>* count;
            explicit Busy(std::atomic<int>* c) : count(c)
            {
                if (count)
                    ++*count;
            }
            ~Busy()
            {
                if (count)
                    --*count;
            }
        } busy(lane == Lane::Interactive ? nullptr : &runner.m_longJobs);
        {
            const std::lock_guard lock(cell.mutex);
            cell.sinceStart.start();
        }
        int tick = 0;
        Context context;
        context.stop = stop.get_token();
        context.pool = pool;
        context.report = [&](const Progress& p) {
            cell.report(p);
            promise.setProgressValue(++tick); // Qt thins these out to 25 a second
        };
        try {
            return work(context);
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::OutOfMemory, "not enough memory");
        } catch (const std::exception& e) {
            return fail(ErrorCode::Internal, e.what());
        }
    }

    void deliver()
    {
        if (!m_running || m_watcher.future().resultCount() == 0)
            return;
        finish(m_watcher.future().takeResult());
    }

    void finish(Result<T> result)
    {
        m_running = false;
        const Task now = std::exchange(m_now, {});
        const Task next = std::exchange(m_next, {});
        if (now.done)
            now.done(std::move(result));
        if (!m_running)
            emit finished();
        if (next.work && !m_running)
            start(next.work, next.done);
    }

    QFutureWatcher<Result<T>> m_watcher;
    Task m_now;
    Task m_next;
};

} // namespace qs::ui
