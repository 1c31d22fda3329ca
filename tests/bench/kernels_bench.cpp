#include "core/kernels/conv.h"
#include "tests/kernels/kernel_list.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cmath>
#include <string>
#include <vector>

namespace qs::kernels {
namespace {

/// The activations of one DeiT-Tiny image after the first layer of the MLP.
constexpr std::size_t kRows = 197;
constexpr std::size_t kCols = 768;

void run(benchmark::State& state, const Kernel& kernel)
{
    const KernelData data(kRows, kCols);
    KernelOutput got;
    for (auto _ : state) {
        got.sums.clear();
        got.counts.clear();
        kernel.run(data, got);
        benchmark::ClobberMemory();
    }
    KernelOutput want;
    kernel.reference(data, want);
    const auto near = [](double a, double b) { return !(std::fabs(a - b) > 1e-4 * (1 + std::fabs(b))); };
    if (got.counts != want.counts || got.codes != want.codes ||
        !std::equal(got.y.begin(), got.y.end(), want.y.begin(), want.y.end(), near) ||
        !std::equal(got.sums.begin(), got.sums.end(), want.sums.begin(), want.sums.end(), near)) {
        state.SkipWithError("differs from the reference");
        return;
    }
    const double elements = static_cast<double>(data.count()) * static_cast<double>(state.iterations());
    state.counters["elements"] = benchmark::Counter(elements, benchmark::Counter::kIsRate);
}

/// 3 x 3 depthwise convolution of a MobileViT block: 256 channels of 16 x 16.
void depthwise(benchmark::State& state)
{
    const ConvWindow window{16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    constexpr std::size_t kChannels = 256;
    std::vector<float> x(kChannels * 256, 0.5f), w(kChannels * 9, 0.25f), y(x.size());
    for (auto _ : state) {
        depthwiseConv(window, 0, kChannels, x.data(), w.data(), nullptr, Activation::None, y.data());
        benchmark::ClobberMemory();
    }
    if (y[17] != 9 * 0.125f || y[0] != 4 * 0.125f)
        state.SkipWithError("wrong result");
    state.counters["GFLOP/s"] = benchmark::Counter(
        2e-9 * 9 * kChannels * 256 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(depthwise)->Name("depthwise/3x3/256x16x16")->MeasureProcessCPUTime();

const bool kRegistered = [] {
    for (const Kernel& kernel : allKernels())
        benchmark::RegisterBenchmark((std::string("kernel/") + kernel.name).c_str(), run, kernel)
            ->MeasureProcessCPUTime();
    return true;
}();

} // namespace
} // namespace qs::kernels
