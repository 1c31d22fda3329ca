#pragma once

#include "core/graph/graph.h"

#include <string>

namespace qs::graph {

/// Multi-line text of a graph: `y:1x197x576 = Linear(x, w, b) axis=1`. For tests and messages.
std::string dump(const Graph& graph);

} // namespace qs::graph
