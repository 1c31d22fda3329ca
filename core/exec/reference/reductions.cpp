#include "core/exec/reference/indices.h"
#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace qs::exec::reference {

namespace {

struct Reduction {
    double start;
    double (*add)(double sum, double x);
    double (*finish)(double sum, double count);
};

double same(double sum, double)
{
    return sum;
}

const std::map<std::string_view, Reduction>& table()
{
    static const std::map<std::string_view, Reduction> reductions = {
        {"ReduceL1", {0, [](double s, double x) { return s + std::abs(x); }, same}},
        {"ReduceL2",
         {0, [](double s, double x) { return s + x * x; }, [](double s, double) { return std::sqrt(s); }}},
        {"ReduceMax", {-INFINITY, [](double s, double x) { return std::isnan(x) || x > s ? x : s; }, same}},
        {"ReduceMean", {0, [](double s, double x) { return s + x; }, [](double s, double n) { return s / n; }}},
        {"ReduceMin", {INFINITY, [](double s, double x) { return std::isnan(x) || x < s ? x : s; }, same}},
        {"ReduceProd", {1, [](double s, double x) { return s * x; }, same}},
        {"ReduceSum", {0, [](double s, double x) { return s + x; }, same}},
        {"ReduceSumSquare", {0, [](double s, double x) { return s + x * x; }, same}},
    };
    return reductions;
}

void computeReduce(const graph::Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Reduction& reduction = table().at(node.op);
    const Shape& shape = in[0].shape();
    std::vector<bool> reduced(shape.rank(), false);
    const auto axes = node.attributes.integers("axes");
    for (const int64_t axis : axes)
        reduced[static_cast<std::size_t>(axis < 0 ? axis + static_cast<int64_t>(shape.rank()) : axis)] = true;
    if (axes.empty() && node.attributes.integer("noop_with_empty_axes", 0) == 0)
        reduced.assign(shape.rank(), true);
    Shape kept = shape;
    double count = 1;
    for (std::size_t i = 0; i < shape.rank(); ++i)
        if (reduced[i]) {
            count *= static_cast<double>(shape[i]);
            kept[i] = 1;
        }
    std::vector<double> sums(static_cast<std::size_t>(out[0].elements()), reduction.start);
    forEachIndex(shape, [&](const Shape& index, int64_t at) {
        double& sum = sums[static_cast<std::size_t>(broadcastPosition(index, kept))];
        sum = reduction.add(sum, in[0].floats()[static_cast<std::size_t>(at)]);
    });
    const auto dst = out[0].mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i)
        dst[i] = static_cast<float>(reduction.finish(sums[i], count));
}

} // namespace

Compute reductions(std::string_view op)
{
    return table().contains(op) ? computeReduce : nullptr;
}

} // namespace qs::exec::reference
