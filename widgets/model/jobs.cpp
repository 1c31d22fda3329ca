#include "widgets/model/jobs.h"

#include <algorithm>

namespace qs::ui {

void Jobs::show(JobBase& job, JobKind kind, const char* title)
{
    m_entries.push_back({kind, &job, title});
    connect(&job, &JobBase::started, this, [this, kind] { emit started(kind); });
    connect(&job, &JobBase::progressed, this, [this, kind] { emit progressed(kind); });
    connect(&job, &JobBase::finished, this, [this, kind] { emit finished(kind); });
    connect(&job, &QObject::destroyed, this, [this, gone = &job] {
        std::erase_if(m_entries, [gone](const Entry& entry) { return entry.job == gone; });
    });
}

std::vector<JobStatus> Jobs::list() const
{
    std::vector<JobStatus> list;
    for (const Entry& entry : m_entries)
        if (entry.job->running())
            list.push_back({entry.kind, tr(entry.title), entry.job->progress(), entry.background()});
    std::ranges::stable_partition(list, [](const JobStatus& job) { return !job.background; });
    return list;
}

bool Jobs::running(JobKind kind) const
{
    return std::ranges::any_of(m_entries, [kind](const Entry& e) { return e.kind == kind && e.job->running(); });
}

void Jobs::cancel(JobKind kind)
{
    for (const Entry& entry : m_entries)
        if (entry.kind == kind)
            entry.job->cancel();
}

void Jobs::cancelAll()
{
    bool any = false;
    const std::vector<Entry> entries = m_entries; // a job that ends may take others with it
    for (const Entry& entry : entries)
        if (!entry.background() && entry.job->running()) {
            any = true;
            entry.job->cancel();
        }
    if (any)
        return;
    emit backgroundCancelled();
    for (const Entry& entry : entries)
        if (entry.job->laneOf() == Lane::Background)
            entry.job->cancel();
}

} // namespace qs::ui
