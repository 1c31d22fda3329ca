#pragma once

#include "core/graph/graph.h"

#include <string_view>

namespace qs::graph {

/// Parses the form that graph::dump writes (constants as `name:3 = [1 2 3]` or `name:4x8 = random(seed)`): small
/// graphs of tests. Errors: Malformed, naming the line; what Graph::create says.
Result<Graph> parse(std::string_view text);

} // namespace qs::graph
