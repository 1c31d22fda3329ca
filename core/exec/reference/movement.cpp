#include "core/exec/reference/indices.h"
#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace qs::exec::reference {

namespace {

using graph::Node;

std::size_t axisOf(const Node& node, std::size_t rank)
{
    const int64_t axis = node.attributes.integer("axis", 0);
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

void computeReshape(const Node&, std::span<const Tensor> in, std::span<Tensor> out)
{
    std::memcpy(out[0].mutableBytes(), in[0].bytes(), in[0].sizeBytes());
}

void computeTranspose(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    std::vector<int64_t> perm = node.attributes.integers("perm");
    if (!node.attributes.has("perm")) {
        perm.resize(in[0].shape().rank());
        std::iota(perm.rbegin(), perm.rend(), 0);
    }
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        Shape from = in[0].shape();
        for (std::size_t i = 0; i < perm.size(); ++i)
            from[static_cast<std::size_t>(perm[i])] = index[i];
        copyElement(in[0], positionOf(from, in[0].shape()), out[0], at);
    });
}

/// ONNX Slice-13: starts are clamped to [0, size - 1] for negative steps, to [0, size] for positive ones.
void computeSlice(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const auto starts = node.attributes.integers("starts");
    auto axes = node.attributes.integers("axes");
    auto steps = node.attributes.integers("steps");
    if (axes.empty()) {
        axes.resize(starts.size());
        std::iota(axes.begin(), axes.end(), 0);
    }
    steps.resize(starts.size(), 1);
    std::vector<int64_t> first(shape.rank(), 0), step(shape.rank(), 1);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const auto axis =
            static_cast<std::size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(shape.rank()) : axes[i]);
        const int64_t size = shape[axis];
        const int64_t start = starts[i] < 0 ? std::max<int64_t>(starts[i], -size - 1) + size : starts[i];
        first[axis] = steps[i] < 0 ? std::min(std::max<int64_t>(start, 0), size - 1)
                                   : std::min(std::max<int64_t>(start, 0), size);
        step[axis] = steps[i];
    }
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        Shape from = index;
        for (std::size_t i = 0; i < from.rank(); ++i)
            from[i] = first[i] + index[i] * step[i];
        copyElement(in[0], positionOf(from, shape), out[0], at);
    });
}

void computeSplit(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const std::size_t axis = axisOf(node, in[0].shape().rank());
    int64_t start = 0;
    for (Tensor& part : out) {
        forEachIndex(part.shape(), [&](const Shape& index, int64_t at) {
            Shape from = index;
            from[axis] += start;
            copyElement(in[0], positionOf(from, in[0].shape()), part, at);
        });
        start += part.shape()[axis];
    }
}

void computeConcat(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const std::size_t axis = axisOf(node, out[0].shape().rank());
    int64_t start = 0;
    for (const Tensor& part : in) {
        forEachIndex(part.shape(), [&](const Shape& index, int64_t at) {
            Shape to = index;
            to[axis] += start;
            copyElement(part, at, out[0], positionOf(to, out[0].shape()));
        });
        start += part.shape()[axis];
    }
}

void computeGather(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const std::size_t axis = axisOf(node, shape.rank());
    const std::size_t rank = in[1].shape().rank();
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        Shape where = in[1].shape();
        for (std::size_t i = 0; i < rank; ++i)
            where[i] = index[axis + i];
        const auto position = static_cast<std::size_t>(positionOf(where, in[1].shape()));
        const int64_t taken =
            in[1].dtype() == DType::Int64 ? in[1].data<int64_t>()[position] : in[1].data<int32_t>()[position];
        Shape from = shape;
        for (std::size_t i = 0; i < shape.rank(); ++i)
            from[i] = i < axis ? index[i] : i > axis ? index[i - 1 + rank] : insideOf(taken, shape[i]);
        copyElement(in[0], positionOf(from, shape), out[0], at);
    });
}

void computeExpand(const Node&, std::span<const Tensor> in, std::span<Tensor> out)
{
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        copyElement(in[0], broadcastPosition(index, in[0].shape()), out[0], at);
    });
}

} // namespace

Compute movement(std::string_view op)
{
    if (op == "Reshape" || op == "Identity" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze")
        return computeReshape;
    if (op == "Transpose")
        return computeTranspose;
    if (op == "Slice")
        return computeSlice;
    if (op == "Split")
        return computeSplit;
    if (op == "Concat")
        return computeConcat;
    if (op == "Gather")
        return computeGather;
    return op == "Expand" ? computeExpand : nullptr;
}

} // namespace qs::exec::reference
