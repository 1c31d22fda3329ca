#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/graph/graph.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace qs::exec {

/// Values inside the float network: [run][wanted], each in the value's shape, a run of Graph::batch() images at a
/// time (a last run is filled up by repeating its last image). Operator by operator, nothing fused: for searches that
/// need inputs and outputs of single layers. Memory: all that is returned, and one run a thread. `wanted`: computed
/// values or the graph's input. Errors: the image's; the operator's; Cancelled.
Result<std::vector<std::vector<Tensor>>> recordValues(const graph::Graph& graph, const ImageSource& images,
                                                      std::size_t first, std::size_t count,
                                                      std::span<const TensorId> wanted, const Context& context,
                                                      std::string_view stage);

} // namespace qs::exec
