#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/integers.h"
#include "core/exec/program.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string_view>
#include <vector>

namespace qs::exec {

/// The second opinion inside: runs a graph node by node, one buffer a value, nothing fused, nothing shared, no views,
/// one thread; operators by core/exec/reference (plain loops, sums in double). Slow (DeiT-Tiny: seconds an image),
/// and shares with Program neither compiler nor memory planner nor kernels; only ElementMap (what a quantizer does)
/// and those operators that have no plain form are the same code.
class Interpreter {
public:
    /// Keeps what it needs. Errors: those of Program::compile for the same graph, as they turn up in run.
    /// `integers`: products whose operands have codes add integers, as Execution::Integer does (reference/
    /// integer_product.h).
    Interpreter(const graph::Network& network, const Simulation& simulation, bool integers = false);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    /// Sees every value as soon as it exists (before any quantizer), and may change it: what reads it sees that.
    using Sink = std::function<void(TensorId, Tensor&)>;
    /// input: the graph's input, one run. Returns rows of all outputs, [batch, elements] (see
    /// graph::outputLayout), behind their quantizers where they have one.
    /// Errors: the operator's, with the node's name in `where`; Cancelled; OutOfMemory.
    Result<Tensor> run(const Tensor& input, const std::stop_token& stop = {}, const Sink& sink = {}) const;

    /// Operators of the graph that have no plain form: computed by OpDef::compute on contiguous memory.
    std::set<std::string_view> borrowed() const;

private:
    Result<std::vector<Tensor>> compute(const graph::Node& node, NodeId id, const std::vector<Tensor>& inputs) const;
    Tensor mapped(SiteId site, const Tensor& value) const;

    graph::Network m_network;
    Simulation m_simulation;
    Integers m_integers;
};

} // namespace qs::exec
