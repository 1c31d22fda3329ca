#include "core/quant/output_error.h"

#include "core/kernels/gemm.h"

#include <cmath>
#include <limits>
#include <vector>

namespace qs::quant {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// A weight as the right side of rows [m, k] × [k, n].
struct Product {
    std::size_t k = 0;
    std::size_t n = 0;
    std::size_t rowStride = 0;
    std::size_t columnStride = 0;
};

/// k = 0 where the node is no such product.
Product productOf(const graph::Graph& graph, const graph::Node& node)
{
    if (node.inputs.size() < 2 || !node.inputs[1].valid())
        return {};
    const Shape& shape = graph.value(node.inputs[1]).shape;
    if (!graph.value(node.inputs[1]).isConstant())
        return {};
    if (node.op == "Linear" && shape.rank() == 2) {
        const auto n = static_cast<std::size_t>(shape[1]);
        return {static_cast<std::size_t>(shape[0]), n, n, 1};
    }
    if (node.op == "Conv" && node.attributes.integer("group", 1) == 1 && shape.rank() >= 3 &&
        shape.product(2, shape.rank()) == 1) {
        const auto k = static_cast<std::size_t>(shape[1]);
        return {k, static_cast<std::size_t>(shape[0]), 1, k};
    }
    return {};
}

double squaredProduct(std::span<const float> rows, const Product& product, std::span<const float> weight)
{
    const std::size_t m = rows.size() / product.k;
    const auto packed =
        kernels::packMatrix(weight.data(), product.k, product.n, product.rowStride, product.columnStride);
    std::vector<float> result(m * product.n);
    kernels::gemm(rows.data(), product.k, m, packed.view(), result.data(), product.n);
    double sum = 0;
    for (const float value : result)
        sum += static_cast<double>(value) * value;
    return sum;
}

double ratio(double error, double signal)
{
    if (error == 0)
        return 0;
    return signal > 0 ? error / signal : kUnknown;
}

} // namespace

double activationOutputError(const graph::Graph& graph, const graph::Site& site,
                             const stats::SiteStatistics& statistics, const exec::ElementMap& map)
{
    if (statistics.sample.empty())
        return kUnknown;
    const auto rows = statistics.sample.floats();
    const int64_t channels = statistics.sample.shape()[1];
    std::vector<float> difference(rows.size());
    map.apply(rows.data(), difference.data(), {statistics.sample.shape()[0], channels, 1});
    for (std::size_t i = 0; i < rows.size(); ++i)
        difference[i] = rows[i] - difference[i];
    double error = 0;
    double signal = 0;
    bool found = false;
    for (const graph::Use& use : site.uses) {
        if (use.input != 0)
            continue;
        const graph::Node& node = graph.node(use.node);
        const Product product = productOf(graph, node);
        if (product.k == 0 || static_cast<int64_t>(product.k) != channels)
            continue;
        const auto weight = graph.value(node.inputs[1]).constant.floats();
        error += squaredProduct(difference, product, weight);
        signal += squaredProduct(rows, product, weight);
        found = true;
    }
    return found ? ratio(error, signal) : kUnknown;
}

double weightOutputError(const graph::Graph& graph, const graph::Site& site, const stats::SiteStatistics* input,
                         std::span<const float> quantized)
{
    if (input == nullptr || input->sample.empty() || site.uses.empty())
        return kUnknown;
    const Product product = productOf(graph, graph.node(site.uses.front().node));
    if (product.k == 0 || static_cast<int64_t>(product.k) != input->sample.shape()[1])
        return kUnknown;
    const auto weight = graph.value(site.tensor).constant.floats();
    std::vector<float> difference(weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i)
        difference[i] = weight[i] - quantized[i];
    return ratio(squaredProduct(input->sample.floats(), product, difference),
                 squaredProduct(input->sample.floats(), product, weight));
}

} // namespace qs::quant
