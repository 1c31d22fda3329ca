#pragma once

#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/smoothing.h"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace qs::quant {

/// What happens to the lanes of every activation: its own smoothing, or the transform of the projection that was
/// folded into V; null where nothing does. All by SiteId, null where there is none; transforms are smoothing and
/// noise.
std::vector<std::shared_ptr<const ChannelTransform>>
lanesOf(std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
        std::span<const std::shared_ptr<const SmoothingPlan>> transforms);
/// The transform of V's lanes that one of the projection's channels means there.
ChannelTransform onValueLanes(const FoldTarget& target, const ChannelTransform& transform);

/// Everything that reads X̂ through its weights, and everything that makes it: γ̂ and β̂ of LayerNormalizations, Ŵ and ĉ
/// of linear layers (a bias is made where there is none), by the input that reads them. Products in double.
/// `smoothings`: by SiteId, null where there is none. `only`: of these nodes alone.
std::map<graph::Use, Tensor> smoothedConstants(const graph::Network& network,
                                               std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
                                               const std::set<NodeId>& only);
/// The smoothings that change constants of each node.
std::map<NodeId, std::vector<const SmoothingPlan*>>
nodesChanged(const graph::SiteTable& sites, std::span<const std::shared_ptr<const SmoothingPlan>> smoothings);

/// (x - shift) / scale, then `inner` where there is one: smoothing that could not be folded.
std::shared_ptr<const exec::ElementMap> makeSmoothingMap(const ChannelTransform& transform,
                                                         std::shared_ptr<const exec::ElementMap> inner);

} // namespace qs::quant
