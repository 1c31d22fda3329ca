#pragma once

#include "core/graph/find_sites.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"

#include <utility>

namespace qs::graph {

/// What everything above this folder works on: a graph and the places in it where a quantizer can sit. The sites
/// are those of this graph: ids and uses of the one mean nothing in another. Copies share the data.
struct Network {
    Graph graph;
    SiteTable sites;
};

/// The graph with the sites that findSites sees in it.
inline Network networkOf(Graph graph)
{
    SiteTable sites = findSites(graph);
    return {std::move(graph), std::move(sites)};
}

} // namespace qs::graph
