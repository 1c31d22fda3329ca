#pragma once

#include "core/graph/network.h"

#include <functional>
#include <vector>

namespace qs::search {

/// Operators whose quantizers Q-HyViT's search judges by the same outputs:
///   a bridge block (graph/bridges.h): all its operators, by the block's output;
///   elsewhere an operator, or several that read the same site, by their own outputs.
struct HybridUnit {
    std::vector<NodeId> nodes;     ///< in order
    std::vector<TensorId> inputs;  ///< values that they read and none of them computes, no constants
    std::vector<TensorId> outputs; ///< where the error is measured
    std::vector<SiteId> sites; ///< to be searched, in the order of execution: an operator's input, then its weight
    std::vector<int> bridges;  ///< numbers of bridge blocks; more than one where these share a site
};

/// All units with something to search; every site for which `searched` holds and that has readers is in exactly one.
std::vector<HybridUnit> hybridUnits(const graph::Network& network,
                                    const std::function<bool(const graph::Site&)>& searched);

} // namespace qs::search
