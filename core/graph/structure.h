#pragma once

#include "core/graph/bridges.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"

#include <map>
#include <vector>

namespace qs::graph {

/// One attention. Ids are of MatMul and Softmax nodes. Separable attention (softmax · K summed over tokens, times V)
/// has neither product; linear attention, Q·(Kᵀ·V), has no softmax; where the queries are a constant, there is no
/// product of two activations.
struct Attention {
    NodeId product;      ///< Q·Kᵀ (linear attention: Kᵀ·V), or invalid
    NodeId softmax;      ///< or invalid
    NodeId sum;          ///< A·V (linear attention: the other product), or invalid
    int softmaxSlot = 0; ///< input of `sum` that the softmax feeds
};

/// What the operators of a graph are in the network.
struct Structure {
    std::vector<NodeId> layers; ///< Linear, Conv and MatMul nodes on activations, in order
    std::vector<Attention> attention;
    std::map<NodeId, Role> roles;      ///< of Linear and Conv nodes
    std::map<NodeId, int> attentionOf; ///< layers that belong to an attention: its index
    std::map<int, int> joined;         ///< attentions (heads) that share the projection of another one: its index
    std::map<NodeId, int> blocks;      ///< of all layers
};

/// True for Linear and Conv nodes with a constant weight, and MatMul nodes of two activations.
bool isLayer(const Graph& graph, const Node& node);

/// Finds attention, roles and blocks from operators and shapes alone.
Structure findStructure(const Graph& graph);

// The steps of findStructure, in their order.
void findAttention(const Graph& graph, Structure& structure);
void findRoles(const Graph& graph, Structure& structure);
void findBlocks(const Graph& graph, Structure& structure);

/// Layers met first when walking from a value to what produced it, through nodes that `through` accepts. Only the
/// data inputs of a node are followed, not constants. Ends after 200 nodes, like the next one, or 1000 looks. Sorted.
std::vector<NodeId> layersBefore(const Graph& graph, TensorId from, bool (*through)(const Node&));
/// Readers met first when walking from a value to its readers, through nodes that `through` accepts: uses of nodes
/// that it does not accept.
std::vector<Use> readersAfter(const Graph& graph, TensorId from, bool (*through)(const Node&));

/// Moves elements, or represents them in another way (Cast, FakeQuantize, Resize): computes nothing of its own.
bool isMovement(const Node& node);
/// Gelu, Relu, Silu, ...
bool isActivation(const Node& node);
/// Multiply-accumulates of one image: of products (Linear, MatMul, Conv, ConvTranspose, Einsum without an ellipsis);
/// 0 for all else.
int64_t multiplyAccumulates(const Graph& graph, const Node& node);
/// Between the projections of an attention and its products: split into heads, scale, normalise, activate.
bool isOperandStep(const Node& node);
/// Convolution of one input channel a group.
bool isDepthwise(const Graph& graph, const Node& node);

} // namespace qs::graph
