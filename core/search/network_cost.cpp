#include "core/search/network_cost.h"

#include "core/graph/structure.h"
#include "core/quant/cost.h"

#include <algorithm>
#include <set>

namespace qs::search {

NetworkCost::NetworkCost(const graph::Network& network, const quant::Plan& plan, std::span<const SiteId> units)
{
    std::vector<int> unitOf(network.sites.size(), -1);
    std::set<TensorId> tensors;
    for (const SiteId id : units) {
        const graph::Site& site = network.sites[id];
        unitOf[id.index()] = static_cast<int>(m_units.size());
        const bool weight = site.kind == graph::SiteKind::Weight;
        const auto elements = static_cast<double>(site.elements());
        (weight ? m_weightElements : m_activationElements) += elements;
        m_units.push_back({elements, weight, weight && tensors.insert(site.tensor).second});
    }
    m_fixedBytes = static_cast<double>(plan.modelBytes);
    for (std::size_t unit = 0; unit < units.size(); ++unit)
        m_fixedBytes -= static_cast<double>(unitBytes(unit, plan[units[unit]].settings.bits));

    for (std::size_t i = 0; i < network.graph.nodes().size(); ++i) {
        Product product;
        product.macs = static_cast<double>(graph::multiplyAccumulates(network.graph, network.graph.nodes()[i]));
        if (product.macs <= 0)
            continue;
        for (int side = 0; side < 2; ++side) {
            const SiteId id = network.sites.at({NodeId(i), side});
            product.units[side] = id.valid() ? unitOf[id.index()] : -1;
            product.fixed[side] = id.valid() ? plan[id].settings.bits : quant::kFloatBits;
        }
        m_products.push_back(product);
    }
}

std::size_t NetworkCost::unitBytes(std::size_t unit, int bits) const
{
    if (!m_units[unit].counted)
        return 0;
    return (static_cast<std::size_t>(m_units[unit].elements) * static_cast<std::size_t>(bits) + 7) / 8;
}

Amounts NetworkCost::amounts(std::span<const int> bits) const
{
    Amounts result{};
    result[ModelBytes] = m_fixedBytes;
    for (std::size_t unit = 0; unit < m_units.size(); ++unit) {
        result[m_units[unit].weight ? WeightBits : ActivationBits] += m_units[unit].elements * bits[unit];
        result[ModelBytes] += static_cast<double>(unitBytes(unit, bits[unit]));
    }
    for (const Product& product : m_products) {
        double term = product.macs;
        for (int side = 0; side < 2; ++side)
            term *=
                product.units[side] >= 0 ? bits[static_cast<std::size_t>(product.units[side])] : product.fixed[side];
        result[Bops] += term;
    }
    return result;
}

Amounts NetworkCost::limits(const Budget& budget) const
{
    Amounts result{kNoLimit, kNoLimit, kNoLimit, kNoLimit};
    if (budget.meanWeightBits)
        result[WeightBits] = *budget.meanWeightBits * m_weightElements;
    if (budget.meanActivationBits)
        result[ActivationBits] = *budget.meanActivationBits * m_activationElements;
    if (budget.modelBytes)
        result[ModelBytes] = static_cast<double>(*budget.modelBytes);
    if (budget.bops)
        result[Bops] = *budget.bops;
    // A currency that no unit has is never exceeded.
    for (double& limit : result)
        if (limit == 0)
            limit = kNoLimit;
    return result;
}

double NetworkCost::meanWeightBits(const Amounts& amounts) const
{
    return m_weightElements > 0 ? amounts[WeightBits] / m_weightElements : 0;
}

double NetworkCost::meanActivationBits(const Amounts& amounts) const
{
    return m_activationElements > 0 ? amounts[ActivationBits] / m_activationElements : 0;
}

} // namespace qs::search
