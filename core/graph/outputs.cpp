#include "core/graph/outputs.h"

#include <algorithm>

namespace qs::graph {

namespace {

Shape ofOneImage(const Shape& shape, int64_t batch)
{
    // [classes] alone has no axis of images: a run of one image may leave it out.
    if (shape.rank() < 2 && !(shape.rank() == 1 && batch > 1))
        return shape;
    if (shape[0] != batch)
        return shape;
    Shape one;
    for (std::size_t axis = 1; axis < shape.rank(); ++axis)
        one.push_back(shape[axis]);
    return one;
}

} // namespace

std::vector<OutputSpan> outputLayout(const Graph& graph)
{
    std::vector<OutputSpan> layout;
    std::size_t first = 0;
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
        const Shape& shape = graph.value(graph.outputs()[i]).shape;
        const auto size = static_cast<std::size_t>(shape.elements() / graph.batch());
        layout.push_back({graph.outputName(i), ofOneImage(shape, graph.batch()), first, size});
        first += size;
    }
    return layout;
}

void toRows(std::span<const OutputSpan> layout, int64_t batch, std::span<const float* const> outputs, float* rows)
{
    const std::size_t width = layout.back().first + layout.back().size;
    for (std::size_t o = 0; o < layout.size(); ++o)
        for (std::size_t image = 0; image < static_cast<std::size_t>(batch); ++image)
            std::copy_n(outputs[o] + image * layout[o].size, layout[o].size, rows + image * width + layout[o].first);
}

} // namespace qs::graph
