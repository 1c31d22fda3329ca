// Based on: RepQ-ViT, scale reparameterization of LayerNorm activations (arXiv 2212.08254).
// Deviations: see the header.
#include "core/quant/reparameterize.h"
#include "core/quant/grid_error.h"

#include "core/quant/estimator.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace qs::quant {

namespace {

constexpr double kFloor = 0.02;          ///< of the median
constexpr double kLargestZero = 1 << 30; ///< of zero points in expected errors

stats::Histogram histogramOf(const stats::LaneHistograms& lanes, std::size_t lane, int64_t moved = 0)
{
    const auto counts = lanes.counts(lane);
    const stats::BinWindow& window = lanes.windows()[lane];
    return stats::Histogram::fromParts(window.exponent, window.first - moved, {counts.begin(), counts.end()});
}

int64_t zeroPointOf(double low, double scale)
{
    return std::llrint(-low / scale);
}

/// The percentile range whose grid, with a zero point that need not be a code, has the smallest expected error.
Range percentileRange(const Estimator& estimator, const stats::Histogram& histogram, const Range& extremes, int bits)
{
    const int codes = (1 << bits) - 1;
    Range best = extremes;
    double smallest = std::numeric_limits<double>::infinity();
    for (const double p : estimator.percentiles) {
        const Range range{std::clamp(histogram.quantile(1 - p), extremes.low, extremes.high),
                          std::clamp(histogram.quantile(p), extremes.low, extremes.high)};
        const double scale = (range.high - range.low) / codes;
        if (scale <= 0)
            continue;
        const double zero = std::clamp(std::nearbyint(-range.low / scale), -kLargestZero, kLargestZero);
        const double error = expectedError(histogram, {scale, static_cast<int>(zero), 0, codes}).total();
        if (error < smallest) {
            smallest = error;
            best = range;
        }
    }
    return best;
}

/// Range of a channel, which need not contain 0.
Result<Range> channelRange(const stats::SiteStatistics& statistics, std::size_t channel, const SiteSettings& settings)
{
    const Range extremes{statistics.minimum[channel], statistics.maximum[channel]};
    const Estimator& estimator = settings.estimator;
    if (estimator.kind == EstimatorKind::MinMax || estimator.kind == EstimatorKind::MinMaxHalf ||
        extremes.low >= extremes.high)
        return extremes;
    const stats::LaneHistograms& lanes = statistics.lanes;
    if (estimator.kind == EstimatorKind::Percentile)
        return percentileRange(estimator, histogramOf(lanes, channel), extremes, settings.bits);
    // The other estimators choose ranges that contain 0: in the middle of the values it is no restriction.
    const double width = lanes.width(channel);
    const auto middle = std::llrint((extremes.low + extremes.high) / 2 / width);
    const double centre = static_cast<double>(middle) * width;
    QS_ASSIGN(const Range range, estimateRange(estimator, histogramOf(lanes, channel, middle), extremes.low - centre,
                                               extremes.high - centre, settings.bits, Scheme::Asymmetric));
    return Range{range.low + centre, range.high + centre};
}

double median(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

Result<void> checkSettings(const stats::SiteStatistics& statistics, const SiteSettings& settings)
{
    if (settings.estimator.kind == EstimatorKind::Manual)
        return fail(ErrorCode::InvalidArgument, "reparameterization chooses the ranges of channels itself");
    if (!settings.isUniform() || settings.granularity != Granularity::Tensor)
        return fail(ErrorCode::InvalidArgument,
                    "reparameterization makes the grid of a uniform quantizer with one scale for all channels");
    if (statistics.lanes.empty() || statistics.lanes.lanes() != statistics.minimum.size())
        return fail(ErrorCode::InvalidArgument, "the calibration has no histograms of the channels");
    return {};
}

} // namespace

Result<Reparameterization> reparameterize(const stats::SiteStatistics& statistics, const SiteSettings& settings)
{
    QS_CHECK(checkSettings(statistics, settings));
    const std::size_t channels = statistics.minimum.size();
    const bool symmetric = settings.scheme == Scheme::Symmetric;
    Reparameterization result;
    std::vector<double> lows;
    for (std::size_t c = 0; c < channels; ++c) {
        Range range;
        if (symmetric) {
            QS_ASSIGN(range,
                      estimateRange(settings.estimator, histogramOf(statistics.lanes, c), statistics.minimum[c],
                                    statistics.maximum[c], settings.bits, Scheme::Symmetric));
            const double largest = std::max(std::abs(range.low), std::abs(range.high));
            result.scale.push_back(largest / ((1 << (settings.bits - 1)) - 1));
        } else {
            QS_ASSIGN(range, channelRange(statistics, c, settings));
            result.scale.push_back((range.high - range.low) / ((1 << settings.bits) - 1));
        }
        lows.push_back(range.low);
    }
    const double floor = kFloor * median(result.scale);
    if (!(floor > 0))
        return fail(ErrorCode::InvalidArgument, "most of its channels are constant");

    double scales = 0;
    double zeros = 0;
    double live = 0;
    for (std::size_t c = 0; c < channels; ++c) {
        const bool dead = result.scale[c] < floor;
        result.scale[c] = std::max(result.scale[c], floor);
        result.zeroPoint.push_back(symmetric ? 0 : zeroPointOf(lows[c], result.scale[c]));
        if (dead)
            continue;
        scales += result.scale[c];
        zeros += static_cast<double>(result.zeroPoint[c]);
        live += 1;
    }
    const auto common = static_cast<float>(scales / live);
    result.grid = uniformGrid(-1, 1, settings.bits, settings.scheme); // its codes
    const auto zero =
        static_cast<int32_t>(std::clamp<double>(std::nearbyint(zeros / live), result.grid.qmin, result.grid.qmax));
    result.grid.scale = {common};
    result.grid.zeroPoint = {zero};
    for (std::size_t c = 0; c < channels; ++c) {
        result.transform.scale.push_back(static_cast<float>(result.scale[c] / common));
        result.transform.shift.push_back(
            static_cast<float>(static_cast<double>(zero - result.zeroPoint[c]) * result.scale[c]));
    }
    return result;
}

} // namespace qs::quant
