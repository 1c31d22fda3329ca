#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace qs::quant {

// Ranges that belong together (EstimatorKind::Search with an objective of the output): which sites form a layer, and
// the plans that the search of a layer gives. Sites of no such layer (convolutions with a window, weights or
// activations that nothing is known about) keep what the estimator gives them by themselves, by squared error.

/// An operator, or the linear layers that read one activation.
struct SearchedLayer {
    SiteId left;                                   ///< activation: input of linear layers, or left operand
    SiteId right;                                  ///< right operand of a product; else invalid
    std::vector<NodeId> readers;                   ///< linear layers
    const stats::ProductSample* product = nullptr; ///< of a product
    NodeId node;                                   ///< that multiplies, of a product
    std::vector<SiteId> members;                   ///< all sites of the layer
    std::vector<SiteId> searched;                  ///< those whose range is found here
};

/// What layers are made of.
struct LayerInputs {
    const FloatConstants& constants; ///< after smoothing
    const graph::SiteTable& sites;
    std::span<const SiteSettings> settings; ///< by SiteId
    const stats::Calibration& calibration;
    /// Statistics after smoothing; whether a smoothing changes the site's values.
    std::function<const stats::SiteStatistics*(SiteId)> statistics;
    std::function<bool(SiteId)> smoothed;
};

/// The layers with something to search, in the order of execution. Products with a smoothed operand are left out:
/// their samples are of the network without.
std::vector<SearchedLayer> searchedLayers(const LayerInputs& inputs);

/// Plans of the layer's searched sites. `plans`, by SiteId: what the other members are. Weights first, then the
/// activation; left before right operand of a product. Errors: Cancelled; InvalidArgument with the site's name.
Result<std::vector<std::pair<SiteId, SitePlan>>> resolveLayer(const LayerInputs& inputs, const SearchedLayer& layer,
                                                              std::span<const std::shared_ptr<const SitePlan>> plans,
                                                              const Context& context);

} // namespace qs::quant
