#include "core/exec/compiler.h"

#include "core/exec/ops/support.h"
#include "core/exec/ops/unary.h"
#include "core/exec/ops/views.h"

#include <algorithm>
#include <set>

namespace qs::exec {

using graph::Node;
using graph::Use;

Result<void> Compiler::check() const
{
    std::set<std::string> missing;
    std::string example;
    for (const Node& node : m_network.graph.nodes())
        if (!findOp(node.op) && missing.insert(node.op).second && example.empty())
            example = node.name;
    if (!missing.empty()) {
        std::string names;
        for (const std::string& name : missing)
            names += (names.empty() ? "" : ", ") + name;
        return fail(ErrorCode::Unsupported, "operators that are not supported: " + names, example);
    }
    for (const graph::Site& site : m_network.sites.all())
        if (site.kind == graph::SiteKind::Activation && site.tensor.valid() &&
            !m_operands.sitesOf(site.tensor).empty() &&
            (site.layout.elements() != m_network.graph.value(site.tensor).shape.elements() ||
             m_network.graph.value(site.tensor).dtype != DType::Float32))
            return fail(ErrorCode::ShapeMismatch, "the site's layout does not fit its tensor", site.name);
    for (std::size_t i = 0; i < m_network.graph.nodes().size(); ++i) {
        auto checked = checkNode(m_network.graph.nodes()[i], NodeId(i));
        if (!checked) {
            checked.error().where = m_network.graph.nodes()[i].name;
            return checked;
        }
    }
    const graph::Value& in = m_network.graph.value(m_network.graph.input());
    for (const TensorId id : m_network.graph.outputs()) {
        const graph::Value& out = m_network.graph.value(id);
        if (in.dtype != DType::Float32 || in.shape.rank() == 0 || out.dtype != DType::Float32)
            return fail(ErrorCode::Unsupported, "the input and the outputs must be float tensors", out.name);
        if (in.shape.elements() == 0 || out.shape.elements() == 0 || out.shape.elements() % in.shape[0] != 0)
            return fail(ErrorCode::ShapeMismatch,
                        "input " + in.shape.text() + " and output " + out.shape.text() +
                            " are not images and what they give",
                        out.name);
    }
    return {};
}

Result<void> Compiler::checkNode(const Node& node, NodeId id) const
{
    constexpr int kMostAdded = 16;
    const auto end = m_simulation.constants.lower_bound(Use{NodeId(id.index() + 1), 0});
    if (const auto last = m_simulation.constants.lower_bound(Use{id, kMostAdded}); last != end)
        return mismatch("a replaced constant has no input");
    const Node seen = simulatedNode(m_network.graph, id, m_simulation);
    std::vector<ValueInfo> infos;
    for (std::size_t i = 0; i < seen.inputs.size(); ++i)
        if (const auto it = m_simulation.constants.find(Use{id, static_cast<int>(i)});
            it != m_simulation.constants.end())
            infos.push_back({it->second.dtype(), it->second.shape()});
        else if (seen.inputs[i].valid())
            infos.push_back(
                {m_network.graph.value(seen.inputs[i]).dtype, m_network.graph.value(seen.inputs[i]).shape});
        else
            infos.emplace_back();
    QS_ASSIGN(const auto outputs, findOp(seen.op)->infer(seen, infos));
    if (outputs.size() < node.outputs.size())
        return mismatch("more outputs than " + seen.op + " has");
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (!node.outputs[i].valid())
            continue;
        const graph::Value& value = m_network.graph.value(node.outputs[i]);
        if (!(value.shape == outputs[i].shape) || value.dtype != outputs[i].dtype)
            return mismatch("the graph says " + value.shape.text() + ", the operator gives " +
                            outputs[i].shape.text());
    }
    return {};
}

Result<Compiled> Compiler::compile()
{
    QS_CHECK(check());
    Operand input;
    input.kind = Operand::Kind::Input;
    input.shape = m_network.graph.value(m_network.graph.input()).shape;
    input.strides = contiguousStrides(input.shape);
    m_operands.define(m_network.graph.input(), input);

    const auto isPinned = [this](TensorId t) { return m_operands.pinned(t); };
    const Fusions fusions = findFusions(m_network.graph, isPinned, m_switches);
    if (m_switches.narrow && m_switches.views)
        m_operands.setNarrow(findNarrow(m_network.graph, fusions, isPinned));
    std::vector<std::size_t> stepOfNode;
    for (std::size_t i = 0; i < m_network.graph.nodes().size(); ++i) {
        stepOfNode.push_back(m_operands.stepCount());
        const int chain = fusions.chainOf[i];
        if (chain < 0)
            emitPlain(NodeId(i));
        else if (fusions.chains[static_cast<std::size_t>(chain)].last == NodeId(i))
            m_dense.emit(fusions.chains[static_cast<std::size_t>(chain)]);
    }
    Compiled compiled;
    for (const TensorId output : m_network.graph.outputs())
        compiled.outputs.push_back(m_operands.resultOf(output));
    compiled.stepOfSite = stepsOfSites(stepOfNode);
    compiled.weightBytes = m_dense.weightBytes();
    compiled.steps = m_operands.takeSteps();
    compiled.buffers = m_operands.takeBuffers();
    return compiled;
}

std::vector<std::size_t> Compiler::stepsOfSites(const std::vector<std::size_t>& stepOfNode) const
{
    std::vector<std::size_t> stepOfSite(m_network.sites.size(), 0);
    for (const graph::Site& site : m_network.sites.all()) {
        std::size_t& first = stepOfSite[site.id.index()];
        if (site.kind == graph::SiteKind::Activation) {
            const NodeId producer = m_network.graph.value(site.tensor).producer;
            first = std::max(m_operands.definedAt(site.tensor), producer.valid() ? stepOfNode[producer.index()] : 0);
            continue;
        }
        first = m_operands.stepCount();
        for (const Use& use : site.uses)
            first = std::min(first, stepOfNode[use.node.index()]);
    }
    return stepOfSite;
}

void Compiler::emitPlain(NodeId id)
{
    if (!m_switches.views || !emitView(id))
        emitGeneric(id);
}

/// Reshape, Transpose, Slice ... and a Gather of one index as other strides over the same memory.
bool Compiler::emitView(NodeId id)
{
    const Node& node = m_network.graph.node(id);
    const OpDef* op = findOp(node.op);
    if (node.op == "Gather") {
        const auto index = gatheredIndex(m_network.graph, node);
        if (!index)
            return false;
        Operand view = m_operands.read({id, 0});
        const Shape& out = m_network.graph.value(node.outputs[0]).shape;
        const std::size_t axis = index->axis;
        const bool narrow = m_operands.narrowOf(node.inputs[0]).has_value();
        view.offset += narrow ? 0 : index->index * view.strides[axis];
        Shape strides = view.strides;
        strides.erase(axis);
        while (strides.rank() < out.rank()) // an index of shape [1], not a scalar
            strides.insert(axis, 1);
        view.strides = strides;
        view.shape = out;
        m_operands.define(node.outputs[0], view);
        return true;
    }
    if (!op->isView)
        return false;
    Operand source = m_operands.read({id, 0});
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (!node.outputs[i].valid())
            continue;
        const Shape& shape = m_network.graph.value(node.outputs[i]).shape;
        auto map = mapView(node, i, source.shape, source.strides, shape);
        if (!map) {
            source = m_operands.contiguous(source);
            map = mapView(node, i, source.shape, source.strides, shape);
        }
        Operand view = source;
        view.offset += map->offset;
        view.shape = shape;
        view.strides = map->strides;
        m_operands.define(node.outputs[i], view);
    }
    return true;
}

void Compiler::emitGeneric(NodeId id)
{
    const Node node = simulatedNode(m_network.graph, id, m_simulation);
    const OpDef* op = findOp(node.op);
    std::vector<Operand> in;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        Operand operand = m_operands.read({id, static_cast<int>(i)});
        in.push_back(op->acceptsStrides ? operand : m_operands.contiguous(operand));
    }
    std::vector<Operand> out;
    for (const TensorId t : node.outputs) {
        if (t.valid())
            out.push_back(m_operands.makeBuffer(m_network.graph.value(t).dtype, m_operands.shapeOf(t)));
        else
            out.emplace_back();
    }
    m_operands.add(makeGenericStep(*op, node, in, out));
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
        if (node.outputs[i].valid())
            m_operands.define(node.outputs[i], out[i]);
}

} // namespace qs::exec
