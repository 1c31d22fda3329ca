#include "core/quant/weight_product.h"

#include "core/kernels/gemm.h"

#include <vector>

namespace qs::quant {

WeightProduct productOf(const graph::Graph& graph, const graph::Node& node)
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

double squaredProduct(std::span<const float> rows, const WeightProduct& product, std::span<const float> weight)
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

} // namespace qs::quant
