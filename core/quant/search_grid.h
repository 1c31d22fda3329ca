#pragma once

#include "core/base/error.h"
#include "core/quant/estimator.h"
#include "core/quant/recipe.h"

#include <vector>

namespace qs::quant {

/// InvalidArgument: 0 < low < high <= 1000, 1 to 1000 candidates, 1 to 10 rounds.
Result<void> checkGrid(const SearchGrid& grid);

/// The factors of a grid in order, see SearchGrid.
std::vector<double> searchFactors(const SearchGrid& grid);

/// Ranges of the candidates: first that of Δ0, then one for each factor. `seen` is widened to contain 0, but where an
/// asymmetric grid may leave it out (ZeroPoint::Wide); it then grows and shrinks around its middle m.
///   symmetric:  Δ0 = max|x| / (2^(bits-1) - 0.5), range ±(2^(bits-1) - 1) · factor · Δ0
///   asymmetric: factor · [low, high], without 0: m + factor · [low - m, high - m]
std::vector<Range> searchRanges(const SearchGrid& grid, const Range& seen, int bits, Scheme scheme,
                                ZeroPoint zeroPoint = ZeroPoint::ZeroInRange);

} // namespace qs::quant
