#pragma once

#include "core/graph/graph.h"
#include "core/graph/sites.h"

namespace qs::graph {

/// Finds sites, roles and blocks from structure. Never fails: what it cannot recognise gets a general role.
SiteTable findSites(const Graph& graph);

} // namespace qs::graph
