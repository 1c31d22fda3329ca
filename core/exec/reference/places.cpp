// Operators whose places are values: TopK, and what gathers by such indices.
#include "core/exec/reference/indices.h"
#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace qs::exec::reference {

namespace {

using graph::Node;

std::size_t axisOf(const Node& node, std::size_t rank, int64_t fallback)
{
    const int64_t axis = node.attributes.integer("axis", fallback);
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

int64_t indexAt(const Tensor& indices, int64_t position, int64_t size)
{
    const auto at = static_cast<std::size_t>(position);
    const int64_t index = indices.dtype() == DType::Int64 ? indices.data<int64_t>()[at] : indices.data<int32_t>()[at];
    return insideOf(index, size);
}

void computeGatherElements(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const std::size_t axis = axisOf(node, shape.rank(), 0);
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        Shape from = index;
        from[axis] = indexAt(in[1], at, shape[axis]);
        copyElement(in[0], positionOf(from, shape), out[0], at);
    });
}

void computeGatherND(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape &data = in[0].shape(), &tuples = in[1].shape();
    const auto batch = static_cast<std::size_t>(node.attributes.integer("batch_dims", 0));
    const int64_t length = tuples.back();
    forEachIndex(out[0].shape(), [&](const Shape& index, int64_t at) {
        int64_t tuple = 0; // the axes of the tuples come first in the output
        for (std::size_t i = 0; i + 1 < tuples.rank(); ++i)
            tuple = tuple * tuples[i] + index[i];
        Shape from = data;
        for (std::size_t i = 0; i < data.rank(); ++i) {
            const auto part = static_cast<int64_t>(i) - static_cast<int64_t>(batch);
            from[i] = part < 0        ? index[i]
                      : part < length ? indexAt(in[1], tuple * length + part, data[i])
                                      : index[i + tuples.rank() - 1 - batch - static_cast<std::size_t>(length)];
        }
        copyElement(in[0], positionOf(from, data), out[0], at);
    });
}

/// Of equal values the first place first.
void computeTopK(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape& shape = in[0].shape();
    const std::size_t axis = axisOf(node, shape.rank(), -1);
    const bool largest = node.attributes.integer("largest", 1) != 0;
    Shape lines = shape;
    lines[axis] = 1;
    forEachIndex(lines, [&](const Shape& index, int64_t) {
        const auto valueAt = [&](int64_t place) {
            Shape from = index;
            from[axis] = place;
            return in[0].floats()[static_cast<std::size_t>(positionOf(from, shape))];
        };
        std::vector<int64_t> places(static_cast<std::size_t>(shape[axis]));
        std::iota(places.begin(), places.end(), int64_t{0});
        std::ranges::stable_sort(places, [&](int64_t a, int64_t b) {
            return largest ? valueAt(a) > valueAt(b) : valueAt(a) < valueAt(b);
        });
        for (int64_t k = 0; k < node.attributes.integer("k", 0); ++k) {
            Shape to = index;
            to[axis] = k;
            Shape outputs = shape;
            outputs[axis] = node.attributes.integer("k", 0);
            const auto at = static_cast<std::size_t>(positionOf(to, outputs));
            const int64_t place = places[static_cast<std::size_t>(k)];
            if (!out[0].empty())
                out[0].mutableData<float>()[at] = valueAt(place);
            if (out.size() > 1 && !out[1].empty())
                out[1].mutableData<int64_t>()[at] = place;
        }
    });
}

} // namespace

Compute places(std::string_view op)
{
    if (op == "GatherElements")
        return computeGatherElements;
    if (op == "GatherND")
        return computeGatherND;
    return op == "TopK" ? computeTopK : nullptr;
}

} // namespace qs::exec::reference
