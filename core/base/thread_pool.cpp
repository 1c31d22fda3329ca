#include "core/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace qs {

namespace {

/// The pool and worker number of the body that runs on this thread, if any.
thread_local const void* tlsPool = nullptr;
thread_local int tlsWorker = 0;

// Long enough to bridge the gap between two operators of a forward pass, short enough not to be seen in a process list.
constexpr int kSpins = 4000;

} // namespace

struct ThreadPool::State {
    std::vector<std::jthread> threads;
    std::mutex callers;
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable finished;
    std::atomic<uint64_t> generation{0};
    bool stopping = false;

    const std::function<void(std::size_t, int)>* body = nullptr;
    std::size_t count = 0;
    std::atomic<std::size_t> next{0};
    std::atomic<int> busy{0};

    void work(int worker)
    {
        const void* const outerPool = std::exchange(tlsPool, this);
        const int outerWorker = std::exchange(tlsWorker, worker);
        for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1))
            (*body)(i, worker);
        tlsPool = outerPool;
        tlsWorker = outerWorker;
    }

    void loop(int worker)
    {
        uint64_t seen = 0;
        for (;;) {
            for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen; ++spin)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return stopping || generation.load() != seen; });
                if (stopping)
                    return;
                seen = generation.load();
            }
            work(worker);
            if (busy.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                const std::lock_guard lock(mutex);
                finished.notify_one();
            }
        }
    }
};

ThreadPool::ThreadPool(int threads) : m_state(std::make_unique<State>())
{
    if (threads <= 0)
        threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 1; i < threads; ++i)
        m_state->threads.emplace_back([state = m_state.get(), i] { state->loop(i); });
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

int ThreadPool::size() const { return static_cast<int>(m_state->threads.size()) + 1; }

void ThreadPool::parallelFor(std::size_t count, const std::function<void(std::size_t, int)>& body)
{
    if (tlsPool == m_state.get() || count <= 1 || m_state->threads.empty()) {
        const int worker = tlsPool == m_state.get() ? tlsWorker : 0;
        for (std::size_t i = 0; i < count; ++i)
            body(i, worker);
        return;
    }
    State& s = *m_state;
    const std::lock_guard callers(s.callers);
    {
        const std::lock_guard lock(s.mutex);
        s.body = &body;
        s.count = count;
        s.next.store(0);
        s.busy.store(static_cast<int>(s.threads.size()));
        s.generation.fetch_add(1, std::memory_order_release);
    }
    s.wake.notify_all();
    s.work(0);
    for (int spin = 0; spin < kSpins && s.busy.load(std::memory_order_acquire) > 0; ++spin)
        std::atomic_signal_fence(std::memory_order_seq_cst);
    std::unique_lock lock(s.mutex);
    s.finished.wait(lock, [&] { return s.busy.load(std::memory_order_acquire) == 0; });
}

} // namespace qs
