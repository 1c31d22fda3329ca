#include <benchmark/benchmark.h>

namespace {

/// What the machine can do at most: register-only fused multiply-adds, twelve independent chains of eight lanes.
/// The other figures are judged against this one, measured in the same run.
#if defined(__x86_64__) && defined(__GNUC__)
using Vector = float __attribute__((vector_size(32)));

__attribute__((target("avx2,fma"), noinline)) float chains(long rounds)
{
    Vector x{}, y{};
    Vector c0{}, c1{}, c2{}, c3{}, c4{}, c5{}, c6{}, c7{}, c8{}, c9{}, ca{}, cb{};
    for (long i = 0; i < rounds; ++i) {
#define QS_FMA(c) asm volatile("vfmadd231ps %1, %2, %0" : "+x"(c) : "x"(x), "x"(y))
        QS_FMA(c0);
        QS_FMA(c1);
        QS_FMA(c2);
        QS_FMA(c3);
        QS_FMA(c4);
        QS_FMA(c5);
        QS_FMA(c6);
        QS_FMA(c7);
        QS_FMA(c8);
        QS_FMA(c9);
        QS_FMA(ca);
        QS_FMA(cb);
#undef QS_FMA
    }
    return (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + ca + cb)[0];
}

void peak(benchmark::State& state)
{
    if (!__builtin_cpu_supports("fma")) {
        state.SkipWithError("no AVX2 and FMA here");
        return;
    }
    constexpr long kRounds = 100'000;
    for (auto _ : state)
        benchmark::DoNotOptimize(chains(kRounds));
    state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * 12 * 8 * kRounds * static_cast<double>(state.iterations()),
                                                   benchmark::Counter::kIsRate);
}
BENCHMARK(peak)->Name("peak/fma-avx2")->MeasureProcessCPUTime();
#endif

} // namespace
