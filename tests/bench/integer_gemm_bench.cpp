// Products of codes beside those of floats (gemm_bench.cpp): the same shapes, u8 times s8 into floats.
#include "core/kernels/integer_gemm.h"
#include "tests/bench/gemm_shapes.h"

#include <benchmark/benchmark.h>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace qs::kernels {
namespace {

std::vector<uint8_t> randomBytes(std::size_t count, uint32_t seed)
{
    std::mt19937 engine(seed);
    std::vector<uint8_t> values(count);
    for (uint8_t& v : values)
        v = static_cast<uint8_t>(engine());
    return values;
}

/// Whether a sample of results are those of the definition.
bool isRight(const GemmShape& s, const std::vector<uint8_t>& a, const int8_t* b, std::size_t rows,
             std::size_t columns, const IntegerEpilogue& epilogue, const std::vector<float>& c)
{
    for (std::size_t t = 0; t < 50; ++t) {
        const std::size_t i = t * 7919 % s.m;
        const std::size_t j = t * 104729 % s.n;
        float want = 0;
        reference::integerGemm({a.data() + i * s.k, s.k, false}, 1, b + j * columns, s.k, 1, rows, columns, epilogue,
                               {nullptr, &want, nullptr, 1, {}});
        if (want != c[i * s.n + j])
            return false;
    }
    return true;
}

void run(benchmark::State& state, const GemmShape& s, int threads)
{
    ThreadPool pool(threads);
    const auto a = randomBytes(s.m * s.k, 1);
    const auto bBytes = randomBytes(s.k * s.n, 2);
    const auto* b = reinterpret_cast<const int8_t*>(bBytes.data());
    std::vector<float> c(s.m * s.n);
    const bool transposed = s.packEachTime && s.k < s.n; // K^T
    const std::size_t rows = transposed ? 1 : s.n;
    const std::size_t columns = transposed ? s.k : 1;
    const IntegerMatrix packed = packIntegerMatrix(b, s.k, s.n, rows, columns);
    auto* buffer = const_cast<std::byte*>(packed.view().data);
    const float scale = 1e-4F;
    IntegerEpilogue epilogue;
    epilogue.scale = &scale;
    epilogue.scaleOf = ScaleOf::All;
    epilogue.activation = s.activation;
    for (auto _ : state) {
        if (s.packEachTime)
            packIntegersInto(buffer, b, s.k, s.n, rows, columns);
        integerGemmParallel(&pool, {a.data(), s.k, false}, s.m, packed.view(), epilogue,
                            {nullptr, c.data(), nullptr, s.n, {}});
        benchmark::ClobberMemory();
    }
    if (!isRight(s, a, b, rows, columns, epilogue, c))
        state.SkipWithError("differs from the reference");
    const double products = static_cast<double>(s.m) * static_cast<double>(s.k) * static_cast<double>(s.n);
    state.counters["GOP/s"] =
        benchmark::Counter(2e-9 * products * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

const bool kRegistered = [] {
    for (const int threads : {1, 2})
        for (const GemmShape& s : kGemmShapes) {
            const std::string name = "integer/" + std::string(s.name) + "/" + std::to_string(s.m) + "x" +
                                     std::to_string(s.k) + "x" + std::to_string(s.n) +
                                     "/threads:" + std::to_string(threads);
            auto* bench = benchmark::RegisterBenchmark(name.c_str(), run, s, threads);
            threads == 1 ? bench->MeasureProcessCPUTime() : bench->UseRealTime();
        }
    return true;
}();

} // namespace
} // namespace qs::kernels
