#pragma once

#include "core/graph/sites.h"
#include "core/kernels/statistics.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qs::stats {

/// Masks: -inf before a softmax (an attention mask that is added, or chosen by Where) says that a place does not
/// count. Sites of the roles SoftmaxInput and ResidualSum (masks added to masks) may hold it; it is left out of
/// extremes, moments and histograms, and in sample rows the smallest number of the run stands for it. A channel that
/// holds nothing else has the extremes and mean 0.
bool mayHoldMasks(const graph::Site& site);

/// The values of a run of a site where -inf means "masked" (see mayHoldMasks()).
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
