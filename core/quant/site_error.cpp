#include "core/quant/site_error.h"

#include "core/exec/ops/unary.h"
#include "core/kernels/elementwise.h"
#include "core/kernels/norm.h"
#include "core/quant/noise.h"
#include "core/quant/weight_product.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace qs::quant {

namespace {

double squared(std::span<const float> values)
{
    double sum = 0;
    for (const float value : values)
        sum += static_cast<double>(value) * value;
    return sum;
}

double squaredDifference(std::span<const float> a, std::span<const float> b)
{
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    return sum;
}

double ratio(double error, double signal)
{
    return error == 0 ? 0 : signal > 0 ? error / signal : error;
}

std::vector<float> difference(std::span<const float> a, std::span<const float> b)
{
    std::vector<float> result(a.size());
    std::ranges::transform(a, b, result.begin(), std::minus<>());
    return result;
}

/// |W[:, c]|² of every input channel of a convolution, groups and window and all.
std::vector<double> channelGains(const graph::Node& node, const Shape& shape, std::span<const float> weight,
                                 std::size_t channels)
{
    std::vector<double> gains(channels, 0.0);
    const auto outputs = static_cast<std::size_t>(shape[0]);
    const auto perGroup = static_cast<std::size_t>(shape[1]);
    const auto window = static_cast<std::size_t>(shape.product(2, shape.rank()));
    const auto groups = static_cast<std::size_t>(node.attributes.integer("group", 1));
    for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t i = 0; i < perGroup; ++i)
            gains[o * groups / outputs * perGroup + i] +=
                squared(weight.subspan((o * perGroup + i) * window, window));
    return gains;
}

double weighted(std::span<const float> rows, std::span<const double> gains)
{
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i)
        sum += gains[i % gains.size()] * rows[i] * rows[i];
    return sum;
}

/// How much larger the squared error is than the sample shows, because values are clipped that it does not have.
double clippingUnseen(const SitePlan& plan, const stats::SiteStatistics& statistics, std::span<const float> values,
                      std::span<const float> quantized)
{
    const double mean = statistics.meanAll();
    const double deviation = statistics.stddevAll();
    const double total = (mean * mean + deviation * deviation) * std::pow(10, -plan.error.sqnrDb / 10);
    const double everywhere = total * (1 - plan.error.roundingShare);
    double seen = 0;
    double clipped = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double error = static_cast<double>(values[i]) - quantized[i];
        seen += error * error;
        if (values[i] < plan.range.low || values[i] > plan.range.high)
            clipped += error * error;
    }
    const auto count = static_cast<double>(values.size());
    return seen > 0 && everywhere > clipped / count ? (seen - clipped + everywhere * count) / seen : 1;
}

/// y of a reader that works row by row, or element by element; empty where it does neither.
std::vector<float> outputOf(const graph::Node& node, std::size_t channels, std::span<const float> rows,
                            const FloatConstants& constants, NodeId id)
{
    std::vector<float> result(rows.size());
    if (node.op == "LayerNormalization") {
        const Tensor& gamma = constants.of({id, 1});
        if (!gamma.empty() && gamma.floats().size() != channels)
            return {};
        kernels::layerNorm(rows.size() / channels, channels, rows.data(),
                           gamma.empty() ? nullptr : gamma.floats().data(), nullptr,
                           node.attributes.real("epsilon", 1e-5F), result.data());
        return result;
    }
    if (node.op == "Softmax") {
        kernels::softmax(rows.size() / channels, channels, rows.data(), 1, result.data());
        return result;
    }
    const auto call = exec::unaryCall(node);
    if (!call)
        return {};
    kernels::unary(call->op, rows, result, call->p, call->q);
    return result;
}

} // namespace

/// The sample of a site in the float network, as it is before the quantizer (smoothed or not), and behind it.
struct SiteErrors::Rows {
    const SitePlan& plan;
    const stats::SiteStatistics& statistics;
    const exec::ElementMap& map;
    std::span<const float> floats;
    std::span<const float> values;
    std::vector<float> quantized;
    std::size_t channels = 0;
    double unseen = 1;
};

double SiteErrors::atReader(const graph::Site& site, graph::Use use, const Rows& rows,
                            const FloatConstants& constants) const
{
    const graph::Node& node = m_network.graph.node(use.node);
    if (node.op == "MatMul")
        for (const stats::ProductSample& sample : m_calibration.products) {
            const bool isLeft = sample.left == site.id && use.input == 0;
            if (!isLeft && (sample.right != site.id || use.input != 1))
                continue;
            const Tensor& own = isLeft ? sample.leftValues : sample.rightValues;
            if (m_network.sites.at({use.node, 1 - use.input}) != (isLeft ? sample.right : sample.left))
                continue;
            const Shape& shape = own.shape();
            const graph::ChannelLayout layout = isLeft ? graph::ChannelLayout{shape[0] * shape[1], shape[2], 1}
                                                       : graph::ChannelLayout{shape[0], shape[1], shape[2]};
            const auto values = own.floats();
            std::vector<float> quantized(values.size());
            rows.map.apply(values.data(), quantized.data(), layout);
            const double unseen = clippingUnseen(rows.plan, rows.statistics, values, quantized);
            const std::vector<float> error = difference(values, quantized);
            const auto slices = static_cast<std::size_t>(shape[0]);
            const auto k = static_cast<std::size_t>(sample.leftValues.shape()[2]);
            const auto n = static_cast<std::size_t>(sample.rightValues.shape()[2]);
            const std::size_t left = sample.leftValues.floats().size() / slices;
            double wrong = 0;
            double signal = 0;
            for (std::size_t s = 0; s < slices; ++s) {
                const auto a = sample.leftValues.floats().subspan(s * left, left);
                const auto b = sample.rightValues.floats().subspan(s * k * n, k * n);
                const std::span<const float> e(error);
                const WeightProduct product{k, n, n, 1};
                signal += squaredProduct(a, product, b);
                wrong += isLeft ? squaredProduct(e.subspan(s * left, left), product, b)
                                : squaredProduct(a, product, e.subspan(s * k * n, k * n));
            }
            return unseen * ratio(wrong, signal);
        }
    const std::vector<float> error = difference(rows.values, rows.quantized);
    if (use.input == 0) {
        const auto weight = [&](const FloatConstants& network) { return network.of({use.node, 1}).floats(); };
        const FloatConstants original(m_network.graph);
        if (const WeightProduct product = productOf(m_network.graph, node); product.k == rows.channels)
            return rows.unseen * ratio(squaredProduct(error, product, weight(constants)),
                                       squaredProduct(rows.floats, product, weight(original)));
        if (node.op == "Conv" && !original.of({use.node, 1}).empty()) {
            const Shape& shape = original.of({use.node, 1}).shape();
            const auto gains = [&](const FloatConstants& network) {
                return channelGains(node, shape, weight(network), rows.channels);
            };
            return rows.unseen * ratio(weighted(error, gains(constants)), weighted(rows.floats, gains(original)));
        }
        const auto output = [&](std::span<const float> x) {
            return outputOf(node, rows.channels, x, constants, use.node);
        };
        if (const std::vector<float> y = output(rows.values); !y.empty())
            return rows.unseen * ratio(squaredDifference(y, output(rows.quantized)), squared(y));
    }
    return rows.unseen * ratio(squared(error), squared(rows.values));
}

double SiteErrors::ofActivation(const graph::Site& site, const SitePlan& plan,
                                const stats::SiteStatistics& statistics, const FloatConstants& constants) const
{
    const stats::SiteStatistics& original = m_calibration.sites[site.id.index()];
    std::shared_ptr<const exec::ElementMap> map = plan.map;
    if (plan.noise && !plan.noise->noise.empty())
        map = makeNoiseMap(plan.noise->noise, plan.map);
    Rows rows{plan, statistics, *map, original.sample.floats(), statistics.sample.floats(), {}, 0, 1};
    rows.channels = static_cast<std::size_t>(site.layout.channels);
    rows.quantized.resize(rows.values.size());
    map->apply(rows.values.data(), rows.quantized.data(),
               {static_cast<int64_t>(rows.values.size() / rows.channels), site.layout.channels, 1});
    rows.unseen = clippingUnseen(plan, statistics, rows.values, rows.quantized);
    double sum = 0;
    for (const graph::Use& use : site.uses)
        sum += atReader(site, use, rows, constants);
    return sum;
}

double SiteErrors::ofWeight(const graph::Site& site, const SitePlan& plan, const stats::SiteStatistics* input,
                            const FloatConstants& constants) const
{
    const FloatConstants original(m_network.graph);
    double sum = 0;
    for (const graph::Use& use : site.uses) {
        const auto floats = original.of(use).floats();
        const std::vector<float> error = difference(constants.of(use).floats(), plan.dequantized.floats());
        const graph::Node& node = m_network.graph.node(use.node);
        const WeightProduct product = productOf(m_network.graph, node);
        const SiteId reads = m_network.sites.at({use.node, 0});
        const bool sampled = input != nullptr && !input->sample.empty() && reads.valid();
        if (sampled && product.k == static_cast<std::size_t>(input->sample.shape()[1])) {
            const auto rows = m_calibration.sites[reads.index()].sample.floats();
            sum +=
                ratio(squaredProduct(input->sample.floats(), product, error), squaredProduct(rows, product, floats));
        } else if (sampled && node.op == "Conv") {
            const auto channels = input->mean.size();
            std::vector<double> power;
            for (std::size_t c = 0; c < channels; ++c)
                power.push_back(input->mean[c] * input->mean[c] + input->variance[c]);
            const auto total = [&](std::span<const float> weight) {
                const std::vector<double> gains = channelGains(node, site.shape, weight, channels);
                double all = 0;
                for (std::size_t c = 0; c < channels; ++c)
                    all += gains[c] * power[c];
                return all;
            };
            sum += ratio(total(error), total(floats));
        } else {
            sum += ratio(squared(error), squared(floats));
        }
    }
    return sum;
}

} // namespace qs::quant
