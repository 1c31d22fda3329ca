// Statistics of 32 images of DeiT-Tiny beside the float network alone, one after the other, the making of the images
// in both: the counter "times" is the
// quotient of the two.
#include "core/base/thread_pool.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/support/noise_images.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace {

using namespace qs;

constexpr std::size_t kImages = 32;

void calibrate(benchmark::State& state)
{
    const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
    const auto model =
        onnx::importModel(std::filesystem::path(assets ? assets : "") / "models" / "deit_tiny_patch16_224.onnx");
    if (!model) {
        state.SkipWithError("QUANTOSCOPE_TEST_ASSETS does not name a folder with models/deit_tiny_patch16_224.onnx");
        return;
    }
    ThreadPool pool(static_cast<int>(state.range(0)));
    Context context;
    context.pool = &pool;
    const test::NoiseImages images(kImages);
    std::chrono::duration<double> calibrating{}, running{};
    for (auto _ : state) {
        const auto start = std::chrono::steady_clock::now();
        const auto calibration = stats::calibrate(*model, images, {}, context);
        const auto between = std::chrono::steady_clock::now();
        const auto reference = quant::floatReference(*model, images, kImages, context);
        if (!calibration || !reference) {
            state.SkipWithError("failed");
            return;
        }
        calibrating += between - start;
        running += std::chrono::steady_clock::now() - between;
    }
    state.counters["times"] = calibrating / running;
}

BENCHMARK(calibrate)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
