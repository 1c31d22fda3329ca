#include "core/base/thread_pool.h"

#include <benchmark/benchmark.h>
#include <cmath>
#include <vector>

namespace qs {
namespace {

/// What handing out a loop costs: `count` indices of about 0, 1 or 20 us of arithmetic each.
void parallelFor(benchmark::State& state)
{
    ThreadPool pool(static_cast<int>(state.range(0)));
    const auto count = static_cast<std::size_t>(state.range(1));
    const auto steps = state.range(2);
    std::vector<double> results(count * 8);
    const auto body = [&](std::size_t i, int) {
        double x = 1;
        for (int64_t s = 0; s < steps; ++s)
            x = std::sqrt(x + 1);
        results[i * 8] = x;
    };
    for (auto _ : state)
        pool.parallelFor(count, body);
    benchmark::DoNotOptimize(results.data());
}
BENCHMARK(parallelFor)
    ->Name("pool")
    ->ArgNames({"threads", "count", "steps"})
    ->ArgsProduct({{1, 2}, {2, 8}, {1, 150, 3000}})
    ->UseRealTime();

} // namespace
} // namespace qs
