#pragma once

#include "core/graph/graph.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace qs::graph {

/// One output of one image, as it lies in the row of numbers that a run gives for the image.
struct OutputSpan {
    std::string name;      ///< as in the file
    Shape shape;           ///< of one image: without the axis of images
    std::size_t first = 0; ///< of its numbers in the row
    std::size_t size = 0;

    std::span<const float> of(std::span<const float> row) const { return row.subspan(first, size); }
    std::span<float> of(std::span<float> row) const { return row.subspan(first, size); }
};

/// The outputs of a graph in their order. A row holds all of them, one after another, each in row-major order; a run
/// of several images gives a row for each.
std::vector<OutputSpan> outputLayout(const Graph& graph);

/// Copies outputs as runs compute them ([batch, ...], one tensor each) into rows [batch, elements]. `outputs`: in the
/// order of the layout.
void toRows(std::span<const OutputSpan> layout, int64_t batch, std::span<const float* const> outputs, float* rows);

} // namespace qs::graph
