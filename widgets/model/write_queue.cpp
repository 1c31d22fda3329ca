#include "widgets/model/write_queue.h"

#include <utility>

namespace qs::ui {

WriteQueue::WriteQueue(Jobs& jobs, JobKind kind, const char* title) : m_job(jobs.runner(), Lane::Interactive)
{
    jobs.show(m_job, kind, title);
}

void WriteQueue::add(Write write, Done done)
{
    m_waiting.push_back({std::move(write), std::move(done)});
    if (m_waiting.size() == 1)
        next();
}

void WriteQueue::next()
{
    m_job.start(
        [write = m_waiting.front().write](const Context& context) -> Result<bool> {
            QS_CHECK(write(context));
            return true;
        },
        [this](Result<bool> result) {
            const Done done = std::move(m_waiting.front().done);
            m_waiting.pop_front();
            if (!m_waiting.empty())
                next();
            done(result ? Result<void>() : tl::unexpected<Error>(result.error()));
        });
}

} // namespace qs::ui
