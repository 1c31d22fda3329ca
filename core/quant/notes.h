#pragma once

#include "core/graph/sites.h"
#include "core/quant/estimator.h"
#include "core/quant/guard.h"
#include "core/quant/settings.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

namespace qs::quant {

// What is worth knowing of a site before it is quantized, as numbers; whoever shows it finds the words.
// Source: Q-HyViT (arXiv 2303.12557), challenges C1 and C2.

/// Asymmetric, a range without 0 (of the tensor, or of channels where these have scales of their own): the zero point
/// rne(-low / s) of the plain rule is not a code.
struct ZeroPointOverflow {
    Range range;                 ///< of the channel that misses the codes by most; of the tensor
    double zeroPoint = 0;        ///< of the plain rule
    std::size_t channel = 0;     ///< of channels
    std::size_t overflowing = 0; ///< channels; 0: it is the tensor
    /// How many times as large the step is once the range contains 0.
    double widening() const;
};

/// Channels that have fewer levels than this with one scale for all are counted as starved.
constexpr double kFewLevels = 8;
/// A site is said to be highly dynamic where at least this share of its channels is starved.
constexpr double kStarvedShare = 0.25;

/// One scale for all channels, kStarvedShare of which span fewer than kFewLevels levels.
struct StarvedChannels {
    std::size_t starved = 0;
    std::size_t used = 0;    ///< channels with more than one value
    double dynamicRange = 1; ///< ZeroPointReport::dynamicRange
};

/// The guard took min-max in place of the recipe's choice.
struct GuardTook {
    double times = 1; ///< the choice's error over that of min-max
};

using SiteNote = std::variant<GuardTook, ZeroPointOverflow, StarvedChannels>;

/// Overflow and starved channels of an activation under its settings. None in float, for other levels than uniform
/// ones, and where smoothing makes other channels of them.
std::vector<SiteNote> notesOf(const SiteSettings& settings, const stats::SiteStatistics& statistics);
/// With what the guard did, also of weights. `statistics` and `guard` may be null. The channels of softmax outputs
/// are tokens, which have no scales: they are never said to be starved.
std::vector<SiteNote> notesOf(const graph::Site& site, const SiteSettings& settings,
                              const stats::SiteStatistics* statistics, const GuardReport* guard);

} // namespace qs::quant
