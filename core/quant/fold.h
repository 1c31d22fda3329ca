#pragma once

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/graph/network.h"

#include <cstdint>
#include <string>
#include <vector>

namespace qs::quant {

/// Where a transform goes so that the float network does not change.
enum class FoldPlace {
    LayerNorm, ///< γ̂ = γ / s, β̂ = (β - b) / s of the LayerNormalization or BatchNormalization that makes the value
    Value,    ///< columns of V's projection and its bias: the rows of a softmax add up to 1
    Explicit, ///< an operation of its own before the quantizer
};

/// What was found out about a site once, from structure.
struct FoldTarget {
    FoldPlace place = FoldPlace::Explicit;
    NodeId producer;              ///< the normalization, or the Linear that makes V
    std::vector<int64_t> columns; ///< Value: output column of the producer for each channel of the site
    std::vector<int64_t> lanes;   ///< Value: lane of V's site (head · dimensions + dimension) for each channel
    SiteId value;                 ///< Value: the site of V on its way into A·V
    std::string reason;           ///< Explicit: why it cannot be folded
};
/// Errors: InvalidArgument (something else than linear layers with weights of their own reads the site), naming it.
Result<FoldTarget> findFold(const graph::Network& network, const graph::Site& site);

} // namespace qs::quant
