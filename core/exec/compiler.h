#pragma once

#include "core/exec/fuse.h"
#include "core/exec/memory.h"
#include "core/exec/narrow.h"
#include "core/exec/program.h"
#include "core/exec/step.h"
#include "core/exec/weight_cache.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace qs::exec {

/// Turns a graph, its sites and a simulation into steps over buffers that have no place in memory yet.
class Compiler {
public:
    Compiler(const graph::Graph& graph, const graph::SiteTable& sites, const Simulation& simulation,
             const Program::Options& options, WeightCache& weights);

    Result<void> compile();

    std::vector<std::unique_ptr<Step>> steps;
    std::vector<Buffer> buffers;
    Operand output;
    std::size_t weightBytes = 0;
    /// By SiteId: no step before this one changes when the site's map or weight does.
    std::vector<std::size_t> stepOfSite;

private:
    Result<void> check() const;
    Result<void> checkNode(const graph::Node& node, NodeId id) const;
    bool pinned(TensorId tensor) const;
    const ElementMap* mapOf(SiteId site) const;

    // Operands
    std::optional<Tensor> constantAt(graph::Use use) const;
    Operand read(graph::Use use);
    Operand readWhole(graph::Use use);
    Shape shapeOf(TensorId tensor) const; ///< 1 along the axis of which one index is computed
    Operand contiguous(const Operand& operand);
    Operand makeBuffer(DType type, const Shape& shape);
    Operand makeBuffer(DType type, const Shape& shape, const Shape& strides);
    std::optional<Shape> preferredStrides(TensorId tensor, int depth = 0) const;
    void define(TensorId tensor, Operand operand);
    void publish(TensorId tensor);
    void findStepsOfSites(const std::vector<std::size_t>& stepOfNode);

    // Steps
    void emitPlain(NodeId id);
    bool emitView(NodeId id);
    void emitGeneric(NodeId id);
    void emitChain(const Chain& chain);
    void emitLinear(const Chain& chain);
    void emitConv(const Chain& chain);
    void emitTransposed(const Chain& chain);
    void emitMatMul(const Chain& chain);
    Operand rows(const Operand& operand);
    Operand biasOf(NodeId root);
    Operand scaled(NodeId scale, NodeId root, int input);

    const graph::Graph& m_graph;
    const graph::SiteTable& m_sites;
    const Simulation& m_simulation;
    const Switches m_switches;
    WeightCache& m_weights;
    std::vector<bool> m_observed;                ///< by SiteId
    std::vector<std::vector<SiteId>> m_sitesOf;  ///< by TensorId: activation sites with something to do
    std::vector<Operand> m_values;               ///< by TensorId
    std::vector<std::size_t> m_defined;          ///< by TensorId: steps that there were when it was defined
    std::vector<std::optional<Narrow>> m_narrow; ///< by TensorId
    std::map<std::pair<TensorId, SiteId>, Operand> m_mapped;
    std::vector<std::pair<Operand, Operand>> m_copies; ///< strided operands and their contiguous copies
};

} // namespace qs::exec
