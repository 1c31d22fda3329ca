#pragma once

#include "core/base/thread_pool.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

namespace qs {

/// How far a long function is: `done` of `total` steps of the named stage ("calibrating", "evaluating", ...).
struct Progress {
    std::string_view stage;
    std::size_t done = 0;
    std::size_t total = 0;
};

/// How networks are computed: in the fast executor, or node by node in plain loops as its second opinion (much
/// slower).
enum class Execution : uint8_t {
    Auto,  ///< the fastest that there is
    Float, ///< the fast executor, products of floats
    Reference
};

/// What a long function is given: a wish to stop (polled every 10 ms of work or more often), somewhere to report
/// progress (called from the thread that called the function, never concurrently), threads, and the seed of all its
/// random choices. Results never depend on the number of threads.
struct Context {
    std::stop_token stop;
    std::function<void(const Progress&)> report;
    ThreadPool* pool = nullptr; ///< null: the calling thread alone
    uint64_t seed = 0;
    Execution execution =
        Execution::Auto; ///< of calibrations, evaluations, profiles and checks; searches refuse Reference

    bool stopRequested() const { return stop.stop_requested(); }
    void progress(std::string_view stage, std::size_t done, std::size_t total) const
    {
        if (report)
            report({stage, done, total});
    }
    int threads() const { return pool ? pool->size() : 1; }
};

} // namespace qs
