#include "core/quant/cost.h"

#include "core/graph/structure.h"

#include <cstdint>
#include <vector>

namespace qs::quant {

namespace {

int bitsOf(const SitePlan& site)
{
    return site.quantized() ? site.settings.bits : kFloatBits;
}

int bitsAt(const graph::SiteTable& sites, const Plan& plan, graph::Use use)
{
    const SiteId id = sites.at(use);
    return id.valid() ? bitsOf(plan[id]) : kFloatBits;
}

} // namespace

void computeCost(const graph::Network& network, Plan& plan)
{
    double weightBits = 0;
    double weightElements = 0;
    double activationBits = 0;
    double activationElements = 0;
    std::size_t bytes = 0;
    std::vector<bool> counted(network.graph.values().size(), false);
    for (const graph::Site& site : network.sites) {
        const SitePlan& numbers = plan[site.id];
        if (site.coverage == graph::Coverage::Full && plan.recipe.coverage == graph::Coverage::MatMul)
            continue;
        const auto elements = static_cast<double>(site.elements());
        const std::size_t zeroPointBytes = numbers.settings.scheme == Scheme::Asymmetric ? 1 : 0;
        if (numbers.uniform())
            bytes += numbers.grid.scale.size() * (sizeof(float) + zeroPointBytes);
        else if (numbers.quantized())
            bytes += 2 * sizeof(float) + 2; // step or scale, border, ratio, zero point
        if (site.kind == graph::SiteKind::Activation) {
            activationBits += elements * bitsOf(numbers);
            activationElements += elements;
            continue;
        }
        weightBits += elements * bitsOf(numbers);
        weightElements += elements;
        if (!counted[site.tensor.index()])
            bytes += static_cast<std::size_t>((site.elements() * bitsOf(numbers) + 7) / 8);
        counted[site.tensor.index()] = true;
    }
    for (std::size_t i = 0; i < network.graph.values().size(); ++i)
        if (!counted[i])
            bytes += network.graph.values()[i].constant.sizeBytes();

    plan.bops = 0;
    for (std::size_t i = 0; i < network.graph.nodes().size(); ++i) {
        const auto macs = static_cast<double>(graph::multiplyAccumulates(network.graph, network.graph.nodes()[i]));
        if (macs > 0)
            plan.bops +=
                macs * bitsAt(network.sites, plan, {NodeId(i), 0}) * bitsAt(network.sites, plan, {NodeId(i), 1});
    }
    plan.meanWeightBits = weightElements > 0 ? weightBits / weightElements : kFloatBits;
    plan.meanActivationBits = activationElements > 0 ? activationBits / activationElements : kFloatBits;
    plan.modelBytes = bytes;
}

Cost costOfFloat(const graph::Graph& graph)
{
    Cost cost;
    for (const graph::Value& value : graph.values())
        cost.modelBytes += value.constant.sizeBytes();
    for (const graph::Node& node : graph.nodes())
        cost.bops += static_cast<double>(graph::multiplyAccumulates(graph, node)) * kFloatBits * kFloatBits;
    return cost;
}

} // namespace qs::quant
