#pragma once

#include "widgets/model/jobs.h"

#include <deque>
#include <functional>

namespace qs::ui {

/// Files on their way to disk, one after the other: none is dropped because another was asked for.
class WriteQueue {
public:
    using Write = std::function<Result<void>(const Context&)>;
    using Done = std::function<void(Result<void>)>;

    WriteQueue(Jobs& jobs, JobKind kind, const char* title);
    void add(Write write, Done done);

private:
    struct Entry {
        Write write;
        Done done;
    };
    void next();

    Job<bool> m_job;
    std::deque<Entry> m_waiting;
};

} // namespace qs::ui
