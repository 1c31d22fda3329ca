#include "core/search/hybrid_unit_error.h"

#include "core/exec/op.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace qs::search {

namespace {

double weightedSquares(std::span<const float> found, std::span<const float> wanted, std::span<const float> importance)
{
    double sum = 0;
    if (importance.empty())
        for (std::size_t i = 0; i < found.size(); ++i) {
            const double e = static_cast<double>(found[i]) - wanted[i];
            sum += e * e;
        }
    else
        for (std::size_t i = 0; i < found.size(); ++i) {
            const double e = static_cast<double>(found[i]) - wanted[i];
            sum += importance[i] * e * e;
        }
    return sum;
}

} // namespace

UnitError::UnitError(const graph::Network& network, const HybridUnit& unit, std::span<const UnitRun> runs,
                     const std::map<SiteId, SiteOperand>& operands)
    : m_network(network), m_unit(unit), m_runs(runs), m_operands(operands)
{
}

Tensor UnitError::quantized(SiteId site, const SiteOperand& operand, const Tensor& value) const
{
    if (m_network.sites[site].kind == graph::SiteKind::Weight)
        return operand.weight.empty() ? value : operand.weight;
    if (!operand.map)
        return value;
    Tensor result(DType::Float32, value.shape());
    operand.map->apply(value.floats().data(), result.mutableData<float>().data(), m_network.sites[site].layout);
    return result;
}

/// What a reader gets, with its site as `operands` has it.
Result<Tensor> UnitError::input(graph::Use use, const std::map<TensorId, Tensor>& values) const
{
    const TensorId id = m_network.graph.node(use.node).inputs[static_cast<std::size_t>(use.input)];
    if (!id.valid())
        return Tensor();
    const graph::Value& value = m_network.graph.value(id);
    const Tensor& plain = value.isConstant() ? value.constant : values.at(id);
    const SiteId site = m_network.sites.at(use);
    const auto operand = site.valid() ? m_operands.find(site) : m_operands.end();
    return operand == m_operands.end() ? plain : quantized(site, operand->second, plain);
}

Result<void> UnitError::choose(SiteId site, const Context& context)
{
    m_site = site;
    std::set<TensorId> changing;
    m_depends.assign(m_unit.nodes.size(), false);
    for (std::size_t n = 0; n < m_unit.nodes.size(); ++n) {
        const graph::Node& node = m_network.graph.node(m_unit.nodes[n]);
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
            if (m_network.sites.at({m_unit.nodes[n], static_cast<int>(i)}) == site ||
                changing.contains(node.inputs[i]))
                m_depends[n] = true;
        if (m_depends[n])
            changing.insert(node.outputs.begin(), node.outputs.end());
    }
    m_prepared.assign(m_runs.size(), {});
    std::vector<std::optional<Error>> failures(m_runs.size());
    const auto one = [&](std::size_t run, int) {
        if (auto prepared = prepare(m_runs[run]))
            m_prepared[run] = std::move(*prepared);
        else
            failures[run] = std::move(prepared.error());
    };
    if (context.pool)
        context.pool->parallelFor(m_runs.size(), one);
    else
        for (std::size_t run = 0; run < m_runs.size(); ++run)
            one(run, 0);
    for (auto& failure : failures)
        if (failure)
            return tl::unexpected<Error>(std::move(*failure));
    return {};
}

Result<UnitError::Prepared> UnitError::prepare(const UnitRun& run) const
{
    Prepared prepared;
    for (std::size_t i = 0; i < m_unit.inputs.size(); ++i)
        prepared.values[m_unit.inputs[i]] = run.inputs[i];
    for (std::size_t n = 0; n < m_unit.nodes.size(); ++n) {
        const NodeId id = m_unit.nodes[n];
        const graph::Node& node = m_network.graph.node(id);
        std::vector<Tensor> inputs;
        for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
            const graph::Use use{id, i};
            const TensorId read = node.inputs[static_cast<std::size_t>(i)];
            const bool known =
                !read.valid() || m_network.graph.value(read).isConstant() || prepared.values.contains(read);
            if (m_depends[n] && (!known || m_network.sites.at(use) == m_site))
                continue;
            QS_ASSIGN(Tensor value, input(use, prepared.values));
            if (m_depends[n])
                prepared.operands[use] = std::move(value);
            else
                inputs.push_back(std::move(value));
        }
        if (m_depends[n])
            continue;
        QS_ASSIGN(std::vector<Tensor> outputs, exec::evaluate(node, inputs));
        for (std::size_t o = 0; o < outputs.size() && o < node.outputs.size(); ++o)
            if (node.outputs[o].valid())
                prepared.values[node.outputs[o]] = std::move(outputs[o]);
    }
    return prepared;
}

Result<double> UnitError::errorOf(const UnitRun& run, const Prepared& prepared, const SiteOperand& operand) const
{
    std::map<TensorId, Tensor> values; // that depend on the site
    for (std::size_t n = 0; n < m_unit.nodes.size(); ++n) {
        if (!m_depends[n])
            continue;
        const NodeId id = m_unit.nodes[n];
        const graph::Node& node = m_network.graph.node(id);
        std::vector<Tensor> inputs;
        for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
            const graph::Use use{id, i};
            if (const auto ready = prepared.operands.find(use); ready != prepared.operands.end()) {
                inputs.push_back(ready->second);
                continue;
            }
            const TensorId read = node.inputs[static_cast<std::size_t>(i)];
            if (m_network.sites.at(use) != m_site) {
                QS_ASSIGN(Tensor value, input(use, values));
                inputs.push_back(std::move(value));
                continue;
            }
            const graph::Value& value = m_network.graph.value(read);
            const auto changed = values.find(read);
            inputs.push_back(quantized(m_site, operand,
                                       value.isConstant()        ? value.constant
                                       : changed != values.end() ? changed->second
                                                                 : prepared.values.at(read)));
        }
        QS_ASSIGN(std::vector<Tensor> outputs, exec::evaluate(node, inputs));
        for (std::size_t o = 0; o < outputs.size() && o < node.outputs.size(); ++o)
            if (node.outputs[o].valid())
                values[node.outputs[o]] = std::move(outputs[o]);
    }
    double sum = 0;
    for (std::size_t o = 0; o < m_unit.outputs.size(); ++o) {
        const auto changed = values.find(m_unit.outputs[o]);
        const Tensor& found = changed != values.end() ? changed->second : prepared.values.at(m_unit.outputs[o]);
        sum += weightedSquares(found.floats(), run.outputs[o].floats(),
                               run.importance.empty() ? std::span<const float>() : run.importance[o].floats());
    }
    return sum;
}

Result<double> UnitError::error(const SiteOperand& operand, std::size_t run) const
{
    return errorOf(m_runs[run], m_prepared[run], operand);
}

Result<double> UnitError::error(const SiteOperand& operand) const
{
    double sum = 0;
    for (std::size_t r = 0; r < m_runs.size(); ++r) {
        QS_ASSIGN(const double one, error(operand, r));
        sum += one;
    }
    return sum;
}

} // namespace qs::search
