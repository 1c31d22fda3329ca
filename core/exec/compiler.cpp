#include "core/exec/compiler.h"

#include "core/exec/ops/support.h"
#include "core/exec/ops/unary.h"
#include "core/exec/ops/views.h"

#include <algorithm>
#include <set>

namespace qs::exec {

using graph::Node;
using graph::Use;

Compiler::Compiler(const graph::Graph& graph, const graph::SiteTable& sites, const Simulation& simulation,
                   const Program::Options& options, WeightCache& weights)
    : m_graph(graph), m_sites(sites), m_simulation(simulation), m_switches(options.switches), m_weights(weights)
{
    m_observed.assign(sites.size(), false);
    for (const SiteId id : options.observed)
        if (id.valid() && id.index() < sites.size())
            m_observed[id.index()] = true;
    m_sitesOf.resize(graph.values().size());
    m_values.resize(graph.values().size());
    m_defined.assign(graph.values().size(), 0);
    for (const graph::Site& site : sites.all())
        if (site.kind == graph::SiteKind::Activation && site.tensor.valid() &&
            (m_observed[site.id.index()] || mapOf(site.id)))
            m_sitesOf[site.tensor.index()].push_back(site.id);
}

const ElementMap* Compiler::mapOf(SiteId site) const
{
    return site.valid() && site.index() < m_simulation.activations.size()
               ? m_simulation.activations[site.index()].get()
               : nullptr;
}

bool Compiler::pinned(TensorId tensor) const
{
    const auto& outputs = m_graph.outputs();
    return !m_sitesOf[tensor.index()].empty() || std::find(outputs.begin(), outputs.end(), tensor) != outputs.end();
}

Result<void> Compiler::check() const
{
    std::set<std::string> missing;
    std::string example;
    for (const Node& node : m_graph.nodes())
        if (!findOp(node.op) && missing.insert(node.op).second && example.empty())
            example = node.name;
    if (!missing.empty()) {
        std::string names;
        for (const std::string& name : missing)
            names += (names.empty() ? "" : ", ") + name;
        return fail(ErrorCode::Unsupported, "operators that are not supported: " + names, example);
    }
    for (const graph::Site& site : m_sites.all())
        if (site.kind == graph::SiteKind::Activation && site.tensor.valid() &&
            !m_sitesOf[site.tensor.index()].empty() &&
            (site.layout.elements() != m_graph.value(site.tensor).shape.elements() ||
             m_graph.value(site.tensor).dtype != DType::Float32))
            return fail(ErrorCode::ShapeMismatch, "the site's layout does not fit its tensor", site.name);
    for (std::size_t i = 0; i < m_graph.nodes().size(); ++i) {
        auto checked = checkNode(m_graph.nodes()[i], NodeId(i));
        if (!checked) {
            checked.error().where = m_graph.nodes()[i].name;
            return checked;
        }
    }
    const graph::Value& in = m_graph.value(m_graph.input());
    if (in.dtype != DType::Float32 || in.shape.rank() == 0 || m_graph.value(m_graph.output()).dtype != DType::Float32)
        return fail(ErrorCode::Unsupported, "the input and the output must be float tensors", in.name);
    const graph::Value& out = m_graph.value(m_graph.output());
    if (in.shape.elements() == 0 || out.shape.elements() == 0 || out.shape.elements() % in.shape[0] != 0)
        return fail(ErrorCode::ShapeMismatch,
                    "input " + in.shape.text() + " and output " + out.shape.text() + " are not images and logits",
                    out.name);
    return {};
}

Result<void> Compiler::checkNode(const Node& node, NodeId id) const
{
    constexpr int kMostAdded = 16;
    const auto end = m_simulation.constants.lower_bound(Use{NodeId(id.index() + 1), 0});
    if (const auto last = m_simulation.constants.lower_bound(Use{id, kMostAdded}); last != end)
        return mismatch("a replaced constant has no input");
    const Node seen = simulatedNode(m_graph, id, m_simulation);
    std::vector<ValueInfo> infos;
    for (std::size_t i = 0; i < seen.inputs.size(); ++i)
        if (const auto it = m_simulation.constants.find(Use{id, static_cast<int>(i)});
            it != m_simulation.constants.end())
            infos.push_back({it->second.dtype(), it->second.shape()});
        else if (seen.inputs[i].valid())
            infos.push_back({m_graph.value(seen.inputs[i]).dtype, m_graph.value(seen.inputs[i]).shape});
        else
            infos.emplace_back();
    QS_ASSIGN(const auto outputs, findOp(seen.op)->infer(seen, infos));
    if (outputs.size() < node.outputs.size())
        return mismatch("more outputs than " + seen.op + " has");
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (!node.outputs[i].valid())
            continue;
        const graph::Value& value = m_graph.value(node.outputs[i]);
        if (!(value.shape == outputs[i].shape) || value.dtype != outputs[i].dtype)
            return mismatch("the graph says " + value.shape.text() + ", the operator gives " +
                            outputs[i].shape.text());
    }
    return {};
}

Result<void> Compiler::compile()
{
    QS_CHECK(check());
    Operand input;
    input.kind = Operand::Kind::Input;
    input.shape = m_graph.value(m_graph.input()).shape;
    input.strides = contiguousStrides(input.shape);
    define(m_graph.input(), input);

    const auto isPinned = [this](TensorId t) { return pinned(t); };
    const Fusions fusions = findFusions(m_graph, isPinned, m_switches);
    m_narrow = m_switches.narrow && m_switches.views ? findNarrow(m_graph, fusions, isPinned)
                                                     : std::vector<std::optional<Narrow>>(m_graph.values().size());
    std::vector<std::size_t> stepOfNode;
    for (std::size_t i = 0; i < m_graph.nodes().size(); ++i) {
        stepOfNode.push_back(steps.size());
        const int chain = fusions.chainOf[i];
        if (chain < 0)
            emitPlain(NodeId(i));
        else if (fusions.chains[static_cast<std::size_t>(chain)].last == NodeId(i))
            emitChain(fusions.chains[static_cast<std::size_t>(chain)]);
    }

    const TensorId out = m_graph.output();
    output = m_values[out.index()];
    for (const SiteId site : m_sitesOf[out.index()]) // logits: a site without readers
        if (m_sites[site].uses.empty())
            if (const auto it = m_mapped.find({out, site}); it != m_mapped.end())
                output = it->second;
    if (!output.present()) { // the graph's output is one of its constants
        output.kind = Operand::Kind::Constant;
        output.constant = m_graph.value(out).constant;
        output.shape = m_graph.value(out).shape;
        output.strides = contiguousStrides(output.shape);
    }
    output = contiguous(output);
    findStepsOfSites(stepOfNode);
    return {};
}

void Compiler::findStepsOfSites(const std::vector<std::size_t>& stepOfNode)
{
    stepOfSite.assign(m_sites.size(), 0);
    for (const graph::Site& site : m_sites.all()) {
        std::size_t& first = stepOfSite[site.id.index()];
        if (site.kind == graph::SiteKind::Activation) {
            const NodeId producer = m_graph.value(site.tensor).producer;
            first = std::max(m_defined[site.tensor.index()], producer.valid() ? stepOfNode[producer.index()] : 0);
            continue;
        }
        first = steps.size();
        for (const Use& use : site.uses)
            first = std::min(first, stepOfNode[use.node.index()]);
    }
}

std::optional<Tensor> Compiler::constantAt(Use use) const
{
    if (const auto it = m_simulation.constants.find(use); it != m_simulation.constants.end())
        return it->second;
    const Node& node = m_graph.node(use.node);
    const auto input = static_cast<std::size_t>(use.input);
    if (input < node.inputs.size() && node.inputs[input].valid() && m_graph.value(node.inputs[input]).isConstant())
        return m_graph.value(node.inputs[input]).constant;
    return std::nullopt;
}

Shape Compiler::shapeOf(TensorId tensor) const
{
    Shape shape = m_graph.value(tensor).shape;
    if (const auto& narrow = m_narrow[tensor.index()])
        shape[narrow->axis] = 1;
    return shape;
}

/// What an input reads; where the node computes only one index along an axis, that index of it.
Operand Compiler::read(Use use)
{
    Operand operand = readWhole(use);
    const Node& node = m_graph.node(use.node);
    if (!node.outputs[0].valid())
        return operand;
    const auto& narrow = m_narrow[node.outputs[0].index()];
    if (!narrow || !operand.present() || !narrowsInput(node, static_cast<std::size_t>(use.input)))
        return operand;
    const Shape& out = m_graph.value(node.outputs[0]).shape;
    const std::size_t missing = out.rank() - operand.shape.rank();
    if (narrow->axis < missing || operand.shape[narrow->axis - missing] != out[narrow->axis])
        return operand; // broadcast along the axis, or narrow already
    operand.offset += narrow->index * operand.strides[narrow->axis - missing];
    operand.shape[narrow->axis - missing] = 1;
    return operand;
}

Operand Compiler::readWhole(Use use)
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
    const Node& node = m_graph.node(use.node);
    const auto input = static_cast<std::size_t>(use.input);
    if (input >= node.inputs.size() || !node.inputs[input].valid())
        return {};
    const TensorId tensor = node.inputs[input];
    if (const SiteId site = m_sites.at(use); mapOf(site))
        if (const auto it = m_mapped.find({tensor, site}); it != m_mapped.end())
            return it->second;
    return m_values[tensor.index()];
}

Operand Compiler::makeBuffer(DType type, const Shape& shape)
{
    return makeBuffer(type, shape, contiguousStrides(shape));
}

Operand Compiler::makeBuffer(DType type, const Shape& shape, const Shape& strides)
{
    Operand operand;
    operand.kind = Operand::Kind::Arena;
    operand.dtype = type;
    operand.buffer = static_cast<int>(buffers.size());
    operand.shape = shape;
    operand.strides = strides;
    buffers.push_back({static_cast<std::size_t>(shape.elements()) * dtypeSize(type)});
    return operand;
}

Operand Compiler::contiguous(const Operand& operand)
{
    if (!operand.present() || operand.contiguous())
        return operand;
    for (const auto& [from, copy] : m_copies)
        if (from.kind != Operand::Kind::Constant && from.sameView(operand))
            return copy;
    Operand copy = makeBuffer(operand.dtype, operand.shape);
    steps.push_back(makeCopyStep(operand, copy));
    m_copies.emplace_back(operand, copy);
    return copy;
}

/// Strides for `tensor` under which the transposition that reads it leaves contiguous memory.
std::optional<Shape> Compiler::preferredStrides(TensorId tensor, int depth) const
{
    const graph::Value& value = m_graph.value(tensor);
    if (!m_switches.layout || value.uses.size() != 1 || pinned(tensor) || depth > 8)
        return std::nullopt;
    const Node& reader = m_graph.node(value.uses[0].node);
    if (reader.op != "Transpose" && reader.op != "Reshape")
        return std::nullopt;
    const Shape& shape = m_graph.value(reader.outputs[0]).shape;
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

void Compiler::define(TensorId tensor, Operand operand)
{
    m_values[tensor.index()] = std::move(operand);
    m_defined[tensor.index()] = steps.size();
    publish(tensor);
}

void Compiler::publish(TensorId tensor)
{
    for (const SiteId id : m_sitesOf[tensor.index()]) {
        const graph::Site& site = m_sites[id];
        SiteAction action{id, site.name, site.layout, nullptr, m_observed[id.index()]};
        if (mapOf(id))
            action.map = m_simulation.activations[id.index()];
        Operand& value = m_values[tensor.index()];
        if (!action.map) {
            value = contiguous(value);
            steps.push_back(makeSiteStep(std::move(action), value, {}));
            continue;
        }
        Operand mapped = makeBuffer(DType::Float32, value.shape);
        m_mapped[{tensor, id}] = mapped;
        steps.push_back(makeSiteStep(std::move(action), value, mapped));
    }
}

void Compiler::emitPlain(NodeId id)
{
    if (!m_switches.views || !emitView(id))
        emitGeneric(id);
}

/// Reshape, Transpose, Slice ... and a Gather of one index as other strides over the same memory.
bool Compiler::emitView(NodeId id)
{
    const Node& node = m_graph.node(id);
    const OpDef* op = findOp(node.op);
    if (node.op == "Gather") {
        const auto index = gatheredIndex(m_graph, node);
        if (!index)
            return false;
        Operand view = read({id, 0});
        const Shape& out = m_graph.value(node.outputs[0]).shape;
        const std::size_t axis = index->axis;
        const bool narrow = m_narrow[node.inputs[0].index()].has_value();
        view.offset += narrow ? 0 : index->index * view.strides[axis];
        Shape strides = view.strides;
        strides.erase(axis);
        while (strides.rank() < out.rank()) // an index of shape [1], not a scalar
            strides.insert(axis, 1);
        view.strides = strides;
        view.shape = out;
        define(node.outputs[0], view);
        return true;
    }
    if (!op->isView)
        return false;
    Operand source = read({id, 0});
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (!node.outputs[i].valid())
            continue;
        const Shape& shape = m_graph.value(node.outputs[i]).shape;
        auto map = mapView(node, i, source.shape, source.strides, shape);
        if (!map) {
            source = contiguous(source);
            map = mapView(node, i, source.shape, source.strides, shape);
        }
        Operand view = source;
        view.offset += map->offset;
        view.shape = shape;
        view.strides = map->strides;
        define(node.outputs[i], view);
    }
    return true;
}

void Compiler::emitGeneric(NodeId id)
{
    const Node node = simulatedNode(m_graph, id, m_simulation);
    const OpDef* op = findOp(node.op);
    std::vector<Operand> in;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        Operand operand = read({id, static_cast<int>(i)});
        in.push_back(op->acceptsStrides ? operand : contiguous(operand));
    }
    std::vector<Operand> out;
    for (const TensorId t : node.outputs) {
        if (t.valid())
            out.push_back(makeBuffer(m_graph.value(t).dtype, shapeOf(t)));
        else
            out.emplace_back();
    }
    auto step = makeGenericStep(*op, node, in, out);
    steps.push_back(std::move(step));
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
        if (node.outputs[i].valid())
            define(node.outputs[i], out[i]);
}

} // namespace qs::exec
