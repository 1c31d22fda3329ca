#include "core/graph/structure.h"

#include <algorithm>
#include <map>

namespace qs::graph {

namespace {

constexpr int kStem = -1, kHead = -2;

/// Whether an activation reads the layer's result: then more of the same group of convolutions follows.
bool isActivated(const Graph& graph, const Node& layer)
{
    for (const Use& use : graph.value(layer.outputs[0]).uses)
        if (isActivation(graph.node(use.node)))
            return true;
    return false;
}

/// Fusion of two branches.
bool readsConcat(const Graph& graph, const Node& layer)
{
    const NodeId producer = graph.value(layer.inputs[0]).producer;
    return producer.valid() && graph.node(producer).op == "Concat";
}

} // namespace

/// Layers in order. An attention begins a block, the MLP after it belongs to it, an MLP without attention is a block
/// of its own; a group of convolutions is a block and ends with one that no activation follows (a linear bottleneck,
/// a residual).
void findBlocks(const Graph& graph, Structure& structure)
{
    enum class Kind { None, Attention, Mlp, Convolutions };
    Kind kind = Kind::None;
    int block = -1;
    std::map<int, int> blockOfAttention;
    bool groupEnded = false;
    for (const NodeId id : structure.layers) {
        const auto role = structure.roles.find(id);
        if (role != structure.roles.end() && role->second == Role::PatchEmbed) {
            structure.blocks[id] = kStem;
            continue;
        }
        if (role != structure.roles.end() && role->second == Role::Head) {
            structure.blocks[id] = kHead;
            continue;
        }
        const auto inAttention = structure.attentionOf.find(id);
        if (inAttention != structure.attentionOf.end()) {
            if (blockOfAttention.emplace(inAttention->second, block + 1).second)
                ++block;
            structure.blocks[id] = blockOfAttention[inAttention->second];
            kind = Kind::Attention;
            continue;
        } else if (role != structure.roles.end() && role->second == Role::Fc1) {
            if (kind != Kind::Attention)
                ++block;
            kind = Kind::Mlp;
        } else if (graph.node(id).op == "Conv" && role->second != Role::Fc2) {
            if (kind != Kind::Convolutions || groupEnded)
                ++block;
            kind = Kind::Convolutions;
            groupEnded = !isActivated(graph, graph.node(id)) || readsConcat(graph, graph.node(id));
        }
        structure.blocks[id] = std::max(block, kStem);
    }
}

} // namespace qs::graph
