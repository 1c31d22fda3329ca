#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace qs::exec::reference {

namespace {

using graph::Node;

std::size_t axisOf(const Node& node, std::size_t rank)
{
    const int64_t axis = node.attributes.integer("axis", -1);
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

/// (x - mean) / sqrt(variance + epsilon) of `count` numbers, two passes.
void normalise(const float* src, double* dst, int64_t count, double epsilon)
{
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < count; ++i)
        mean += src[i];
    mean /= static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i)
        variance += (src[i] - mean) * (src[i] - mean);
    variance /= static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i)
        dst[i] = (src[i] - mean) / std::sqrt(variance + epsilon);
}

void computeLayerNorm(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const int64_t count = shape.product(axisOf(node, shape.rank()), shape.rank());
    const double epsilon = node.attributes.real("epsilon", 1e-5f);
    std::vector<double> row(static_cast<std::size_t>(count));
    for (int64_t r = 0; r < shape.elements() / std::max<int64_t>(1, count); ++r) {
        normalise(in[0].floats().data() + r * count, row.data(), count, epsilon);
        for (int64_t i = 0; i < count; ++i) {
            double v = row[static_cast<std::size_t>(i)];
            if (in.size() > 1 && !in[1].empty())
                v *= in[1].floats()[static_cast<std::size_t>(i % in[1].elements())];
            if (in.size() > 2 && !in[2].empty())
                v += in[2].floats()[static_cast<std::size_t>(i % in[2].elements())];
            out[0].mutableData<float>()[static_cast<std::size_t>(r * count + i)] = static_cast<float>(v);
        }
    }
}

/// InstanceNormalization is GroupNormalization with one channel a group.
void computeGroupNorm(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const int64_t channels = shape[1], plane = shape.product(2, shape.rank());
    const int64_t groups = node.op == "GroupNormalization" ? node.attributes.integer("num_groups", 1) : channels;
    const int64_t count = channels / std::max<int64_t>(1, groups) * plane;
    const double epsilon = node.attributes.real("epsilon", 1e-5f);
    std::vector<double> row(static_cast<std::size_t>(count));
    const auto dst = out[0].mutableData<float>();
    for (int64_t g = 0; g < shape[0] * groups; ++g) {
        normalise(in[0].floats().data() + g * count, row.data(), count, epsilon);
        for (int64_t i = 0; i < count; ++i) {
            const auto c = static_cast<std::size_t>((g * count + i) / plane % channels);
            dst[static_cast<std::size_t>(g * count + i)] =
                static_cast<float>(row[static_cast<std::size_t>(i)] * in[1].floats()[c] + in[2].floats()[c]);
        }
    }
}

void computeBatchNorm(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const int64_t plane = shape.product(2, shape.rank());
    const double epsilon = node.attributes.real("epsilon", 1e-5f);
    const auto dst = out[0].mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i) {
        const auto c = static_cast<std::size_t>(static_cast<int64_t>(i) / plane % shape[1]);
        dst[i] = static_cast<float>((in[0].floats()[i] - static_cast<double>(in[3].floats()[c])) /
                                        std::sqrt(in[4].floats()[c] + epsilon) * in[1].floats()[c] +
                                    in[2].floats()[c]);
    }
}

void computeSoftmax(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const std::size_t axis = axisOf(node, shape.rank());
    const int64_t size = shape[axis], inner = shape.product(axis + 1, shape.rank());
    const auto dst = out[0].mutableData<float>();
    for (int64_t r = 0; r < shape.elements() / std::max<int64_t>(1, size); ++r) {
        const auto at = [&](int64_t i) {
            return static_cast<std::size_t>((r / inner * size + i) * inner + r % inner);
        };
        double most = -INFINITY, sum = 0;
        for (int64_t i = 0; i < size; ++i)
            most = std::max<double>(most, in[0].floats()[at(i)]);
        for (int64_t i = 0; i < size; ++i)
            sum += std::exp(in[0].floats()[at(i)] - most);
        for (int64_t i = 0; i < size; ++i) {
            const double v = in[0].floats()[at(i)] - most;
            dst[at(i)] = static_cast<float>(node.op == "Softmax" ? std::exp(v) / sum : v - std::log(sum));
        }
    }
}

} // namespace

Compute normalisations(std::string_view op)
{
    if (op == "LayerNormalization")
        return computeLayerNorm;
    if (op == "GroupNormalization" || op == "InstanceNormalization")
        return computeGroupNorm;
    if (op == "BatchNormalization")
        return computeBatchNorm;
    return op == "Softmax" || op == "LogSoftmax" ? computeSoftmax : nullptr;
}

} // namespace qs::exec::reference
