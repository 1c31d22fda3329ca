#include "core/quant/smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace qs::quant {

namespace {

constexpr double kSmallestScale = 1e-5;

/// Histogram of all lanes after the transform. Each bin of a lane is shared out evenly over the new bins it covers,
/// in whole counts whose rest is carried along, so that the total stays the same.
stats::Histogram mixed(const stats::LaneHistograms& lanes, const ChannelTransform& transform, double low, double high)
{
    constexpr auto kBins = static_cast<int64_t>(stats::Histogram::kBins);
    const stats::BinWindow window = stats::BinWindow::of(low, high, kBins);
    const double width = std::ldexp(1.0, window.exponent);
    const double origin = static_cast<double>(window.first) * width;
    const auto used = static_cast<std::size_t>(window.last - window.first + 1);
    std::vector<double> mass(used, 0.0);
    for (std::size_t lane = 0; lane < lanes.lanes(); ++lane) {
        const auto counts = lanes.counts(lane);
        const double step = lanes.width(lane) / transform.scale[lane] / width; // of the new bins
        const double start = ((lanes.low(lane) - transform.shift[lane]) / transform.scale[lane] - origin) / width;
        for (std::size_t bin = 0; bin < counts.size(); ++bin) {
            if (counts[bin] == 0)
                continue;
            // The extremes are exact, the outermost bins reach beyond them.
            const double top = static_cast<double>(used);
            const double from = std::clamp(start + static_cast<double>(bin) * step, 0.0, top);
            const double to = std::clamp(from + step, from, top);
            const auto first = std::min(static_cast<std::size_t>(from), used - 1);
            const auto last = std::min(static_cast<std::size_t>(to), used - 1);
            if (first == last || to - from <= 0) {
                mass[first] += counts[bin];
                continue;
            }
            const double density = counts[bin] / (to - from);
            mass[first] += density * (static_cast<double>(first + 1) - from);
            for (std::size_t i = first + 1; i < last; ++i)
                mass[i] += density;
            mass[last] += density * (to - static_cast<double>(last));
        }
    }
    std::vector<uint64_t> counts(used, 0);
    double sum = 0;
    uint64_t given = 0;
    for (std::size_t i = 0; i < used; ++i) {
        sum += mass[i];
        const auto upTo = static_cast<uint64_t>(std::llround(sum));
        counts[i] = upTo > given ? upTo - given : 0;
        given = std::max(given, upTo);
    }
    // The extremes lie in the outermost bins, whatever was rounded away.
    counts.front() = std::max<uint64_t>(counts.front(), 1);
    counts.back() = std::max<uint64_t>(counts.back(), 1);
    return stats::Histogram::fromParts(window.exponent, window.first, std::move(counts));
}

} // namespace

ChannelTransform channelTransform(SmoothingKind kind, double alpha, std::span<const float> low,
                                  std::span<const float> high, std::span<const float> weightMaxima)
{
    ChannelTransform transform{std::vector<float>(low.size(), 0.0F), std::vector<float>(low.size(), 1.0F)};
    const bool shifts = kind == SmoothingKind::Shift || kind == SmoothingKind::ShiftScale;
    const bool scales = kind == SmoothingKind::Scale || kind == SmoothingKind::ShiftScale;
    for (std::size_t j = 0; j < low.size(); ++j) {
        if (shifts)
            transform.shift[j] = static_cast<float>((static_cast<double>(low[j]) + high[j]) / 2);
        const double range = std::max<double>(static_cast<double>(high[j]) - transform.shift[j],
                                              static_cast<double>(transform.shift[j]) - low[j]);
        if (scales && range > 0 && weightMaxima[j] > 0)
            transform.scale[j] = static_cast<float>(std::max(
                kSmallestScale, std::pow(range, alpha) / std::pow(static_cast<double>(weightMaxima[j]), 1 - alpha)));
    }
    return transform;
}

bool sameSmoothing(const SiteSettings& a, const SiteSettings& b)
{
    if (a.smoothing != b.smoothing)
        return false;
    return a.smoothing.kind != SmoothingKind::Reparameterize ||
           (a.bits == b.bits && a.scheme == b.scheme && a.granularity == b.granularity &&
            a.quantizer == b.quantizer && a.estimator == b.estimator);
}

const UniformGrid* gridOf(const SmoothingPlan* smoothing, const SiteSettings& settings)
{
    if (!smoothing || smoothing->grid.scale.empty() || settings.isFloat())
        return nullptr;
    const UniformGrid asked = uniformGrid(0, 1, settings.bits, settings.scheme);
    const bool same = settings.smoothing.kind == SmoothingKind::Reparameterize && settings.isUniform() &&
                      settings.granularity == Granularity::Tensor && asked.qmin == smoothing->grid.qmin &&
                      asked.qmax == smoothing->grid.qmax;
    return same ? &smoothing->grid : nullptr;
}

stats::SiteStatistics transformed(const stats::SiteStatistics& statistics, const ChannelTransform& transform)
{
    stats::SiteStatistics result = statistics;
    const stats::LaneHistograms& lanes = statistics.lanes;
    if (statistics.minimum.size() == transform.scale.size()) {
        for (std::size_t c = 0; c < transform.scale.size(); ++c) {
            result.minimum[c] = transform.apply(statistics.minimum[c], c);
            result.maximum[c] = transform.apply(statistics.maximum[c], c);
            result.mean[c] = (statistics.mean[c] - transform.shift[c]) / transform.scale[c];
            result.variance[c] =
                statistics.variance[c] / (static_cast<double>(transform.scale[c]) * transform.scale[c]);
        }
        if (!statistics.sample.empty()) {
            const std::size_t channels = transform.scale.size();
            result.sample = Tensor(DType::Float32, statistics.sample.shape());
            const auto src = statistics.sample.floats();
            const auto dst = result.sample.mutableData<float>();
            for (std::size_t i = 0; i < src.size(); ++i)
                dst[i] = transform.apply(src[i], i % channels);
        }
    } else {
        // Lanes are not the channels (V: channels are tokens): what is known is common to all channels, and the
        // place of a sampled row in the lanes is not known.
        double low = std::numeric_limits<double>::infinity();
        double high = -low;
        double sum = 0;
        double squares = 0;
        double count = 0;
        for (std::size_t lane = 0; lane < lanes.lanes(); ++lane) {
            const auto counts = lanes.counts(lane);
            const double from = lanes.low(lane);
            const double width = lanes.width(lane);
            low = std::min<double>(low, transform.apply(static_cast<float>(from), lane));
            high = std::max<double>(
                high, transform.apply(static_cast<float>(from + static_cast<double>(counts.size()) * width), lane));
            for (std::size_t bin = 0; bin < counts.size(); ++bin) {
                const double centre = from + (static_cast<double>(bin) + 0.5) * width;
                const double value = (centre - transform.shift[lane]) / transform.scale[lane];
                sum += counts[bin] * value;
                squares += counts[bin] * value * value;
                count += counts[bin];
            }
        }
        const double mean = count > 0 ? sum / count : 0;
        std::ranges::fill(result.minimum, static_cast<float>(low));
        std::ranges::fill(result.maximum, static_cast<float>(high));
        std::ranges::fill(result.mean, mean);
        std::ranges::fill(result.variance, count > 0 ? std::max(0.0, squares / count - mean * mean) : 0);
        result.sample = {};
        result.sampleImage.clear();
    }
    result.histogram = mixed(lanes, transform, result.low(), result.high());
    result.values = result.histogram.total();
    return result;
}

} // namespace qs::quant
