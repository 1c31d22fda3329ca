#pragma once

#include "core/base/tensor.h"
#include "core/graph/graph.h"

#include <map>

namespace qs::quant {

/// Weights, biases, gains of the float network as each reader has them: the graph's, or those that a smoothing
/// changed.
class FloatConstants {
public:
    explicit FloatConstants(const graph::Graph& graph, const std::map<graph::Use, Tensor>* changed = nullptr)
        : m_graph(graph), m_changed(changed)
    {
    }

    /// Empty where the input is absent or not constant.
    const Tensor& of(graph::Use use) const
    {
        if (m_changed)
            if (const auto found = m_changed->find(use); found != m_changed->end())
                return found->second;
        const auto& inputs = m_graph.node(use.node).inputs;
        const auto slot = static_cast<std::size_t>(use.input);
        static const Tensor kAbsent;
        return slot < inputs.size() && inputs[slot].valid() ? m_graph.value(inputs[slot]).constant : kAbsent;
    }
    const graph::Graph& graph() const { return m_graph; }

private:
    const graph::Graph& m_graph;
    const std::map<graph::Use, Tensor>* m_changed;
};

} // namespace qs::quant
