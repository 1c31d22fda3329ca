// Based on: NoisyQuant (arXiv 2211.16056): fixed uniform noise before the quantizer, taken off through the bias.
// Deviations: the search minimises the error of the readers' outputs by default, as the released code does (the
// paper: the quantization error itself); it starts at no noise; 101 ranges, not 2000; no law has an offset but on
// request.
#include "core/quant/noise.h"
#include "core/quant/fold.h"
#include "core/quant/smoothed_network.h"

#include "core/quant/dense.h"
#include "core/quant/output_error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace qs::quant {

namespace {

constexpr int kRangeSteps = 100;
constexpr int kShiftSteps = 50; ///< to either side, over one step of the quantizer

/// splitmix64, from a hash (FNV-1a) of the name and the seed.
class Generator {
public:
    Generator(uint64_t seed, std::string_view name) : m_state(14695981039346656037ULL)
    {
        for (const char letter : name)
            m_state = (m_state ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
        m_state ^= seed * 0x9E3779B97F4A7C15ULL;
    }
    /// In [0, 1), multiples of 2^-53.
    double next()
    {
        uint64_t z = m_state += 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
    }

private:
    uint64_t m_state;
};

class NoiseMap final : public exec::ElementMap {
public:
    NoiseMap(std::vector<float> noise, std::shared_ptr<const exec::ElementMap> inner)
        : m_noise(std::move(noise)), m_inner(std::move(inner))
    {
    }

    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const std::size_t channels = m_noise.size();
        const auto rows = static_cast<std::size_t>(layout.elements()) / channels;
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < channels; ++c)
                dst[r * channels + c] = src[r * channels + c] + m_noise[c];
        m_inner->apply(dst, dst, layout);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < channels; ++c)
                dst[r * channels + c] -= m_noise[c];
    }
    void straightThrough(float* gradient, const graph::ChannelLayout& layout) const override
    {
        m_inner->straightThrough(gradient, layout);
    }

private:
    std::vector<float> m_noise;
    std::shared_ptr<const exec::ElementMap> m_inner;
};

/// Relative error of a map on the sample rows, by the objective.
class Score {
public:
    Score(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics& statistics,
          Objective objective)
        : m_rows(statistics.sample),
          m_metric(byOutput(objective) ? outputMetric(constants, site, statistics) : nullptr)
    {
        m_signal = m_metric ? m_metric->squaredSignal() : squared(m_rows.floats());
    }

    double operator()(const exec::ElementMap& map) const
    {
        if (m_signal <= 0)
            return 0;
        if (m_metric)
            return m_metric->squaredError(map) / m_signal;
        const auto rows = m_rows.floats();
        std::vector<float> difference(rows.size());
        map.apply(rows.data(), difference.data(), {m_rows.shape()[0], m_rows.shape()[1], 1});
        for (std::size_t i = 0; i < rows.size(); ++i)
            difference[i] -= rows[i];
        return squared(difference) / m_signal;
    }

private:
    static double squared(std::span<const float> values)
    {
        double sum = 0;
        for (const float value : values)
            sum += static_cast<double>(value) * value;
        return sum;
    }

    const Tensor& m_rows;
    std::unique_ptr<OutputMetric> m_metric;
    double m_signal = 0;
};

std::vector<float> scaled(std::span<const float> direction, double step, double shift, double range)
{
    std::vector<float> noise;
    for (const float u : direction)
        noise.push_back(static_cast<float>(step * (shift + range * u)));
    return noise;
}

void search(NoisePlan& plan, const Noise& wanted, std::span<const float> direction, const SitePlan& site,
            const Score& score)
{
    const auto errorAt = [&](double shift, double range) {
        return score(*makeNoiseMap(scaled(direction, plan.step, shift, range), site.map));
    };
    double best = std::numeric_limits<double>::infinity();
    if (wanted.shift) {
        best = errorAt(0, 0);
        for (int i = -kShiftSteps; i <= kShiftSteps; ++i)
            if (const double shift = static_cast<double>(i) / kShiftSteps, error = errorAt(shift, 0); error < best) {
                best = error;
                plan.shift = shift;
            }
    }
    if (!wanted.searchRange || wanted.range <= 0) {
        plan.range = wanted.range;
        plan.curve.push_back({plan.range, errorAt(plan.shift, plan.range)});
        return;
    }
    best = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= kRangeSteps; ++i) {
        const double range = wanted.range * i / kRangeSteps;
        plan.curve.push_back({range, errorAt(plan.shift, range)});
        if (plan.curve.back().error < best) {
            best = plan.curve.back().error;
            plan.range = range;
        }
    }
}

/// X̂ + N = (X - (b - N s)) / s.
std::shared_ptr<const SmoothingPlan> withNoise(const SmoothingPlan* smoothing, FoldTarget target,
                                               std::span<const float> noise)
{
    auto result = std::make_shared<SmoothingPlan>();
    if (smoothing)
        *result = *smoothing;
    else
        result->transform = {std::vector<float>(noise.size(), 0.0F), std::vector<float>(noise.size(), 1.0F)};
    result->target = std::move(target);
    for (std::size_t c = 0; c < noise.size(); ++c)
        result->transform.shift[c] = static_cast<float>(static_cast<double>(result->transform.shift[c]) -
                                                        static_cast<double>(noise[c]) * result->transform.scale[c]);
    if (result->target.place == FoldPlace::Value)
        result->lanes = onValueLanes(result->target, result->transform);
    return result;
}

Result<FoldTarget> targetOf(const FloatConstants& constants, const graph::SiteTable& sites, const graph::Site& site,
                            const SmoothingPlan* smoothing, const Noise& wanted)
{
    if (smoothing)
        return smoothing->target;
    QS_ASSIGN(FoldTarget target, findFold({constants.graph(), sites}, site));
    if (target.place == FoldPlace::Value && !wanted.foldIntoValue) {
        target = {};
        target.reason = "the noise is to be left out of V";
    }
    return target;
}

} // namespace

std::vector<float> noiseDirection(NoiseLaw law, uint64_t seed, std::string_view site, std::size_t channels)
{
    Generator generator(seed, site);
    std::vector<float> direction;
    for (std::size_t c = 0; c < channels; ++c) {
        if (law == NoiseLaw::Uniform) {
            direction.push_back(static_cast<float>(2 * generator.next() - 1));
            continue;
        }
        const double radius = std::sqrt(-2 * std::log(1 - generator.next()));
        direction.push_back(static_cast<float>(2 * radius * std::cos(2 * std::numbers::pi * generator.next()) - 1));
    }
    return direction;
}

double noiseErrorChange(double x, double n, double b)
{
    if (n <= 0)
        return 0;
    const double inside = std::max(n - x, 0.0);
    return n * n / 3 - b / n * inside * inside;
}

double noiseGainDistance(double n, double b)
{
    return n * (1 - std::sqrt(n / (3 * b)));
}

double noiseStep(const SitePlan& plan)
{
    if (const auto* regions = std::get_if<RegionGrid>(&plan.levels))
        return std::max(regions->step(regions->lower), regions->step(regions->upper));
    return plan.grid.scale.size() == 1 ? plan.grid.scale[0] : 0;
}

std::shared_ptr<const NoisePlan> planNoise(const FloatConstants& constants, const graph::SiteTable& sites,
                                           const graph::Site& site, const stats::SiteStatistics& statistics,
                                           const SitePlan& plan, const SmoothingPlan* smoothing)
{
    const Noise& wanted = plan.settings.noise;
    auto result = std::make_shared<NoisePlan>();
    auto target = targetOf(constants, sites, site, smoothing, wanted);
    result->step = plan.map ? noiseStep(plan) : 0;
    if (!target)
        result->refusal = target.error().message;
    else if (result->step <= 0)
        result->refusal = "its quantizer has no step that noise could be measured in";
    else if (statistics.sample.empty())
        result->refusal = "the calibration has no rows of it";
    if (!result->refusal.empty())
        return result;
    const auto channels = static_cast<std::size_t>(statistics.sample.shape()[1]);
    const auto direction = noiseDirection(wanted.law, wanted.seed, site.name, channels);
    search(*result, wanted, direction, plan, Score(constants, site, statistics, wanted.objective));
    result->noise = scaled(direction, result->step, result->shift, result->range);
    if (wanted.int16)
        roundToInt16(result->noise);
    if (std::ranges::any_of(result->noise, [](float n) { return n != 0; }))
        result->transform = withNoise(smoothing, std::move(*target), result->noise);
    return result;
}

std::shared_ptr<const exec::ElementMap> makeNoiseMap(std::vector<float> noise,
                                                     std::shared_ptr<const exec::ElementMap> inner)
{
    return std::make_shared<NoiseMap>(std::move(noise), std::move(inner));
}

std::vector<double> denoiseRest(std::span<const float> weight, std::span<const float> quantized,
                                std::span<const float> noise)
{
    std::vector<double> rest(weight.size() / noise.size(), 0.0);
    const WeightMatrix w = weightMatrix(weight, noise.size());
    const WeightMatrix q = weightMatrix(quantized, noise.size());
    for (Eigen::Index i = 0; i < w.rows(); ++i)
        rowVector(rest) += (w.row(i).cast<double>() - q.row(i).cast<double>()) * noise[static_cast<std::size_t>(i)];
    return rest;
}

void roundToInt16(std::span<float> values)
{
    float largest = 0;
    for (const float value : values)
        largest = std::max(largest, std::abs(value));
    if (largest == 0)
        return;
    const double scale = static_cast<double>(largest) / 32767;
    for (float& value : values)
        value = static_cast<float>(std::nearbyint(value / scale) * scale);
}

} // namespace qs::quant
