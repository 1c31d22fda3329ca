#include "core/base/thread_pool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace qs {
namespace {

TEST(ThreadPool, VisitsEveryIndexOnce)
{
    ThreadPool pool(3);
    for (const std::size_t count : {0u, 1u, 2u, 1000u}) {
        std::vector<std::atomic<int>> visits(count);
        pool.parallelFor(count, [&](std::size_t i, int worker) {
            EXPECT_GE(worker, 0);
            EXPECT_LT(worker, 3);
            ++visits[i];
        });
        for (const auto& v : visits)
            EXPECT_EQ(v, 1);
    }
}

TEST(ThreadPool, NearLoopsVisitEveryIndexOnce)
{
    ThreadPool pool(3);
    for (const std::size_t count : {0u, 1u, 2u, 4u, 1000u}) {
        std::vector<std::atomic<int>> visits(count);
        pool.parallelForNear(count, [&](std::size_t i, int) { ++visits[i]; });
        for (const auto& v : visits)
            EXPECT_EQ(v, 1);
    }
}

TEST(ThreadPool, WorkersOfNearLoopsStartInTheirShares)
{
    ThreadPool pool(3);
    std::vector<int> first(3, -1);
    std::atomic<int> started{0};
    pool.parallelForNear(1000, [&](std::size_t i, int worker) {
        int& mine = first[static_cast<std::size_t>(worker)];
        if (mine >= 0)
            return;
        mine = static_cast<int>(i);
        ++started;
        while (started < 3) // nobody goes on to help before everybody has begun
            std::this_thread::yield();
    });
    EXPECT_EQ(first, (std::vector<int>{0, 333, 666}));
}

TEST(ThreadPool, NestedCallRunsInlineOnTheSameWorker)
{
    ThreadPool pool(2);
    std::atomic<int> wrong{0};
    std::atomic<int> calls{0};
    pool.parallelFor(8, [&](std::size_t, int outer) {
        pool.parallelFor(5, [&](std::size_t, int inner) {
            ++calls;
            wrong += inner != outer;
        });
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(calls, 40);
}

TEST(ThreadPool, ManyShortLoopsAndSeveralCallers)
{
    ThreadPool pool(2);
    std::atomic<int> sum{0};
    std::vector<std::jthread> callers;
    for (int c = 0; c < 3; ++c)
        callers.emplace_back([&] {
            for (int r = 0; r < 500; ++r)
                pool.parallelFor(4, [&](std::size_t, int) { ++sum; });
        });
    callers.clear();
    EXPECT_EQ(sum, 3 * 500 * 4);
}

} // namespace
} // namespace qs
