#pragma once

#include "core/graph/sites.h"
#include "core/kernels/statistics.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qs::stats {

/// The values of a run of a site where -inf means "masked" (see mayHoldMasks() in calibration.h).
struct Unmasked {
    std::vector<float> numbers;   ///< those that are not masked, in order
    std::vector<float> filled;    ///< all, [layout]; masked ones: the smallest number, 0 where there is none
    std::vector<uint64_t> masked; ///< how many, by channel
};

/// Takes data [layout] apart; `moments` (of all channels) become those of the numbers alone. Nothing, and moments as
/// they were, where a value is NaN or +inf.
std::optional<Unmasked> unmasked(std::span<const float> data, const graph::ChannelLayout& layout,
                                 const kernels::ChannelMoments& moments);

} // namespace qs::stats
