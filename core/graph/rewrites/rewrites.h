#pragma once

#include "core/base/error.h"
#include "core/graph/graph.h"
#include "core/graph/rewrites/rewrite_set.h"

#include <map>
#include <vector>

namespace qs::graph {

class Editor;

/// Positions in the file's node list of no-ops (Identity, Dropout, casts to the same type) through which readers of a
/// value saw it. They become sources of the node that swallows the value.
using Bypassed = std::map<TensorId, std::vector<int>>;

/// Applies the rewrites until none fits, then checks and completes the graph.
Result<Graph> canonicalise(GraphData data, Bypassed bypassed = {}, RewriteSet rewrites = kAllRewrites);

// Each looks at the group of nodes that ends in `anchor`, and true says that it was replaced by one canonical node. A
// value that other nodes read too is never swallowed.

/// MatMul with a constant matrix; Linear + bias; Linear + BatchNormalization of its columns, a Reshape between or not
bool fuseLinear(Editor& editor, NodeId anchor);
bool fuseConvolution(Editor& editor, NodeId anchor); ///< Conv + bias; Conv + BatchNormalization
bool fuseLayerNormalization(Editor& editor,
                            NodeId anchor);         ///< (x - mean) / sqrt(variance + eps); then · gamma, + beta
bool fuseGelu(Editor& editor, NodeId anchor);       ///< x · (1 + erf(x / √2)) / 2 and its tanh approximation
bool fuseSoftmax(Editor& editor, NodeId anchor);    ///< exp(x - max) / sum
bool fuseActivation(Editor& editor, NodeId anchor); ///< x · sigmoid(x); x · hardsigmoid(x)

} // namespace qs::graph
