#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace qs {

/// A fixed set of threads that share the indices of one loop at a time. The calling thread works too, so a pool of
/// size n starts n - 1 threads; size 1 starts none. Waiting threads sleep (after a short spin), they do not burn a
/// core of a busy desktop.
class ThreadPool {
public:
    /// threads <= 0: one per hardware thread.
    explicit ThreadPool(int threads = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const;

    /// Calls body(index, worker) for every index in [0, count), worker in [0, size()); returns when all are done.
    /// Indices are handed out dynamically, in order. Exceptions of the body are fatal (core does not throw).
    /// A call from inside a body of the same pool runs inline on that thread, with that thread's worker number.
    /// Calls from several threads at once are serialised.
    void parallelFor(std::size_t count, const std::function<void(std::size_t index, int worker)>& body);
    /// The same, but worker w of n takes the indices [count w / n, count (w + 1) / n) first and helps the others
    /// afterwards: loops over the same rows find them in the cache of the core that wrote them.
    void parallelForNear(std::size_t count, const std::function<void(std::size_t index, int worker)>& body);

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qs
