#pragma once

#include "core/base/error.h"
#include "core/quant/recipe.h"
#include "core/stats/histogram.h"

#include <optional>
#include <span>

namespace qs::quant {

struct Range {
    double low = 0;
    double high = 0;
};

/// Range of a site from its histogram and exact extremes, by the estimator of the settings.
///   Percentile: for each p the range [quantile(1 - p), quantile(p)]; the one with the smallest expected squared
///   error of
///               the grid it gives wins. Source: RepQ-ViT (three percentiles, chosen by MSE).
///   Mse:        low and high are shrunk independently (asymmetric) or together (symmetric) over 100 steps each,
///   coarse
///               then fine; expected squared error on the histogram.
///   MinMaxHalf: ± max|x| · q / (q + 1/2), q = 2^(bits-1) - 1 (symmetric).
///   Scaled:     see recipe.h, from the extremes.
///   Entropy:    as TensorRT's entropy calibrator on |x| (symmetric) or on x (asymmetric).
///   Search:     the candidates of the grid, by the expected squared error (joint searches: layer_plan.h).
/// Candidates are scored on the grid that `zeroPoint` makes of them; where that lets a range leave 0 out (Wide),
/// Mse moves its ends to each other, and Search to their middle.
/// Errors: InvalidArgument (a manual range with low > high or NaN; a percentile outside (0.5, 1]).
Result<Range> estimateRange(const Estimator& estimator, const stats::Histogram& histogram, double minimum,
                            double maximum, int bits, Scheme scheme, ZeroPoint zeroPoint = ZeroPoint::ZeroInRange);

/// Range of weights (or of one channel of them) from the values themselves. Same estimators. `importance` (empty: all
/// alike): factors of the squared errors that Percentile and Mse make small; as many as values.
Result<Range> estimateRange(const Estimator& estimator, std::span<const float> values, int bits, Scheme scheme,
                            std::span<const float> importance = {}, ZeroPoint zeroPoint = ZeroPoint::ZeroInRange);

/// The estimator of one channel of `channels`: with its own range where the estimator is Manual and has one a
/// channel. Errors: InvalidArgument (lists of another length).
Result<Estimator> ofChannel(const Estimator& estimator, std::size_t channel, std::size_t channels);

} // namespace qs::quant
