#pragma once

#include "core/graph/graph.h"

#include <cstdint>

namespace qs::graph {

/// Values that the graph's outputs have for one image, together (see outputLayout): all of them where there is no
/// axis of images.
int64_t outputsPerImage(const Graph& graph);

/// Whether there is one output, and it is a row of numbers an image, [batch, classes] with any sizes of 1 beside:
/// class scores, as far as a shape can say. Everything else is a tensor, without classes, labels and a softmax.
bool givesScores(const Shape& output, int64_t batch);
bool givesScores(const Graph& graph);

} // namespace qs::graph
