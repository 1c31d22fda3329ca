#include "core/quant/bias_correction.h"

#include "core/quant/dense.h"
#include "core/quant/noise.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

std::vector<double> outputShift(const stats::SiteStatistics& statistics, const exec::ElementMap* map,
                                std::span<const float> weight, std::span<const float> quantized)
{
    const std::size_t inputs = statistics.mean.size();
    std::vector<double> lost(inputs, 0.0); // E[x - q(x)]
    if (map && !statistics.sample.empty()) {
        const auto rows = statistics.sample.floats();
        std::vector<float> values(rows.size());
        map->apply(rows.data(), values.data(), {statistics.sample.shape()[0], statistics.sample.shape()[1], 1});
        for (std::size_t i = 0; i < rows.size(); ++i)
            lost[i % inputs] += static_cast<double>(rows[i]) - values[i];
        for (double& mean : lost)
            mean /= static_cast<double>(statistics.sample.shape()[0]);
    }
    std::vector<double> shift(weight.size() / inputs, 0.0);
    const WeightMatrix w = weightMatrix(weight, inputs);
    const WeightMatrix q = weightMatrix(quantized, inputs);
    for (Eigen::Index i = 0; i < w.rows(); ++i) {
        const auto row = q.row(i).cast<double>();
        const auto at = static_cast<std::size_t>(i);
        rowVector(shift) += (w.row(i).cast<double>() - row) * statistics.mean[at] + row * lost[at];
    }
    return shift;
}

std::vector<BiasChange> biasChanges(const graph::Network& network,
                                    std::span<const std::shared_ptr<const SitePlan>> plans)
{
    std::vector<BiasChange> changes;
    for (std::size_t i = 0; i < network.graph.nodes().size(); ++i) {
        BiasChange change{NodeId(i), network.sites.at({NodeId(i), 0}), network.sites.at({NodeId(i), 1})};
        if (network.graph.nodes()[i].op != "Linear" || !change.weight.valid())
            continue;
        const SitePlan& weight = *plans[change.weight.index()];
        const SitePlan* input = change.input.valid() ? plans[change.input.index()].get() : nullptr;
        change.noise = weight.quantized() && input && input->noise && !input->noise->noise.empty();
        change.correct = weight.settings.biasCorrection && (weight.quantized() || (input && input->quantized()));
        if (change.noise || change.correct)
            changes.push_back(change);
    }
    return changes;
}

Tensor changedBias(const FloatConstants& constants, const BiasChange& change,
                   std::span<const std::shared_ptr<const SitePlan>> plans, const stats::SiteStatistics* statistics)
{
    const Tensor& weight = constants.of({change.node, 1});
    const Tensor& before = constants.of({change.node, 2});
    const SitePlan* input = change.input.valid() ? plans[change.input.index()].get() : nullptr;
    const SitePlan& site = *plans[change.weight.index()];
    const std::span<const float> quantized = site.quantized() ? site.dequantized.floats() : weight.floats();
    std::vector<double> bias(static_cast<std::size_t>(weight.shape()[1]), 0.0);
    if (!before.empty())
        std::ranges::copy(before.floats(), bias.begin());
    const auto add = [&](const std::vector<double>& part) {
        for (std::size_t o = 0; o < bias.size(); ++o)
            bias[o] += part[o];
    };
    if (change.noise)
        add(denoiseRest(weight.floats(), quantized, input->noise->noise));
    if (change.correct && statistics && statistics->mean.size() == static_cast<std::size_t>(weight.shape()[0])) {
        auto map = input ? input->map : nullptr;
        if (map && input->noise && !input->noise->noise.empty())
            map = makeNoiseMap(input->noise->noise, map);
        add(outputShift(*statistics, map.get(), weight.floats(), quantized));
    }
    Tensor result(DType::Float32, {static_cast<int64_t>(bias.size())});
    std::ranges::transform(bias, result.mutableData<float>().begin(),
                           [](double value) { return static_cast<float>(value); });
    if (change.noise && input->settings.noise.int16)
        roundToInt16(result.mutableData<float>());
    return result;
}

} // namespace qs::quant
