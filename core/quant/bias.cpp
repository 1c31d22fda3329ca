// Based on: ONNX Runtime's QDQ quantizer (int32 bias, scale = product of the scales in float32; weight scales raised
// where the bias would overflow).
// Deviations: the guard also keeps the product of the scales a normal float.
#include "core/quant/bias.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace qs::quant {

namespace {

constexpr double kLargestCode = 2147483647.0 / 1.0001;
constexpr float kSmallestScale = std::numeric_limits<float>::min() * 1.0001F;

} // namespace

std::vector<BiasNode> biasNodes(const FloatConstants& constants, const graph::SiteTable& sites,
                                std::span<const std::shared_ptr<const SitePlan>> plans)
{
    std::vector<BiasNode> result;
    const auto& nodes = constants.graph().nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].op != "Linear" && nodes[i].op != "Conv")
            continue;
        BiasNode found{NodeId(i), sites.at({NodeId(i), 0}), sites.at({NodeId(i), 1}), constants.of({NodeId(i), 2})};
        if (found.bias.empty())
            continue;
        if (!found.input.valid() || !found.weight.valid())
            continue;
        const SitePlan& input = *plans[found.input.index()];
        const SitePlan& weight = *plans[found.weight.index()];
        // Only uniform codes can be added up by an integer kernel, and only symmetric weights without a correction.
        const auto isZero = [](int32_t zeroPoint) { return zeroPoint == 0; };
        if (input.uniform() && weight.uniform() && input.grid.scale.size() == 1 &&
            std::ranges::all_of(weight.grid.zeroPoint, isZero))
            result.push_back(std::move(found));
    }
    return result;
}

std::vector<float> scalesForBias(std::span<const float> bias, float inputScale, std::span<const float> weightScales)
{
    std::vector<float> scales(weightScales.begin(), weightScales.end());
    for (std::size_t i = 0; i < bias.size(); ++i) {
        float& scale = scales[scales.size() == 1 ? 0 : i];
        const double needed =
            std::max(std::abs(static_cast<double>(bias[i])) / kLargestCode, static_cast<double>(kSmallestScale)) /
            static_cast<double>(inputScale);
        if (static_cast<double>(scale) < needed)
            scale = std::nextafter(static_cast<float>(needed), std::numeric_limits<float>::infinity());
    }
    return scales;
}

BiasPlan quantizeBias(std::span<const float> bias, float inputScale, std::span<const float> weightScales)
{
    BiasPlan plan;
    for (std::size_t i = 0; i < bias.size(); ++i) {
        const float scale = inputScale * weightScales[weightScales.size() == 1 ? 0 : i];
        const double code = std::nearbyint(static_cast<double>(bias[i]) / static_cast<double>(scale));
        assert(std::abs(code) <= 2147483647.0);
        plan.scale.push_back(scale);
        plan.codes.push_back(static_cast<int32_t>(code));
    }
    return plan;
}

Tensor dequantizeBias(const BiasPlan& plan)
{
    Tensor result(DType::Float32, {static_cast<int64_t>(plan.codes.size())});
    const auto values = result.mutableData<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(plan.codes[i]) * plan.scale[i];
    return result;
}

} // namespace qs::quant
