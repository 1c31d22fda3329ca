#include "core/kernels/conv.h"
#include "core/kernels/elementwise.h"
#include "core/kernels/norm.h"
#include "core/kernels/quantize.h"
#include "core/kernels/quantize_levels.h"
#include "core/kernels/statistics.h"

#include <benchmark/benchmark.h>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace qs::kernels {
namespace {

/// The activations of one DeiT-Tiny image after the first layer of the MLP.
constexpr std::size_t kRows = 197;
constexpr std::size_t kCols = 768;
constexpr std::size_t kCount = kRows * kCols;

struct Data {
    std::vector<float> x, y, want;
    std::vector<double> sums, squares;
    std::vector<float> min, max;
    std::vector<uint64_t> bins;
    Data() : x(kCount), y(kCount), want(kCount), sums(kCols), squares(kCols), min(kCols), max(kCols), bins(2048)
    {
        std::mt19937 engine(1);
        std::normal_distribution<float> distribution;
        for (float& v : x)
            v = distribution(engine);
    }
};

/// One kernel, beside the reference that its result is checked against (null: nothing to compare in y).
struct Kernel {
    const char* name;
    std::function<void(Data&)> run;
    std::function<void(Data&)> reference;
};

Kernel unaryKernel(const char* name, UnaryOp op)
{
    return {name, [op](Data& d) { unary(op, d.x, d.y); }, [op](Data& d) { reference::unary(op, d.x, d.want); }};
}

const std::vector<QuantGrid>& candidates()
{
    static const std::vector<QuantGrid> grids = [] {
        std::vector<QuantGrid> all(16);
        for (std::size_t g = 0; g < all.size(); ++g)
            all[g].scale = 0.01f + 0.001f * static_cast<float>(g);
        return all;
    }();
    return grids;
}

const RegionLevels& regions()
{
    static const RegionLevels levels{0, false, {0.02F, -8, 0}, {0.32F, 0, 7}};
    return levels;
}

std::vector<Kernel> kernels()
{
    return {
        unaryKernel("exp", UnaryOp::Exp),
        unaryKernel("gelu", UnaryOp::Gelu),
        unaryKernel("gelu tanh", UnaryOp::GeluTanh),
        unaryKernel("silu", UnaryOp::Silu),
        {"add",
         [](Data& d) { binary(BinaryOp::Add, Broadcast::None, 1, kCount, d.x.data(), d.x.data(), d.y.data()); },
         [](Data& d) {
             reference::binary(BinaryOp::Add, Broadcast::None, 1, kCount, d.x.data(), d.x.data(), d.want.data());
         }},
        {"softmax", [](Data& d) { softmax(kRows, kCols, d.x.data(), 0.125f, d.y.data()); },
         [](Data& d) { reference::softmax(kRows, kCols, d.x.data(), 0.125f, d.want.data()); }},
        {"layer norm", [](Data& d) { layerNorm(kRows, kCols, d.x.data(), d.x.data(), nullptr, 1e-6f, d.y.data()); },
         [](Data& d) { reference::layerNorm(kRows, kCols, d.x.data(), d.x.data(), nullptr, 1e-6f, d.want.data()); }},
        {"fake quantize", [](Data& d) { fakeQuantize(d.x, candidates()[3], d.y); },
         [](Data& d) { reference::fakeQuantize(d.x, candidates()[3], d.want); }},
        {"fake quantize, regions", [](Data& d) { fakeQuantizeRegions(d.x, regions(), d.y); },
         [](Data& d) { reference::fakeQuantizeRegions(d.x, regions(), d.want); }},
        {"fake quantize, log sqrt 2", [](Data& d) { fakeQuantizeLog(d.x, LogLevels{}, d.y); },
         [](Data& d) { reference::fakeQuantizeLog(d.x, LogLevels{}, d.want); }},
        {"quantization error, 1 grid",
         [](Data& d) { benchmark::DoNotOptimize(quantizationError(d.x, candidates()[0])); }, nullptr},
        {"quantization error, 16 grids",
         [](Data& d) {
             std::vector<ErrorSums> errors(candidates().size());
             quantizationErrors(d.x, candidates(), errors);
             benchmark::DoNotOptimize(errors.data());
         },
         nullptr},
        {"row moments",
         [](Data& d) {
             accumulateRows(kRows, kCols, d.x.data(), {d.min.data(), d.max.data(), d.sums.data(), d.squares.data()});
         },
         nullptr},
        {"min max", [](Data& d) { benchmark::DoNotOptimize(minMax(d.x)); }, nullptr},
        {"histogram, 2048 bins",
         [](Data& d) {
             countBins(d.x, {128, -1024, d.bins});
         },
         nullptr},
        {"first not finite", [](Data& d) { benchmark::DoNotOptimize(firstNotFinite(d.x)); }, nullptr},
    };
}

void run(benchmark::State& state, const Kernel& kernel)
{
    Data data;
    for (auto _ : state) {
        kernel.run(data);
        benchmark::ClobberMemory();
    }
    if (kernel.reference) {
        kernel.reference(data);
        for (std::size_t i = 0; i < kCount; ++i)
            if (!(std::fabs(data.y[i] - data.want[i]) <= 1e-5f)) {
                state.SkipWithError("differs from the reference");
                return;
            }
    }
    const double elements = static_cast<double>(kCount) * static_cast<double>(state.iterations());
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
    for (const Kernel& kernel : kernels())
        benchmark::RegisterBenchmark((std::string("kernel/") + kernel.name).c_str(), run, kernel)
            ->MeasureProcessCPUTime();
    return true;
}();

} // namespace
} // namespace qs::kernels
