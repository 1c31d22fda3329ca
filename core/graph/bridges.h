#pragma once

#include "core/base/ids.h"

#include <string_view>
#include <vector>

namespace qs::graph {

class Graph;
struct Structure;

/// A bridge block: where a hybrid network converts between local (convolutional) and global (attention)
/// representations. Q-HyViT (arXiv 2303.12557, Table I and eq. of O^bb) quantizes its layers by the error at the
/// block's output instead of their own. Found from structure alone:
///
///   Entry     the last block of convolutions before an attention, if the attention does not follow another
///   attention's
///             block, and if it is not the patch embedding; and what lies between (residual, unfold, flatten,
///             transpose). Output: the value that the attention's residual branch reads, walking back from its first
///             layers over normalisations and movements.
///   Crossing  a whole attention whose queries come from a feature map and whose keys from tokens, or the reverse,
///   with the
///             residual sum (and norm) that ends it. Output: that sum.
///
/// What is found, and what Table I says in brackets:
///   MobileViT v1, v2      3 entries [3]: 3×3 and 1×1 convolution (v2: depthwise and 1×1), unfold
///   EfficientFormer V1    1 entry [1]: the last 4-D block, flatten and transpose
///   EfficientFormer V2    2 entries [2]: the last convolutional block of stages 3 and 4 before their first attention
///   Mobile-Former         26M, 52M, 96M: 17 crossings [15]: 8 blocks with Mobile -> Former and Former -> Mobile, and
///                         one more Mobile -> Former before the classifier, as their authors' code has them; the
///                         larger ones have 11 blocks, so 23. The table has 15 for all sizes, which fits none:
///                         without the first (whose queries are a constant) and the last (which only the classifier
///                         reads) the small ones would have 15. Both convert, so they are counted here
///   LeViT 1 (its stem), TinyViT 3, PVT v2 3, EdgeNeXt 3, EfficientViT-B 2: entries; the paper has none of them
///   ViT, DeiT, Swin, ConvNeXt, PoolFormer, FastViT-T: none
/// Released code of Q-HyViT has a list of layer numbers instead: mobilevit_s 17, 18 | 36, 37 | 67, 68 (counted from
/// 1: the two convolutions of each entry here); efficientformer_l1 26, 27, 28 (the last stage's first convolutions,
/// before its entry here).
struct BridgeBlock {
    enum class Kind { Entry, Crossing };
    Kind kind = Kind::Entry;
    std::vector<NodeId> nodes; ///< all operators from its first layer to the output, in order
    TensorId output;           ///< where its error is measured
    int block = -1;            ///< Site::block of its first layer
};
/// "entry" or "crossing"
std::string_view bridgeKindName(BridgeBlock::Kind kind);

/// Bridge blocks by the definition above; a step after the others.
std::vector<BridgeBlock> findBridges(const Graph& graph, const Structure& structure);

} // namespace qs::graph
