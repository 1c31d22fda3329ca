#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/search/hybrid_units.h"

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace qs::search {

/// What a quantizer makes of one site.
struct SiteOperand {
    std::shared_ptr<const exec::ElementMap> map; ///< activations; null: float
    Tensor weight;                               ///< weights; empty: float
};

/// Values of one run of the float network that a unit needs.
struct UnitRun {
    std::vector<Tensor> inputs;     ///< by HybridUnit::inputs
    std::vector<Tensor> outputs;    ///< O, by HybridUnit::outputs
    std::vector<Tensor> importance; ///< (∂L/∂O)², by HybridUnit::outputs; empty: 1
};

/// E of a unit, with one of its sites exchanged at a time. What does not depend on that site is computed once.
class UnitError {
public:
    /// Everything is referred to. `operands`: by SiteId, of all sites that readers in the unit have; constants
    /// without a site are those of the graph.
    UnitError(const graph::Network& network, const HybridUnit& unit, std::span<const UnitRun> runs,
              const std::map<SiteId, SiteOperand>& operands);

    /// Prepares the other sites as `operands` has them now. Errors: an operator's, naming it.
    Result<void> choose(SiteId site, const Context& context = {});
    /// E of one run, or the sum over all, with the chosen site as `operand`. May be called by several threads at
    /// once.
    Result<double> error(const SiteOperand& operand, std::size_t run) const;
    Result<double> error(const SiteOperand& operand) const;
    std::size_t runs() const { return m_runs.size(); }

private:
    struct Prepared {
        std::map<TensorId, Tensor> values;     ///< known without the site
        std::map<graph::Use, Tensor> operands; ///< quantized, likewise
    };
    Tensor quantized(SiteId site, const SiteOperand& operand, const Tensor& value) const;
    Result<Tensor> input(graph::Use use, const std::map<TensorId, Tensor>& values) const;
    Result<Prepared> prepare(const UnitRun& run) const;
    Result<double> errorOf(const UnitRun& run, const Prepared& prepared, const SiteOperand& operand) const;

    graph::Network m_network;
    const HybridUnit& m_unit;
    std::span<const UnitRun> m_runs;
    const std::map<SiteId, SiteOperand>& m_operands;
    SiteId m_site;
    std::vector<bool> m_depends; ///< by node of the unit: on the chosen site
    std::vector<Prepared> m_prepared;
};

} // namespace qs::search
