#include "core/exec/fuse.h"

#include "core/exec/ops/support.h"
#include "core/graph/op_traits.h"

namespace qs::exec {

namespace {

using graph::Graph;
using graph::Node;

std::optional<kernels::Activation> activationOf(const Node& node)
{
    using kernels::Activation;
    if (node.op == "Relu")
        return Activation::Relu;
    if (node.op == "Gelu")
        return node.attributes.text("approximate", "none") == "tanh" ? Activation::GeluTanh : Activation::Gelu;
    if (node.op == "Silu")
        return Activation::Silu;
    if (node.op == "Sigmoid")
        return Activation::Sigmoid;
    if (node.op == "Tanh")
        return Activation::Tanh;
    if (node.op == "HardSwish")
        return Activation::HardSwish;
    if (node.op == "Clip" && numberOf(node, "min") == 0.0 && numberOf(node, "max") == 6.0)
        return Activation::Relu6;
    return std::nullopt;
}

class Finder {
public:
    Finder(const Graph& graph, const std::function<bool(TensorId)>& pinned, const Switches& switches)
        : m_graph(graph), m_pinned(pinned), m_switches(switches)
    {
        m_found.chainOf.assign(graph.nodes().size(), -1);
    }

    Fusions find()
    {
        for (std::size_t i = 0; i < m_graph.nodes().size(); ++i) {
            const Node& node = m_graph.nodes()[i];
            if (has(node, graph::OpTrait::Weighted))
                findDense(NodeId(i));
            else if (node.op == "MatMul")
                findMatMul(NodeId(i));
        }
        return std::move(m_found);
    }

private:
    /// The only reader of a value that need not exist by itself.
    const graph::Use* onlyReader(TensorId tensor) const
    {
        const auto& uses = m_graph.value(tensor).uses;
        return uses.size() == 1 && !m_pinned(tensor) ? &uses[0] : nullptr;
    }
    bool free(NodeId id) const { return m_found.chainOf[id.index()] < 0; }

    /// Follows chain.output to its only reader; null unless that is a free node.
    const graph::Use* next(const Chain& chain) const
    {
        const graph::Use* use = onlyReader(chain.output);
        return use && free(use->node) ? use : nullptr;
    }

    void take(Chain& chain, NodeId id)
    {
        m_found.chainOf[id.index()] = static_cast<int>(m_found.chains.size());
        chain.output = m_graph.node(id).outputs[0];
        chain.last = std::max(chain.last, id);
    }

    void findDense(NodeId root)
    {
        const Node& node = m_graph.node(root);
        if (node.inputs.size() < 2 || !m_graph.value(node.inputs[1]).isConstant() ||
            (node.inputs.size() > 2 && node.inputs[2].valid() && !m_graph.value(node.inputs[2]).isConstant()))
            return;
        Chain chain;
        chain.root = root;
        take(chain, root);
        if (const graph::Use* use = m_switches.fuseActivation ? next(chain) : nullptr)
            if (const auto activation = activationOf(m_graph.node(use->node))) {
                chain.activation = *activation;
                take(chain, use->node);
            }
        if (node.op != "ConvTranspose")
            takeResidual(chain, false);
        m_found.chains.push_back(chain);
    }

    void takeResidual(Chain& chain, bool broadcast)
    {
        const graph::Use* use = m_switches.fuseResidual ? next(chain) : nullptr;
        if (!use || m_graph.node(use->node).op != "Add")
            return;
        const Node& add = m_graph.node(use->node);
        const TensorId other = add.inputs[use->input == 0 ? 1 : 0];
        const Shape& shape = m_graph.value(chain.output).shape;
        const Shape& otherShape = m_graph.value(other).shape;
        if (other == chain.output || !(m_graph.value(add.outputs[0]).shape == shape))
            return;
        const bool same = otherShape == shape;
        const std::size_t r = otherShape.rank();
        const bool matrix = broadcast && r >= 2 && shape.rank() >= 2 &&
                            otherShape[r - 1] == shape[shape.rank() - 1] &&
                            otherShape[r - 2] == shape[shape.rank() - 2];
        if (!same && !matrix)
            return;
        chain.residual = {use->node, use->input == 0 ? 1 : 0};
        take(chain, use->node);
    }

    /// A multiplication or division by one number.
    std::optional<float> scaleOf(const Node& node, int dataInput) const
    {
        const TensorId data = node.inputs[static_cast<std::size_t>(dataInput)];
        if (node.inputs.size() != 2 || !(m_graph.value(node.outputs[0]).shape == m_graph.value(data).shape))
            return std::nullopt;
        const auto s = scalarInput(m_graph, node, dataInput == 0 ? 1 : 0);
        if (node.op == "Mul")
            return s;
        if (node.op == "Div" && dataInput == 0 && s && *s != 0)
            return 1 / *s;
        return std::nullopt;
    }

    NodeId takeOperandScale(Chain& chain, TensorId operand)
    {
        const NodeId producer = m_graph.value(operand).producer;
        if (!m_switches.fuseScale || !producer.valid() || !free(producer) || !onlyReader(operand))
            return {};
        const Node& node = m_graph.node(producer);
        if (node.op != "Mul" && node.op != "Div")
            return {};
        for (int input = 0; input < 2; ++input) {
            const auto s = scaleOf(node, input);
            if (!s || m_graph.value(node.inputs[static_cast<std::size_t>(input)]).isConstant())
                continue;
            chain.alpha *= *s;
            m_found.chainOf[producer.index()] = static_cast<int>(m_found.chains.size());
            return producer;
        }
        return {};
    }

    void findMatMul(NodeId root)
    {
        const Node& node = m_graph.node(root);
        Chain chain;
        chain.root = root;
        take(chain, root);
        chain.scaleA = takeOperandScale(chain, node.inputs[0]);
        if (node.inputs[1] != node.inputs[0])
            chain.scaleB = takeOperandScale(chain, node.inputs[1]);
        if (const graph::Use* use = m_switches.fuseScale ? next(chain) : nullptr)
            if (const auto s = scaleOf(m_graph.node(use->node), use->input)) {
                chain.alpha *= *s;
                take(chain, use->node);
            }
        if (m_graph.value(node.inputs[0]).shape.rank() >= 2 && m_graph.value(node.inputs[1]).shape.rank() >= 2)
            takeResidual(chain, true);
        m_found.chains.push_back(chain);
    }

    const Graph& m_graph;
    const std::function<bool(TensorId)>& m_pinned;
    const Switches& m_switches;
    Fusions m_found;
};

} // namespace

std::optional<float> scalarInput(const Graph& graph, const Node& node, std::size_t input)
{
    if (input >= node.inputs.size() || !node.inputs[input].valid())
        return std::nullopt;
    const graph::Value& value = graph.value(node.inputs[input]);
    if (!value.isConstant() || value.constant.dtype() != DType::Float32 || value.constant.elements() != 1)
        return std::nullopt;
    return value.constant.floats()[0];
}

Fusions findFusions(const Graph& graph, const std::function<bool(TensorId)>& pinned, const Switches& switches)
{
    return Finder(graph, pinned, switches).find();
}

} // namespace qs::exec
