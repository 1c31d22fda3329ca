#include "core/quant/site_resolver.h"
#include "core/quant/grid_error.h"

#include "core/kernels/quantize.h"
#include "core/kernels/statistics.h"
#include "core/quant/logits.h"
#include "core/quant/output_error.h"
#include "core/quant/quantizers.h"
#include "core/quant/saturation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

Result<void> checkSettings(const graph::Site& site, const SiteSettings& settings)
{
    if (!settings.isFloat() && (settings.bits < 2 || settings.bits > 8))
        return fail(ErrorCode::InvalidArgument, "bits must be 2 to 8 or float, not " + std::to_string(settings.bits),
                    site.name);
    const QuantizerDef* quantizer = findQuantizer(settings.quantizer);
    if (quantizer == nullptr)
        return fail(ErrorCode::InvalidArgument, "there is no quantizer \"" + settings.quantizer + "\"", site.name);
    if (!settings.isFloat() && !quantizer->suitsRole(site.role))
        return fail(ErrorCode::InvalidArgument,
                    "the quantizer \"" + settings.quantizer + "\" is for sites of another role", site.name);
    if (!settings.isFloat() && site.kind == graph::SiteKind::Weight && !settings.isUniform())
        return fail(ErrorCode::InvalidArgument, "weights take the uniform quantizer only", site.name);
    return {};
}

kernels::ChannelLayout kernelLayout(const graph::Site& site, const UniformGrid& grid)
{
    if (grid.scale.size() == 1)
        return {1, 1, static_cast<std::size_t>(site.elements())};
    return {static_cast<std::size_t>(site.layout.outer), static_cast<std::size_t>(site.layout.channels),
            static_cast<std::size_t>(site.layout.inner)};
}

/// Values of channel `channel` of [outer, channels, inner], one after the other.
void gather(const graph::ChannelLayout& layout, const float* src, int64_t channel, std::vector<float>& dst)
{
    dst.clear();
    for (int64_t o = 0; o < layout.outer; ++o) {
        const float* run = src + (o * layout.channels + channel) * layout.inner;
        dst.insert(dst.end(), run, run + layout.inner);
    }
}

Error named(Error error, const graph::Site& site)
{
    if (error.where.empty())
        error.where = site.name;
    return error;
}

/// Mean square of what each input channel brings: the diagonal of the output error of a linear layer's weights. Empty
/// where that is not known.
std::vector<float> inputPower(const graph::Site& site, const stats::SiteStatistics* input)
{
    std::vector<float> power;
    if (input == nullptr || site.shape.rank() != 2 || static_cast<int64_t>(input->mean.size()) != site.shape[0])
        return power;
    double sum = 0;
    for (std::size_t j = 0; j < input->mean.size(); ++j) {
        power.push_back(static_cast<float>(input->mean[j] * input->mean[j] + input->variance[j]));
        sum += power.back();
    }
    return sum > 0 ? power : std::vector<float>();
}

/// Raises scales until no pair of codes is over the limit; false where none was.
bool raiseScales(const graph::Site& site, std::span<const int8_t> codes, UniformGrid& grid)
{
    const auto inputs = static_cast<std::size_t>(site.shape[0]);
    const auto largest = largestPairs(codes, inputs, static_cast<std::size_t>(site.shape[1]));
    bool raised = false;
    const auto raise = [&](float& scale, int pair) {
        if (pair <= kPairLimit)
            return;
        scale *= static_cast<float>(pair) / kPairLimit;
        raised = true;
    };
    if (grid.scale.size() == 1)
        raise(grid.scale[0], *std::max_element(largest.begin(), largest.end()));
    else
        for (std::size_t o = 0; o < largest.size(); ++o)
            raise(grid.scale[o], largest[o]);
    return raised;
}

/// The nearest activation site before a weight whose rows have the weight's input channels.
const stats::SiteStatistics* nearestInput(const graph::Graph& graph, const graph::Site& site,
                                          const stats::Calibration& calibration)
{
    if (site.uses.empty())
        return nullptr;
    const graph::Node& node = graph.node(site.uses.front().node);
    const int64_t inputs = node.op == "Linear" ? site.shape[0] : site.shape.rank() > 1 ? site.shape[1] : 0;
    for (std::size_t i = std::min(site.id.index(), calibration.sites.size()); i-- > 0;) {
        const stats::SiteStatistics& candidate = calibration.sites[i];
        if (!candidate.sample.empty() && candidate.sample.shape()[1] == inputs)
            return &candidate;
    }
    return nullptr;
}

/// The numbers of a grid that is given.
ActivationNumbers numbersOf(const stats::SiteStatistics& statistics, const UniformGrid& grid)
{
    ActivationNumbers numbers;
    const double scale = grid.scale[0];
    const int zeroPoint = grid.zeroPoint[0];
    numbers.range = {(grid.qmin - zeroPoint) * scale, (grid.qmax - zeroPoint) * scale};
    numbers.grid = grid;
    numbers.error = expectedError(statistics.histogram, {scale, zeroPoint, grid.qmin, grid.qmax});
    numbers.map = makeUniformMap(grid);
    return numbers;
}

} // namespace

void addWeightScale(UniformGrid& grid, const Range& range, const SiteSettings& settings)
{
    UniformGrid one = uniformGrid(range.low, range.high, settings.bits, settings.scheme);
    if (settings.scheme == Scheme::Asymmetric) {
        const int half = 1 << (settings.bits - 1);
        one.qmin -= half;
        one.qmax -= half;
        one.zeroPoint[0] -= half;
    }
    grid.qmin = one.qmin;
    grid.qmax = one.qmax;
    grid.scale.push_back(one.scale[0]);
    grid.zeroPoint.push_back(one.zeroPoint[0]);
}

void spreadScales(UniformGrid& grid, const graph::Site& site)
{
    const auto channels = static_cast<std::size_t>(site.layout.channels);
    const std::size_t scales = grid.scale.size();
    if (scales <= 1 || scales == channels)
        return;
    const UniformGrid parts = grid;
    grid.scale.resize(channels);
    grid.zeroPoint.resize(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        grid.scale[c] = parts.scale[c * scales / channels];
        grid.zeroPoint[c] = parts.zeroPoint[c * scales / channels];
    }
}

int64_t scalesOfWeight(const graph::Site& site, const SiteSettings& settings)
{
    if (settings.granularity == Granularity::Channel)
        return site.layout.channels;
    return settings.granularity == Granularity::Part && site.role == graph::Role::Qkv && site.layout.channels % 3 == 0
               ? 3
               : 1;
}

Result<SitePlan> resolveActivation(const FloatConstants& constants, const graph::Site& site,
                                   const stats::SiteStatistics& statistics, const SiteSettings& settings,
                                   const UniformGrid* grid)
{
    QS_CHECK(checkSettings(site, settings));
    SitePlan plan;
    plan.settings = settings;
    if (settings.isFloat() || statistics.masked > 0) {
        plan.masked = statistics.masked > 0;
        plan.range = {statistics.low(), statistics.high()};
        plan.error.sqnrDb = std::numeric_limits<double>::infinity();
        return plan;
    }
    if (statistics.histogram.empty())
        return fail(ErrorCode::InvalidArgument, "the calibration has no statistics of this site", site.name);
    const auto metric = byOutput(settings.objective) ? outputMetric(constants, site, statistics) : nullptr;
    Result<ActivationNumbers> numbers =
        grid ? numbersOf(statistics, *grid)
             : findQuantizer(settings.quantizer)->resolve({statistics, settings, metric.get()});
    if (!numbers)
        return tl::unexpected<Error>(named(std::move(numbers.error()), site));
    return activationPlan(constants, site, statistics, settings, std::move(*numbers));
}

SitePlan activationPlan(const FloatConstants& constants, const graph::Site& site,
                        const stats::SiteStatistics& statistics, const SiteSettings& settings,
                        ActivationNumbers numbers)
{
    SitePlan plan;
    plan.settings = settings;
    plan.range = numbers.range;
    plan.grid = std::move(numbers.grid);
    plan.levels = numbers.levels;
    plan.map = std::move(numbers.map);
    const double mean = statistics.meanAll();
    const double deviation = statistics.stddevAll();
    const double total = numbers.error.total();
    plan.error.sqnrDb = decibels(mean * mean + deviation * deviation, total);
    plan.error.roundingShare = total > 0 ? numbers.error.rounding / total : 1;
    plan.error.clippedShare = numbers.error.clippedShare;
    if (plan.grid.scale.size() == 1 && !statistics.histogram.empty()) { // what is really beyond the outer half steps
        const GridError split = expectedError(
            statistics.histogram, {plan.grid.scale[0], plan.grid.zeroPoint[0], plan.grid.qmin, plan.grid.qmax},
            Range{statistics.low(), statistics.high()});
        plan.error.roundingShare = split.total() > 0 ? split.rounding / split.total() : 1;
        plan.error.clippedShare = split.clippedShare;
    }
    plan.error.outputError = activationOutputError(constants, site, statistics, *plan.map);
    return plan;
}

void quantizeWeight(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics* input,
                    SitePlan& plan)
{
    const auto weight = constants.of(site.uses.front()).floats();
    UniformGrid& grid = plan.grid;
    const auto layout = kernelLayout(site, grid);
    const kernels::ChannelGrids grids{grid.scale, grid.zeroPoint, grid.qmin, grid.qmax};
    plan.codes = Tensor(DType::Int8, site.shape);
    plan.dequantized = Tensor(DType::Float32, site.shape);
    const auto codes = plan.codes.mutableData<int8_t>();
    const auto values = plan.dequantized.mutableData<float>();
    const bool linear = site.shape.rank() == 2 && site.channelAxis == 1;
    const bool careful = plan.settings.saturationSafe && plan.settings.bits == 8 && linear &&
                         plan.settings.scheme == Scheme::Symmetric;
    do
        kernels::quantizeChannels(layout, weight.data(), grids, codes.data());
    while (careful && raiseScales(site, codes, grid));
    kernels::dequantizeChannels(layout, codes.data(), grids, values.data());

    double signal = 0;
    double rounding = 0;
    double clipping = 0;
    std::size_t clipped = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const double difference = static_cast<double>(weight[i]) - values[i];
        signal += static_cast<double>(weight[i]) * weight[i];
        if (codes[i] == grid.qmin || codes[i] == grid.qmax) {
            const float scale = grid.scale[i / layout.inner % layout.channels];
            if (std::abs(difference) > 0.5001 * scale) {
                clipping += difference * difference;
                ++clipped;
                continue;
            }
        }
        rounding += difference * difference;
    }
    const double total = rounding + clipping;
    plan.error.sqnrDb = decibels(signal, total);
    plan.error.roundingShare = total > 0 ? rounding / total : 1;
    plan.error.clippedShare = static_cast<double>(clipped) / static_cast<double>(weight.size());
    plan.error.outputError = weightOutputError(constants, site, input, values);
}

Result<SitePlan> resolveWeight(const FloatConstants& constants, const graph::Site& site,
                               const stats::SiteStatistics* input, const SiteSettings& settings)
{
    QS_CHECK(checkSettings(site, settings));
    const auto weight = constants.of(site.uses.front()).floats();
    SitePlan plan;
    plan.settings = settings;
    if (settings.isFloat()) {
        const auto extremes = kernels::minMax(weight);
        plan.range = {extremes.min, extremes.max};
        plan.error.sqnrDb = std::numeric_limits<double>::infinity();
        return plan;
    }
    const int64_t channels = scalesOfWeight(site, settings);
    const bool perChannel = channels > 1;
    const bool byChannel = settings.granularity == Granularity::Channel;
    const graph::ChannelLayout layout{site.layout.outer, channels, site.elements() / site.layout.outer / channels};
    std::vector<float> values;
    const std::vector<float> importance =
        byOutput(settings.objective) ? inputPower(site, input) : std::vector<float>();
    plan.range = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (int64_t c = 0; c < channels; ++c) {
        if (perChannel)
            gather(layout, weight.data(), c, values);
        const Result<Estimator> estimator =
            byChannel ? ofChannel(settings.estimator, static_cast<std::size_t>(c), static_cast<std::size_t>(channels))
                      : settings.estimator;
        if (!estimator)
            return tl::unexpected<Error>(named(estimator.error(), site));
        auto range =
            estimateRange(*estimator, perChannel ? std::span<const float>(values) : weight, settings.bits,
                          settings.scheme, byChannel ? std::span<const float>(importance) : std::span<const float>());
        if (!range)
            return tl::unexpected<Error>(named(std::move(range.error()), site));
        plan.range.low = std::min(plan.range.low, range->low);
        plan.range.high = std::max(plan.range.high, range->high);
        addWeightScale(plan.grid, *range, settings);
    }
    spreadScales(plan.grid, site);
    quantizeWeight(constants, site, input, plan);
    return plan;
}

Result<SitePlan> resolveSite(const graph::Graph& graph, const graph::Site& site,
                             const stats::Calibration& calibration, const SiteSettings& settings, const Plan* plan)
{
    const FloatConstants constants(graph, plan ? &plan->smoothed.constants : nullptr);
    if (site.kind == graph::SiteKind::Weight)
        return resolveWeight(constants, site, nearestInput(graph, site, calibration), settings);
    if (site.id.index() >= calibration.sites.size())
        return fail(ErrorCode::InvalidArgument, "the calibration is of another model", site.name);
    const stats::SiteStatistics& statistics = calibration.sites[site.id.index()];
    if (const auto lanes = plan ? plan->laneTransform(site.id) : nullptr)
        return resolveActivation(constants, site, transformed(statistics, *lanes), settings,
                                 gridOf((*plan)[site.id].smoothing.get(), settings));
    return resolveActivation(constants, site, statistics, settings);
}

} // namespace qs::quant
