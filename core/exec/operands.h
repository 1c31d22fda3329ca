#pragma once

#include "core/exec/integers.h"
#include "core/exec/memory.h"
#include "core/exec/narrow.h"
#include "core/exec/program.h"
#include "core/exec/step.h"
#include "core/graph/network.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace qs::exec {

/// The values of a graph while it becomes steps: where each is, what its sites make of it, and the steps and buffers
/// that there are so far. Steps are appended in the order in which they will run.
class Operands {
public:
    Operands(const graph::Network& network, const Simulation& simulation, const Program::Options& options,
             WeightCache& weights);

    /// What a use reads: a constant (of the simulation, or of the graph), or the value; mapped where the use belongs
    /// to a site with a map, and, where the node computes only one index along an axis, that index of it. Absent
    /// where the node has no such input.
    Operand read(graph::Use use);
    std::optional<Tensor> constantAt(graph::Use use) const;
    /// The codes that an integer product reads (Integers::readsCodes), UInt8.
    Operand readCodes(graph::Use use);
    const Integers& integers() const { return m_integers; }
    /// The grid of the one site of a value that nothing but integer products read: the value may be written as codes.
    std::optional<kernels::QuantGrid> codesAlone(TensorId tensor) const;
    /// `operand` holds the codes of such a value, written by the last step.
    void defineCodes(TensorId tensor, Operand operand);
    /// The same elements side by side: itself, or one copy for all who ask.
    Operand contiguous(const Operand& operand);
    /// What the graph's output `tensor` is, side by side: mapped by its site, where it has one without readers.
    Operand resultOf(TensorId tensor);

    Shape shapeOf(TensorId tensor) const; ///< 1 along the axis of which one index is computed
    /// Strides for `tensor` under which the transposition that reads it leaves contiguous memory.
    std::optional<Shape> preferredStrides(TensorId tensor, int depth = 0) const;
    Operand makeBuffer(DType type, const Shape& shape);
    Operand makeBuffer(DType type, const Shape& shape, const Shape& strides);

    void add(std::unique_ptr<Step> step) { m_steps.push_back(std::move(step)); }
    /// `operand` is the value of `tensor` from here on; what its sites observe and map follows at once.
    void define(TensorId tensor, Operand operand);
    /// Tensors of which one index along an axis is computed, by TensorId.
    void setNarrow(std::vector<std::optional<Narrow>> narrow) { m_narrow = std::move(narrow); }
    const std::optional<Narrow>& narrowOf(TensorId tensor) const { return m_narrow[tensor.index()]; }

    /// Activation sites of the tensor with something to do.
    const std::vector<SiteId>& sitesOf(TensorId tensor) const { return m_sitesOf[tensor.index()]; }
    /// Whether the value itself is asked for, so that nothing may be fused over it.
    bool pinned(TensorId tensor) const;
    /// Steps that there were when the tensor was defined.
    std::size_t definedAt(TensorId tensor) const { return m_defined[tensor.index()]; }
    std::size_t stepCount() const { return m_steps.size(); }
    std::vector<std::unique_ptr<Step>> takeSteps() { return std::move(m_steps); }
    std::vector<Buffer> takeBuffers() { return std::move(m_buffers); }

private:
    const ElementMap* mapOf(SiteId site) const;
    Operand readWhole(graph::Use use);
    Operand narrowed(graph::Use use, Operand operand) const;
    void publishCodes(const graph::Site& site);
    void publish(TensorId tensor);

    graph::Network m_network;
    const Simulation& m_simulation;
    const Switches m_switches;
    const Integers m_integers;
    std::vector<std::unique_ptr<Step>> m_steps;
    std::vector<Buffer> m_buffers;
    std::vector<bool> m_observed;                ///< by SiteId
    std::vector<std::vector<SiteId>> m_sitesOf;  ///< by TensorId: activation sites with something to do
    std::vector<Operand> m_values;               ///< by TensorId
    std::vector<std::size_t> m_defined;          ///< by TensorId
    std::vector<std::optional<Narrow>> m_narrow; ///< by TensorId
    std::map<std::pair<TensorId, SiteId>, Operand> m_mapped;
    std::map<SiteId, Operand> m_codes;                 ///< of sites that integer products read
    std::vector<std::pair<Operand, Operand>> m_copies; ///< strided operands and their contiguous copies
};

} // namespace qs::exec
