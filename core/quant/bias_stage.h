#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/bias_correction.h"
#include "core/quant/plan.h"
#include "core/quant/smoothing_stage.h"

#include <map>

namespace qs::quant {

/// The step of a Plan that comes after all sites: biases as quantization changes them (bias correction, noise taken
/// off again), then as 32-bit integers on the scales of input times weight wherever a layer runs in integers. A bias
/// that would overflow raises the scales of its weight (SitePlan::raisedForBias), which may change biases again.
/// What belongs to unchanged sites is taken over from the previous plan, with its storage.
class BiasStage {
public:
    /// `smoothing` must have run before run() is called; `previous` may be null.
    BiasStage(const graph::Network& network, SmoothingStage& smoothing, const Plan* previous);

    /// Fills plan.biases; may replace sites of plan.sites. Errors: Cancelled.
    Result<void> run(Plan& plan, const Context& context);
    /// Constants of the smoothed network with the changed biases.
    const std::map<graph::Use, Tensor>& constants() const { return m_constants; }
    /// Puts the integer biases, as floats, into plan.simulation.constants.
    void simulate(Plan& plan) const;

private:
    bool raise(Plan& plan, const std::vector<BiasChange>& changes);
    void raiseScales(Plan& plan, SiteId weight, std::vector<float> scales) const;
    void change(const Plan& plan, const BiasChange& change);
    bool keeps(const Plan& plan, NodeId node) const;

    graph::Network m_network;
    SmoothingStage& m_smoothing;
    const Plan* m_previous;
    std::map<graph::Use, Tensor> m_constants;
};

/// The activation site that enters a weight's first reader; may be invalid.
SiteId inputOf(const graph::SiteTable& sites, const graph::Site& weight);

} // namespace qs::quant
