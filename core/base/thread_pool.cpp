#include "core/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace qs {

namespace {

/// The pool and worker number of the body that runs on this thread, if any.
thread_local const void* tlsPool = nullptr;
thread_local int tlsWorker = 0;

// Long enough (50 to 150 us) to bridge the gap between two operators of a forward pass, short enough not to be seen
// in a process list.
constexpr int kSpins = 4000;

inline void pause()
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Waits a short while for the condition without giving the core away.
template <class Condition>
void spinUntil(Condition condition)
{
    for (int spin = 0; spin < kSpins && !condition(); ++spin)
        pause();
}

/// Indices that are handed out in order. A cache line of its own: a worker's share is mostly touched by that worker.
struct alignas(64) Share {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
};

/// One loop. It and its shares live as long as its caller waits: a thread may touch them only between joining and
/// leaving, both counted under the mutex.
struct Loop {
    const std::function<void(std::size_t, int)>& body;
    std::span<Share> shares; ///< one, or one a worker
};

} // namespace

struct ThreadPool::State {
    std::mutex callers; ///< held through a whole parallelFor: one loop at a time

    std::mutex mutex; ///< guards what follows; atomics are written under it and may be watched without
    std::condition_variable wake;
    std::condition_variable finished;
    Loop* loop = nullptr; ///< null when there is nothing (left) to join
    bool stopping = false;
    std::atomic<uint64_t> generation{0}; ///< counts loops
    std::atomic<int> joined{0};          ///< workers inside the loop

    std::vector<Share> shares; ///< of the running loop
    std::vector<std::jthread> threads;

    void work(Loop& current, int worker)
    {
        const void* const outerPool = std::exchange(tlsPool, this);
        const int outerWorker = std::exchange(tlsWorker, worker);
        for (std::size_t s = 0; s < current.shares.size(); ++s) {
            Share& share = current.shares[(s + static_cast<std::size_t>(worker)) % current.shares.size()];
            for (std::size_t i = share.next.fetch_add(1); i < share.end; i = share.next.fetch_add(1))
                current.body(i, worker);
        }
        tlsPool = outerPool;
        tlsWorker = outerWorker;
    }

    void serve(int worker)
    {
        uint64_t seen = 0;
        for (;;) {
            spinUntil([&] { return generation.load(std::memory_order_relaxed) != seen; });
            std::unique_lock lock(mutex);
            wake.wait(lock, [&] { return stopping || generation.load() != seen; });
            if (stopping)
                return;
            seen = generation.load();
            if (!loop)
                continue; // woke too late: the others have done it
            Loop& current = *loop;
            joined.fetch_add(1);
            lock.unlock();
            work(current, worker);
            lock.lock();
            if (joined.fetch_sub(1) == 1)
                finished.notify_one();
        }
    }

    void parallel(std::size_t count, std::size_t parts, const std::function<void(std::size_t, int)>& body)
    {
        if (tlsPool == this || count <= 1 || threads.empty()) {
            const int worker = tlsPool == this ? tlsWorker : 0;
            for (std::size_t i = 0; i < count; ++i)
                body(i, worker);
            return;
        }
        const std::lock_guard one(callers);
        Loop own{body, std::span(shares).first(parts)};
        for (std::size_t s = 0; s < parts; ++s) {
            shares[s].next.store(count * s / parts);
            shares[s].end = count * (s + 1) / parts;
        }
        run(own);
    }

    void run(Loop& current)
    {
        {
            const std::lock_guard lock(mutex);
            loop = &current;
            generation.fetch_add(1);
        }
        wake.notify_all();
        work(current, 0);
        {
            // Every index is taken: whoever has not joined by now need not.
            const std::lock_guard lock(mutex);
            loop = nullptr;
            if (joined.load() == 0)
                return;
        }
        spinUntil([&] { return joined.load(std::memory_order_relaxed) == 0; });
        std::unique_lock lock(mutex);
        finished.wait(lock, [&] { return joined.load() == 0; });
    }
};

ThreadPool::ThreadPool(int threads) : m_state(std::make_unique<State>())
{
    if (threads <= 0)
        threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    m_state->shares = std::vector<Share>(static_cast<std::size_t>(threads));
    for (int i = 1; i < threads; ++i)
        m_state->threads.emplace_back([state = m_state.get(), i] { state->serve(i); });
}

ThreadPool::~ThreadPool()
{
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->stopping = true;
        m_state->generation.fetch_add(1);
    }
    m_state->wake.notify_all();
}

int ThreadPool::size() const
{
    return static_cast<int>(m_state->threads.size()) + 1;
}

void ThreadPool::parallelFor(std::size_t count, const std::function<void(std::size_t, int)>& body)
{
    m_state->parallel(count, 1, body);
}

void ThreadPool::parallelForNear(std::size_t count, const std::function<void(std::size_t, int)>& body)
{
    m_state->parallel(count, m_state->shares.size(), body);
}

} // namespace qs
