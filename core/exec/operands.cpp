#include "core/exec/operands.h"

#include "core/exec/integer_execution.h"
#include "core/exec/integer_steps.h"
#include "core/exec/ops/views.h"

#include <algorithm>

namespace qs::exec {

using graph::Node;
using graph::Use;

Operands::Operands(const graph::Network& network, const Simulation& simulation, const Program::Options& options,
                   WeightCache& weights)
    : m_network(network), m_simulation(simulation), m_switches(options.switches),
      m_integers(network, simulation, options.execution == kInteger,
                 [&weights](const Tensor& values) { return weights.codes(values); })
{
    m_observed.assign(network.sites.size(), false);
    for (const SiteId id : options.observed)
        if (id.valid() && id.index() < network.sites.size())
            m_observed[id.index()] = true;
    m_sitesOf.resize(network.graph.values().size());
    m_values.resize(network.graph.values().size());
    m_narrow.resize(network.graph.values().size());
    m_defined.assign(network.graph.values().size(), 0);
    for (const graph::Site& site : network.sites.all())
        if (site.kind == graph::SiteKind::Activation && site.tensor.valid() &&
            (m_observed[site.id.index()] || mapOf(site.id)))
            m_sitesOf[site.tensor.index()].push_back(site.id);
}

const ElementMap* Operands::mapOf(SiteId site) const
{
    return site.valid() && site.index() < m_simulation.activations.size()
               ? m_simulation.activations[site.index()].get()
               : nullptr;
}

bool Operands::pinned(TensorId tensor) const
{
    const auto& outputs = m_network.graph.outputs();
    return !m_sitesOf[tensor.index()].empty() || std::find(outputs.begin(), outputs.end(), tensor) != outputs.end();
}

std::optional<Tensor> Operands::constantAt(Use use) const
{
    if (const auto it = m_simulation.constants.find(use); it != m_simulation.constants.end())
        return it->second;
    const Node& node = m_network.graph.node(use.node);
    const auto input = static_cast<std::size_t>(use.input);
    if (input < node.inputs.size() && node.inputs[input].valid() &&
        m_network.graph.value(node.inputs[input]).isConstant())
        return m_network.graph.value(node.inputs[input]).constant;
    return std::nullopt;
}

Shape Operands::shapeOf(TensorId tensor) const
{
    Shape shape = m_network.graph.value(tensor).shape;
    if (const auto& narrow = m_narrow[tensor.index()])
        shape[narrow->axis] = 1;
    return shape;
}

Operand Operands::read(Use use)
{
    return narrowed(use, readWhole(use));
}

Operand Operands::readCodes(Use use)
{
    return narrowed(use, m_codes.at(m_network.sites.at(use)));
}

/// The one index that the node computes along an axis.
Operand Operands::narrowed(Use use, Operand operand) const
{
    const Node& node = m_network.graph.node(use.node);
    if (!node.outputs[0].valid())
        return operand;
    const auto& narrow = m_narrow[node.outputs[0].index()];
    if (!narrow || !operand.present() || !narrowsInput(node, static_cast<std::size_t>(use.input)))
        return operand;
    const Shape& out = m_network.graph.value(node.outputs[0]).shape;
    const std::size_t missing = out.rank() - operand.shape.rank();
    if (narrow->axis < missing || operand.shape[narrow->axis - missing] != out[narrow->axis])
        return operand; // broadcast along the axis, or narrow already
    operand.offset += narrow->index * operand.strides[narrow->axis - missing];
    operand.shape[narrow->axis - missing] = 1;
    return operand;
}

Operand Operands::readWhole(Use use)
{
    if (auto constant = constantAt(use)) {
        Operand operand;
        operand.kind = Operand::Kind::Constant;
        operand.dtype = constant->dtype();
        operand.shape = constant->shape();
        operand.strides = contiguousStrides(operand.shape);
        operand.constant = std::move(*constant);
        return operand;
    }
    const Node& node = m_network.graph.node(use.node);
    const auto input = static_cast<std::size_t>(use.input);
    if (input >= node.inputs.size() || !node.inputs[input].valid())
        return {};
    const TensorId tensor = node.inputs[input];
    if (const SiteId site = m_network.sites.at(use); mapOf(site))
        if (const auto it = m_mapped.find({tensor, site}); it != m_mapped.end())
            return it->second;
    return m_values[tensor.index()];
}

Operand Operands::makeBuffer(DType type, const Shape& shape)
{
    return makeBuffer(type, shape, contiguousStrides(shape));
}

Operand Operands::makeBuffer(DType type, const Shape& shape, const Shape& strides)
{
    Operand operand;
    operand.kind = Operand::Kind::Arena;
    operand.dtype = type;
    operand.buffer = static_cast<int>(m_buffers.size());
    operand.shape = shape;
    operand.strides = strides;
    m_buffers.push_back({static_cast<std::size_t>(shape.elements()) * dtypeSize(type)});
    return operand;
}

Operand Operands::contiguous(const Operand& operand)
{
    if (!operand.present() || operand.contiguous())
        return operand;
    for (const auto& [from, copy] : m_copies)
        if (from.kind != Operand::Kind::Constant && from.sameView(operand))
            return copy;
    Operand copy = makeBuffer(operand.dtype, operand.shape);
    m_steps.push_back(makeCopyStep(operand, copy));
    m_copies.emplace_back(operand, copy);
    return copy;
}

std::optional<Shape> Operands::preferredStrides(TensorId tensor, int depth) const
{
    const graph::Value& value = m_network.graph.value(tensor);
    if (!m_switches.layout || value.uses.size() != 1 || pinned(tensor) || depth > 8)
        return std::nullopt;
    const Node& reader = m_network.graph.node(value.uses[0].node);
    if (reader.op != "Transpose" && reader.op != "Reshape")
        return std::nullopt;
    const Shape& shape = m_network.graph.value(reader.outputs[0]).shape;
    const auto wanted = preferredStrides(reader.outputs[0], depth + 1);
    if (reader.op == "Reshape")
        return wanted ? reshapeStrides(shape, *wanted, value.shape) : std::nullopt;
    const Shape after = wanted.value_or(contiguousStrides(shape));
    // Transpose: output axis i walks input axis perm[i].
    const auto map = mapView(reader, 0, value.shape, Shape{0, 1, 2, 3, 4, 5, 6, 7}, shape);
    Shape strides = value.shape;
    for (std::size_t i = 0; i < shape.rank(); ++i)
        strides[static_cast<std::size_t>(map->strides[i])] = after[i];
    return strides;
}

void Operands::define(TensorId tensor, Operand operand)
{
    m_values[tensor.index()] = std::move(operand);
    m_defined[tensor.index()] = m_steps.size();
    publish(tensor);
}

void Operands::publish(TensorId tensor)
{
    for (const SiteId id : m_sitesOf[tensor.index()]) {
        const graph::Site& site = m_network.sites[id];
        const auto readsCodes = [this](const Use& use) { return m_integers.readsCodes(use); };
        SiteAction action{id, site.name, site.layout, nullptr, m_observed[id.index()]};
        if (mapOf(id) && (site.uses.empty() || !std::ranges::all_of(site.uses, readsCodes)))
            action.map = m_simulation.activations[id.index()];
        Operand& value = m_values[tensor.index()];
        if (action.map) {
            Operand mapped = makeBuffer(DType::Float32, value.shape);
            m_mapped[{tensor, id}] = mapped;
            m_steps.push_back(makeSiteStep(std::move(action), value, mapped));
        } else if (action.observed) {
            value = contiguous(value);
            m_steps.push_back(makeSiteStep(std::move(action), value, {}));
        }
        if (std::ranges::any_of(site.uses, readsCodes))
            publishCodes(site);
    }
}

void Operands::publishCodes(const graph::Site& site)
{
    Operand value = m_values[site.tensor.index()];
    const auto hasRuns = [](const Operand& o) {
        bool dense = o.shape.elements() <= 1;
        for (std::size_t i = 0; i < o.shape.rank(); ++i) {
            if (o.shape[i] > 1 && o.strides[i] <= 0)
                return false;
            dense = dense || (o.shape[i] > 1 && o.strides[i] == 1);
        }
        return dense;
    };
    if (!hasRuns(value))
        value = contiguous(value);
    const Operand codes = makeBuffer(DType::UInt8, value.shape, denseStrides(value.shape, value.strides));
    m_steps.push_back(makeQuantizeStep(site.name, *m_integers.gridOf(site.id), value, codes));
    m_codes[site.id] = codes;
}

std::optional<kernels::QuantGrid> Operands::codesAlone(TensorId tensor) const
{
    const auto& outputs = m_network.graph.outputs();
    const auto& ids = m_sitesOf[tensor.index()];
    if (ids.size() != 1 || m_observed[ids[0].index()] || std::ranges::find(outputs, tensor) != outputs.end())
        return std::nullopt;
    const graph::Site& site = m_network.sites[ids[0]];
    const auto isOfSite = [&](const Use& use) {
        return m_network.sites.at(use) == site.id && m_integers.readsCodes(use);
    };
    return std::ranges::all_of(m_network.graph.value(tensor).uses, isOfSite) ? m_integers.gridOf(site.id)
                                                                             : std::nullopt;
}

void Operands::defineCodes(TensorId tensor, Operand operand)
{
    m_codes[m_sitesOf[tensor.index()][0]] = std::move(operand);
    m_defined[tensor.index()] = m_steps.size() - 1;
}

Operand Operands::resultOf(TensorId tensor)
{
    Operand result = m_values[tensor.index()];
    for (const SiteId site : m_sitesOf[tensor.index()]) // logits: a site without readers
        if (m_network.sites[site].uses.empty())
            if (const auto it = m_mapped.find({tensor, site}); it != m_mapped.end())
                result = it->second;
    if (!result.present()) { // the graph's output is one of its constants
        result.kind = Operand::Kind::Constant;
        result.constant = m_network.graph.value(tensor).constant;
        result.shape = m_network.graph.value(tensor).shape;
        result.strides = contiguousStrides(result.shape);
    }
    return contiguous(result);
}

} // namespace qs::exec
