#pragma once

#include "core/exec/dense_compiler.h"
#include "core/exec/memory.h"
#include "core/exec/operands.h"
#include "core/exec/program.h"
#include "core/exec/step.h"
#include "core/exec/weight_cache.h"
#include "core/graph/network.h"

#include <memory>
#include <vector>

namespace qs::exec {

/// Steps over buffers that have no place in memory yet.
struct Compiled {
    std::vector<std::unique_ptr<Step>> steps;
    std::vector<Buffer> buffers;
    std::vector<Operand> outputs; ///< of the graph, in its order
    std::size_t weightBytes = 0;
    /// By SiteId: no step before this one changes when the site's map or weight does.
    std::vector<std::size_t> stepOfSite;
};

/// Turns a graph, its sites and a simulation into steps: checks them, fuses, and emits node by node (dense ones in
/// DenseCompiler). Compiles once.
class Compiler {
public:
    Compiler(const graph::Network& network, const Simulation& simulation, const Program::Options& options,
             WeightCache& weights)
        : m_network(network), m_simulation(simulation), m_switches(options.switches),
          m_operands(network, simulation, options, weights), m_dense(network.graph, m_operands, weights)
    {
    }

    Result<Compiled> compile();

private:
    Result<void> check() const;
    Result<void> checkNode(const graph::Node& node, NodeId id) const;
    void emitPlain(NodeId id);
    bool emitView(NodeId id);
    void emitGeneric(NodeId id);
    std::vector<std::size_t> stepsOfSites(const std::vector<std::size_t>& stepOfNode) const;

    graph::Network m_network;
    const Simulation& m_simulation;
    const Switches m_switches;
    Operands m_operands;
    DenseCompiler m_dense;
};

} // namespace qs::exec
