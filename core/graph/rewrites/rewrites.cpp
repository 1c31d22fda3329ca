#include "core/graph/rewrites/rewrites.h"

#include "core/graph/rewrites/editor.h"

namespace qs::graph {

Result<Graph> canonicalise(GraphData data, Bypassed bypassed, RewriteSet rewrites)
{
    constexpr bool (*kRewrites[])(Editor&, NodeId) = {fuseLinear, fuseConvolution, fuseLayerNormalization,
                                                      fuseGelu,   fuseSoftmax,     fuseActivation};
    static_assert(std::size(kRewrites) == kRewriteNames.size());
    // Creating the graph first proves that ids are in range and that there is no cycle, and drops dead readers.
    // Bypassed positions follow their values by name, because creating renumbers.
    std::map<std::string, std::vector<int>, std::less<>> positions;
    for (auto& [id, list] : bypassed)
        positions[data.values[id.index()].name] = std::move(list);
    QS_ASSIGN(const Graph checked, Graph::create(std::move(data)));
    bypassed.clear();
    for (std::size_t v = 0; v < checked.values().size(); ++v)
        if (const auto it = positions.find(checked.values()[v].name); it != positions.end())
            bypassed[TensorId(v)] = std::move(it->second);

    Editor editor(checked.data(), std::move(bypassed));
    // Nodes are sorted, so whatever an anchor builds upon has been rewritten before; one node may be fused
    // repeatedly.
    for (std::size_t n = 0; n < editor.nodeCount(); ++n) {
        bool changed = true;
        while (changed && editor.alive(NodeId(n))) {
            changed = false;
            for (std::size_t r = 0; r < std::size(kRewrites); ++r)
                if ((rewrites >> r & 1) != 0 && editor.alive(NodeId(n)) && kRewrites[r](editor, NodeId(n))) {
                    changed = true;
                    break;
                }
        }
    }
    return Graph::create(std::move(editor).take());
}

} // namespace qs::graph
