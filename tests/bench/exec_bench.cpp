// DeiT-Tiny through the executor: float, and with every activation site of the default coverage quantized to 8 bits
// per tensor. The time of the second over the first is what simulation costs.
#include "core/exec/program.h"
#include "core/kernels/quantize.h"
#include "core/onnx/import.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

namespace {

using namespace qs;

class Uniform : public exec::ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto count = static_cast<std::size_t>(layout.elements());
        kernels::fakeQuantize({src, count}, {0.02f, 3, -128, 127}, {dst, count});
    }
};

const std::optional<onnx::Model>& model()
{
    static const std::optional<onnx::Model> loaded = []() -> std::optional<onnx::Model> {
        const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
        if (!assets)
            return std::nullopt;
        auto result = onnx::importModel(std::filesystem::path(assets) / "models" / "deit_tiny_patch16_224.onnx");
        return result ? std::optional(std::move(*result)) : std::nullopt;
    }();
    return loaded;
}

void runModel(benchmark::State& state, bool simulated)
{
    if (!model()) {
        state.SkipWithError("QUANTOSCOPE_TEST_ASSETS does not name a folder with models/deit_tiny_patch16_224.onnx");
        return;
    }
    exec::Simulation simulation;
    if (simulated)
        for (const graph::Site& site : model()->sites)
            simulation.activations.push_back(site.kind == graph::SiteKind::Activation &&
                                                     site.coverage == graph::Coverage::MatMul
                                                 ? std::make_shared<Uniform>()
                                                 : nullptr);
    const auto program = exec::Program::compile(*model(), simulation, {});
    if (!program) {
        state.SkipWithError(program.error().text().c_str());
        return;
    }
    ThreadPool pool(static_cast<int>(state.range(0)));
    exec::Workspace workspace;
    const std::vector<float> image(static_cast<std::size_t>(program->inputElements()), 0.25f);
    std::vector<float> logits(static_cast<std::size_t>(program->outputElements()));
    for (auto _ : state) {
        exec::run(*program, workspace, image.data(), logits.data(), &pool);
        benchmark::DoNotOptimize(logits.data());
    }
    state.counters["images/s"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["arena MB"] = static_cast<double>(program->arenaBytes()) / 1e6;
}

void execFloat(benchmark::State& state)
{
    runModel(state, false);
}
void execSimulated(benchmark::State& state)
{
    runModel(state, true);
}

BENCHMARK(execFloat)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(execSimulated)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
