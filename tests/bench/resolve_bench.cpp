// What an edit in the window waits for: one site of DeiT-Tiny resolved again, with its histogram's error (every
// weight and every activation of the default coverage in turn; the counter and the label tell the slowest site), and
// the plan around it.
#include "core/onnx/import.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/quant/site_resolver.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/support/noise_images.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace {

using namespace qs;

struct Subject {
    onnx::Model model;
    std::shared_ptr<const stats::Calibration> calibration;
};

const Subject* subject()
{
    static const std::optional<Subject> loaded = []() -> std::optional<Subject> {
        const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
        if (!assets)
            return std::nullopt;
        auto model = onnx::importModel(std::filesystem::path(assets) / "models" / "deit_tiny_patch16_224.onnx");
        if (!model)
            return std::nullopt;
        auto calibration = stats::calibrate(*model, test::NoiseImages(8), {}, {});
        if (!calibration)
            return std::nullopt;
        return Subject{std::move(*model), *calibration};
    }();
    return loaded ? &*loaded : nullptr;
}

void resolveSlowest(benchmark::State& state, quant::EstimatorKind estimator)
{
    if (!subject()) {
        state.SkipWithError("QUANTOSCOPE_TEST_ASSETS does not name a folder with models/deit_tiny_patch16_224.onnx");
        return;
    }
    auto recipe = quant::presetRecipe("percentile", 8, 8);
    recipe->weight.estimator.kind = recipe->activation.estimator.kind = estimator;
    double slowest = 0;
    for (auto _ : state)
        for (const graph::Site& site : subject()->model.sites) {
            if (site.coverage != graph::Coverage::MatMul)
                continue;
            quant::SiteSettings settings = quant::settingsOf(*recipe, site);
            settings.bits = static_cast<int>(state.range(0));
            const auto start = std::chrono::steady_clock::now();
            const auto found =
                quant::resolveSite(subject()->model.graph, site, *subject()->calibration, settings, nullptr);
            const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
            if (!found) {
                state.SkipWithError(found.error().text().c_str());
                return;
            }
            if (taken.count() > slowest) {
                slowest = taken.count();
                state.SetLabel(site.name);
            }
        }
    state.counters["slowest ms"] = slowest;
}

void resolveMinMax(benchmark::State& state)
{
    resolveSlowest(state, quant::EstimatorKind::MinMax);
}
void resolvePercentile(benchmark::State& state)
{
    resolveSlowest(state, quant::EstimatorKind::Percentile);
}
void resolveMse(benchmark::State& state)
{
    resolveSlowest(state, quant::EstimatorKind::Mse);
}
void resolveEntropy(benchmark::State& state)
{
    resolveSlowest(state, quant::EstimatorKind::Entropy);
}

/// A whole plan with one site changed, against the plan before it: what an edit costs, and each trial of a search.
void resolvePlanAfterOneSite(benchmark::State& state)
{
    if (!subject()) {
        state.SkipWithError("QUANTOSCOPE_TEST_ASSETS does not name a folder with models/deit_tiny_patch16_224.onnx");
        return;
    }
    const auto& [model, calibration] = *subject();
    auto recipe = quant::presetRecipe("minmax", 8, 8);
    const auto plan = quant::resolve(model, calibration, *recipe, nullptr, {});
    if (!plan) {
        state.SkipWithError(plan.error().text().c_str());
        return;
    }
    const auto site = std::ranges::find_if(model.sites, [](const graph::Site& s) {
        return s.kind == graph::SiteKind::Activation && s.role == graph::Role::Fc2;
    });
    recipe->overrides[site->name].bits = 4;
    for (auto _ : state)
        benchmark::DoNotOptimize(quant::resolve(model, calibration, *recipe, plan->get(), {}));
}
BENCHMARK(resolvePlanAfterOneSite)->Unit(benchmark::kMicrosecond)->UseRealTime();

BENCHMARK(resolveMinMax)->Arg(4)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(resolvePercentile)->Arg(4)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(resolveMse)->Arg(4)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(resolveEntropy)->Arg(4)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
