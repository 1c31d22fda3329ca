#pragma once

#include "core/quant/estimator.h"
#include "core/quant/level_grids.h"
#include "core/quant/quantizers.h"

#include <functional>

namespace qs::quant {

// OPT-m of MPTQ-ViT (AutoScale of AMP-ViT): the ratio 2^m of the two steps of a region quantizer is chosen from data,
// again for every bit width. Reconstructed: the abstract says that the ratio is searched, the formulas are ours,
// after its predecessors PTQ4ViT (sign split) and TSPTQ-ViT (magnitude split).

/// Where the two regions lie. k bits, H = 2^(k-1); s is the small step, 2^m s the large one.
enum class RegionLayout {
    Sign,       ///< x >= 0: 2^m s · {0 .. H-1};  x < 0: s · {-H .. 0}
    Magnitude,  ///< h = 2^(k-2): s · {-h .. h-1} near 0, 2^m s · {-h .. h-1} beyond
    Asymmetric, ///< s · {-z .. H-1-z} from the smallest value up, z = rne(-low / s); above it H multiples of 2^m s
};

constexpr int kLargestShift = 8;  ///< m = 0..8
constexpr int kSearchSteps = 100; ///< steps of 1/100, 2/100, .. of the one that reaches the largest value

/// The quantizer of a layout whose levels reach to `part` (in (0, 1]) of the range seen: of its larger end (sign,
/// magnitude), of its upper end (asymmetric; the lower end stays, since the values there are many).
/// Between the regions no gap is larger than the large step, and every value goes to its nearest level, so that no
/// code is spent twice. bits: 2..8, for Magnitude 3..8.
RegionGrid regionGrid(RegionLayout layout, const Range& seen, int bits, int shift, double part);

/// All candidates (shift, step), 0 <= shift < shifts, 1 <= step <= steps, and the best one.
///   Objective::InputError   the exact argmin of the expected squared error on the histogram; of equal ones the first
///   Objective::OutputError  (with input.output) by the output error of the sample rows, about 40 candidates of them:
///                           every 8th step near the best one of each shift on the histogram, where that is at most
///                           twice the best of all; then ±4, ±2, ±1 steps around the best found.
struct RegionCandidates {
    int shifts = kLargestShift + 1;
    int steps = kSearchSteps;
    std::function<RegionGrid(int shift, int step)> grid;
};
RegionGrid searchRegions(const QuantizerInput& input, const RegionCandidates& candidates);

/// What a region quantizer's resolve returns.
ActivationNumbers numbersOf(const RegionGrid& grid, const stats::Histogram& histogram);

/// InvalidArgument where the settings ask for a grid per channel, which only uniform quantizers have.
Result<void> expectPerTensor(const SiteSettings& settings, std::string_view title);

} // namespace qs::quant
