#include "core/exec/integers.h"

#include "core/exec/grid_map.h"

namespace qs::exec {

namespace {

using graph::Node;
using graph::Use;

/// Signed codes with 128 more: unsigned ones of the same values.
kernels::QuantGrid unsignedGrid(kernels::QuantGrid grid)
{
    const int moved = grid.qmin < 0 ? 128 : 0;
    grid.qmin += moved;
    grid.qmax += moved;
    grid.zeroPoint += moved;
    return grid;
}

} // namespace

Integers::Integers(const graph::Network& network, const Simulation& simulation, bool on, const FindCodes& findCodes)
    : m_network(network), m_simulation(simulation)
{
    for (std::size_t i = 0; on && i < network.graph.nodes().size(); ++i) {
        const NodeId id(i);
        const std::string& op = network.graph.node(id).op;
        if (auto product = op == "Linear" ? linear(id, findCodes) : op == "MatMul" ? matMul(id) : std::nullopt)
            m_products.emplace(id, std::move(*product));
    }
}

const IntegerProduct* Integers::find(NodeId root) const
{
    const auto it = m_products.find(root);
    return it == m_products.end() ? nullptr : &it->second;
}

bool Integers::readsCodes(Use use) const
{
    const IntegerProduct* product = find(use.node);
    return product && (use.input == 0 || (use.input == 1 && !product->weight));
}

std::optional<kernels::QuantGrid> Integers::gridOf(SiteId site) const
{
    if (!site.valid() || site.index() >= m_simulation.activations.size())
        return std::nullopt;
    const auto* map = dynamic_cast<const GridMap*>(m_simulation.activations[site.index()].get());
    const auto grid = map ? map->codes() : std::nullopt;
    return grid ? std::optional(unsignedGrid(*grid)) : std::nullopt;
}

std::optional<kernels::QuantGrid> Integers::gridAt(Use use) const
{
    const SiteId site = m_network.sites.at(use);
    if (!site.valid() || m_network.sites[site].kind != graph::SiteKind::Activation)
        return std::nullopt;
    return gridOf(site);
}

std::shared_ptr<const WeightCodes> Integers::findCodesPlainly(const Tensor& values)
{
    auto codes = codesOf(values);
    return codes ? std::make_shared<const WeightCodes>(std::move(*codes)) : nullptr;
}

std::optional<IntegerProduct> Integers::linear(NodeId id, const FindCodes& findCodes) const
{
    const Node& node = m_network.graph.node(id);
    const auto isConstant = [&](std::size_t i) { return m_network.graph.value(node.inputs[i]).isConstant(); };
    const auto replaced = [&](int input) {
        const auto it = m_simulation.constants.find({id, input});
        return it == m_simulation.constants.end() ? nullptr : &it->second;
    };
    const auto input = gridAt({id, 0});
    const Tensor* values = replaced(1); // a weight that is not quantized has no codes
    const bool hasBias = node.inputs.size() > 2 && node.inputs[2].valid();
    if (!input || !values || !isConstant(1) || (hasBias && !isConstant(2)))
        return std::nullopt;
    IntegerProduct product{*input, {}, findCodes(*values), nullptr};
    if (!product.weight)
        return std::nullopt;
    if (const Tensor* bias = replaced(2)) {
        std::vector<float> scale = product.weight->scale;
        for (float& s : scale)
            s = input->scale * s;
        if (auto codes = biasCodes(*bias, scale))
            product.bias = std::make_shared<const std::vector<int32_t>>(std::move(*codes));
    }
    return product;
}

std::optional<IntegerProduct> Integers::matMul(NodeId id) const
{
    const auto a = gridAt({id, 0});
    const auto b = gridAt({id, 1});
    const Node& node = m_network.graph.node(id);
    const auto rank = [&](std::size_t i) { return m_network.graph.value(node.inputs[i]).shape.rank(); };
    if (!a || !b || rank(0) < 2 || rank(1) < 2)
        return std::nullopt;
    return IntegerProduct{*a, *b, nullptr, nullptr};
}

} // namespace qs::exec
