#pragma once

#include "core/exec/image_source.h"
#include "core/onnx/import.h"
#include "core/quant/plan.h"
#include "core/quant/quantizer.h"
#include "tests/support/noise_images.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>

namespace qs::test {

struct HandPlanOptions {
    int weightBits = 8;
    int activationBits = 8;
    quant::Scheme activationScheme = quant::Scheme::Asymmetric;
    quant::Granularity weightGranularity = quant::Granularity::Channel;
    quant::Scheme weightScheme = quant::Scheme::Symmetric;
    double low = -3.1, high = 2.7; ///< range of every activation
    std::function<bool(const graph::Site&)> quantized = [](const graph::Site& site) {
        return site.coverage == graph::Coverage::MatMul;
    };
};

/// A plan without calibration: min-max weights, one range for all activations. What export and simulation share is
/// written out here a second time, so that tests do not depend on resolve.
inline quant::Plan handPlan(const onnx::Model& model, const HandPlanOptions& options = {})
{
    quant::Plan plan;
    plan.sites.resize(model.sites.size());
    plan.simulation.activations.resize(model.sites.size());
    for (const graph::Site& site : model.sites) {
        auto numbers = std::make_shared<quant::SitePlan>();
        plan.sites[site.id.index()] = numbers;
        if (!options.quantized(site)) {
            numbers->settings.bits = quant::kFloatBits;
            continue;
        }
        if (site.kind == graph::SiteKind::Activation) {
            numbers->settings.bits = options.activationBits;
            numbers->settings.scheme = options.activationScheme;
            numbers->grid =
                quant::uniformGrid(options.low, options.high, options.activationBits, options.activationScheme);
            numbers->map = quant::makeUniformMap(numbers->grid);
            plan.simulation.activations[site.id.index()] = numbers->map;
            continue;
        }
        numbers->settings.bits = options.weightBits;
        numbers->settings.scheme = options.weightScheme;
        numbers->settings.granularity = options.weightGranularity;
        const Tensor& weight = model.graph.value(site.tensor).constant;
        const auto inner = static_cast<std::size_t>(site.layout.inner);
        const bool perChannel = options.weightGranularity == quant::Granularity::Channel;
        const std::size_t channels = perChannel ? static_cast<std::size_t>(site.layout.channels) : 1;
        const auto channel = [&](std::size_t i) { return i / inner % channels; };
        std::vector<float> smallest(channels), largest(channels);
        for (std::size_t i = 0; i < weight.floats().size(); ++i) {
            smallest[channel(i)] = std::min(smallest[channel(i)], weight.floats()[i]);
            largest[channel(i)] = std::max(largest[channel(i)], weight.floats()[i]);
        }
        for (std::size_t c = 0; c < channels; ++c) {
            const quant::UniformGrid one =
                quant::uniformGrid(smallest[c], largest[c], options.weightBits, options.weightScheme);
            const int moved = options.weightScheme == quant::Scheme::Asymmetric ? 1 << (options.weightBits - 1) : 0;
            numbers->grid.scale.push_back(one.scale[0]);
            numbers->grid.zeroPoint.push_back(one.zeroPoint[0] - moved);
            numbers->grid.qmin = one.qmin - moved;
            numbers->grid.qmax = one.qmax - moved;
        }
        numbers->codes = Tensor(DType::Int8, weight.shape());
        numbers->dequantized = Tensor(DType::Float32, weight.shape());
        auto codes = numbers->codes.mutableData<int8_t>();
        auto values = numbers->dequantized.mutableData<float>();
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const float scale = numbers->grid.scale[channel(i)];
            const int32_t zero = numbers->grid.zeroPoint[channel(i)];
            const float code = std::nearbyint(weight.floats()[i] / scale) + static_cast<float>(zero);
            codes[i] = static_cast<int8_t>(
                std::clamp(code, static_cast<float>(numbers->grid.qmin), static_cast<float>(numbers->grid.qmax)));
            values[i] = static_cast<float>(codes[i] - zero) * scale;
        }
        for (const graph::Use& use : site.uses)
            plan.simulation.constants[use] = numbers->dequantized;
    }
    for (const graph::Site& site : model.sites) {
        if (site.kind != graph::SiteKind::Weight || !plan[site.id].quantized() ||
            options.weightScheme == quant::Scheme::Asymmetric)
            continue;
        const NodeId node = site.uses[0].node;
        const SiteId input = model.sites.at({node, 0});
        const auto& inputs = model.graph.node(node).inputs;
        if (!input.valid() || !plan[input].quantized() || inputs.size() < 3 || !inputs[2].valid())
            continue;
        const std::span<const float> bias = model.graph.value(inputs[2]).constant.floats();
        auto codes = std::make_shared<quant::BiasPlan>();
        Tensor values(DType::Float32, {static_cast<int64_t>(bias.size())});
        const std::vector<float>& scales = plan[site.id].grid.scale;
        for (std::size_t i = 0; i < bias.size(); ++i) {
            codes->scale.push_back(plan[input].grid.scale[0] * scales[scales.size() > 1 ? i : 0]);
            codes->codes.push_back(static_cast<int32_t>(std::nearbyint(bias[i] / codes->scale[i])));
            values.mutableData<float>()[i] = static_cast<float>(codes->codes[i]) * codes->scale[i];
        }
        plan.biases[node] = codes;
        plan.simulation.constants[{node, 2}] = values;
    }
    return plan;
}

} // namespace qs::test
