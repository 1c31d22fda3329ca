#include "core/kernels/gemm.h"
#include "tests/bench/gemm_shapes.h"

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace qs::kernels {
namespace {

std::vector<float> randoms(std::size_t count, uint32_t seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> distribution;
    std::vector<float> values(count);
    for (float& v : values)
        v = distribution(engine);
    return values;
}

/// Largest difference from a double-precision product over a sample of results.
double worstError(const GemmShape& s, const std::vector<float>& a, const std::vector<float>& b,
                  const std::vector<float>& c)
{
    double worst = 0;
    for (std::size_t t = 0; t < 50; ++t) {
        const std::size_t i = t * 7919 % s.m;
        const std::size_t j = t * 104729 % s.n;
        double sum = 0;
        for (std::size_t x = 0; x < s.k; ++x)
            sum += static_cast<double>(a[i * s.k + x]) * b[x * s.n + j];
        if (s.activation == Activation::Gelu)
            sum *= 0.5 * (1 + std::erf(sum / std::sqrt(2.0)));
        worst = std::max(worst, std::abs(sum - c[i * s.n + j]));
    }
    return worst;
}

void run(benchmark::State& state, const GemmShape& s, int threads)
{
    ThreadPool pool(threads);
    const auto a = randoms(s.m * s.k, 1);
    const auto b = randoms(s.k * s.n, 2);
    const auto bias = std::vector<float>(s.n);
    std::vector<float> c(s.m * s.n);
    PackedMatrix packed = packMatrix(b.data(), s.k, s.n, s.n, 1);
    auto* buffer = const_cast<float*>(packed.view().data);
    // The scores' B is K^T: packed from the transpose.
    const bool transposed = s.packEachTime && s.k < s.n;
    std::vector<float> bt(b.size());
    for (std::size_t i = 0; i < s.k; ++i)
        for (std::size_t j = 0; j < s.n; ++j)
            bt[j * s.k + i] = b[i * s.n + j];
    for (auto _ : state) {
        if (s.packEachTime)
            packMatrixInto(buffer, transposed ? bt.data() : b.data(), s.k, s.n, transposed ? 1 : s.n,
                           transposed ? s.k : 1);
        gemmParallel(&pool, a.data(), s.k, s.m, packed.view(), c.data(), s.n,
                     {1, bias.data(), s.activation, nullptr, 0});
        benchmark::ClobberMemory();
    }
    if (const double error = worstError(s, a, b, c); error > 2e-4)
        state.SkipWithError(("wrong result, off by " + std::to_string(error)).c_str());
    const double products = static_cast<double>(s.m) * static_cast<double>(s.k) * static_cast<double>(s.n);
    state.counters["GFLOP/s"] =
        benchmark::Counter(2e-9 * products * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

const bool kRegistered = [] {
    for (const int threads : {1, 2})
        for (const GemmShape& s : kGemmShapes) {
            const std::string name = "gemm/" + std::string(s.name) + "/" + std::to_string(s.m) + "x" +
                                     std::to_string(s.k) + "x" + std::to_string(s.n) +
                                     "/threads:" + std::to_string(threads);
            auto* bench = benchmark::RegisterBenchmark(name.c_str(), run, s, threads);
            threads == 1 ? bench->MeasureProcessCPUTime() : bench->UseRealTime();
        }
    return true;
}();

} // namespace
} // namespace qs::kernels
