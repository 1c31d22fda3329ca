#include "core/graph/rewrites/editor.h"

#include <algorithm>
#include <cmath>

namespace qs::graph {

Editor::Editor(GraphData data, Bypassed bypassed)
    : m_data(std::move(data)), m_bypassed(std::move(bypassed)), m_producers(m_data.values.size()),
      m_readers(m_data.values.size()), m_isOutput(m_data.values.size(), 0), m_alive(m_data.nodes.size(), 1)
{
    for (std::size_t n = 0; n < m_data.nodes.size(); ++n) {
        for (const TensorId id : m_data.nodes[n].inputs)
            if (id.valid())
                m_readers[id.index()].push_back(NodeId(n));
        for (const TensorId id : m_data.nodes[n].outputs)
            m_producers[id.index()] = NodeId(n);
    }
    for (const TensorId id : m_data.outputs)
        m_isOutput[id.index()] = 1;
}

const Node* Editor::producer(TensorId id, std::string_view op) const
{
    const NodeId producer = producerId(id);
    return producer.valid() && node(producer).op == op ? &node(producer) : nullptr;
}

const Tensor* Editor::constant(TensorId id) const
{
    return id.valid() && value(id).isConstant() ? &value(id).constant : nullptr;
}

std::optional<float> Editor::scalar(TensorId id) const
{
    const Tensor* tensor = constant(id);
    if (!tensor || tensor->dtype() != DType::Float32 || tensor->elements() != 1)
        return std::nullopt;
    return tensor->floats()[0];
}

bool Editor::isScalar(TensorId id, float expected) const
{
    const auto value = scalar(id);
    return value && std::abs(*value - expected) <= 1e-4f * std::abs(expected);
}

TensorId Editor::addConstant(std::string name, Tensor tensor)
{
    const TensorId id(m_data.values.size());
    m_data.values.push_back({std::move(name), tensor.dtype(), tensor.shape(), {}, {}, std::move(tensor)});
    m_producers.emplace_back();
    m_readers.emplace_back();
    m_isOutput.push_back(0);
    return id;
}

bool Editor::fuse(NodeId anchor, std::span<const NodeId> inner, Node replacement)
{
    const auto inGroup = [&](NodeId id) {
        return id == anchor || std::find(inner.begin(), inner.end(), id) != inner.end();
    };
    for (const NodeId id : inner)
        for (const TensorId output : node(id).outputs)
            if (m_isOutput[output.index()] ||
                !std::all_of(m_readers[output.index()].begin(), m_readers[output.index()].end(), inGroup))
                return false;

    std::vector<int> sources;
    const auto remove = [&](NodeId id) {
        const Node& old = node(id);
        sources.insert(sources.end(), old.sources.begin(), old.sources.end());
        for (const TensorId input : old.inputs)
            if (input.valid())
                std::erase(m_readers[input.index()], id);
        m_alive[id.index()] = 0;
    };
    for (const NodeId id : inner) {
        if (!alive(id))
            continue; // listed twice
        remove(id);
        for (const TensorId output : node(id).outputs)
            if (const auto it = m_bypassed.find(output); it != m_bypassed.end())
                sources.insert(sources.end(), it->second.begin(), it->second.end());
    }
    remove(anchor);
    m_alive[anchor.index()] = 1;
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    replacement.sources = std::move(sources);
    replacement.outputs = node(anchor).outputs;
    for (const TensorId input : replacement.inputs)
        if (input.valid())
            m_readers[input.index()].push_back(anchor);
    m_data.nodes[anchor.index()] = std::move(replacement);
    return true;
}

bool Editor::isReadOnlyBy(TensorId id, NodeId reader) const
{
    const auto& readers = m_readers[id.index()];
    return !m_isOutput[id.index()] && std::ranges::all_of(readers, [&](NodeId node) { return node == reader; });
}

void Editor::update(NodeId id, std::vector<TensorId> inputs, std::span<const int> sources)
{
    Node& changed = m_data.nodes[id.index()];
    for (const TensorId input : changed.inputs)
        if (input.valid())
            std::erase(m_readers[input.index()], id);
    changed.inputs = std::move(inputs);
    for (const TensorId input : changed.inputs)
        if (input.valid())
            m_readers[input.index()].push_back(id);
    changed.sources.insert(changed.sources.end(), sources.begin(), sources.end());
    std::ranges::sort(changed.sources);
    changed.sources.erase(std::unique(changed.sources.begin(), changed.sources.end()), changed.sources.end());
}

GraphData Editor::take() &&
{
    std::vector<Node> nodes;
    for (std::size_t n = 0; n < m_data.nodes.size(); ++n)
        if (m_alive[n])
            nodes.push_back(std::move(m_data.nodes[n]));
    m_data.nodes = std::move(nodes);
    return std::move(m_data);
}

std::optional<ScaledOperand> matchScale(const Editor& editor, TensorId product)
{
    if (const Node* mul = editor.producer(product, "Mul")) {
        for (const int i : {0, 1})
            if (const auto factor = editor.scalar(mul->inputs[static_cast<std::size_t>(i)]))
                return ScaledOperand{mul->inputs[static_cast<std::size_t>(1 - i)], *factor};
    }
    if (const Node* div = editor.producer(product, "Div"))
        if (const auto divisor = editor.scalar(div->inputs[1]); divisor && *divisor != 0)
            return ScaledOperand{div->inputs[0], 1 / *divisor};
    return std::nullopt;
}

} // namespace qs::graph
