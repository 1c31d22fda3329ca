#pragma once

#include "widgets/model/job.h"

#include <QObject>
#include <QString>

#include <vector>

namespace qs::ui {

/// What a job does.
enum class JobKind {
    Open,       ///< a model, a session or the demo
    OpenImages, ///< a folder
    SaveSession,
    Calibrate,
    Resolve,
    Probe,       ///< background: whole-model figure on the first images
    Profile,     ///< background: accumulated error of every site
    Evaluate,    ///< the full test set
    Sensitivity, ///< one site quantized at a time
    Export,
    Report,
    Search,  ///< mixed precision
    Hybrid,  ///< steps, granularities and schemes (Q-HyViT)
    Compare, ///< methods beside each other
};

/// One job as the window shows it.
struct JobStatus {
    JobKind kind = JobKind::Open;
    QString title; ///< "Calibrating on 64 images"
    JobProgress progress;
    bool background = false;
};

/// The jobs that the window shows and Esc stops. Each room owns its jobs and shows them here.
class Jobs : public QObject {
    Q_OBJECT
public:
    explicit Jobs(JobRunner& runner, QObject* parent = nullptr) : QObject(parent), m_runner(runner) {}

    JobRunner& runner() const { return m_runner; }
    /// Until it is destroyed. `title`: marked by QT_TR_NOOP.
    void show(JobBase& job, JobKind kind, const char* title);

    std::vector<JobStatus> list() const; ///< running and queued, user jobs first
    bool running(JobKind kind) const;
    void cancel(JobKind kind);
    /// All jobs the user asked for; with none running, the background ones.
    void cancelAll();

signals:
    void started(qs::ui::JobKind kind);
    void progressed(qs::ui::JobKind kind);
    void finished(qs::ui::JobKind kind);
    void backgroundCancelled(); ///< what waits to start in the background must not start

private:
    struct Entry {
        JobKind kind;
        JobBase* job;
        const char* title;
        bool background() const { return job->laneOf() == Lane::Background || kind == JobKind::Resolve; }
    };

    JobRunner& m_runner;
    std::vector<Entry> m_entries;
};

} // namespace qs::ui
