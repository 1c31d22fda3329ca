#pragma once

#include "core/base/tensor.h"
#include "core/graph/sites.h"

#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace qs::exec {

/// What a quantizer does to an activation: dst = dequantize(quantize(src)), element by element; the channel decides
/// the parameters where they differ by channel. Implementations are immutable and safe to call from several threads.
class ElementMap {
public:
    virtual ~ElementMap() = default;
    /// src and dst: [layout.outer, layout.channels, layout.inner] row-major; they may be the same memory.
    virtual void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const = 0;
    /// dL/dsrc from dL/ddst, in place, by the straight-through estimator: rounding and clipping count as the
    /// identity, so what is left is the scale between src and dst. Maps that approximate src itself leave it as it
    /// is.
    virtual void straightThrough(float* /*gradient*/, const graph::ChannelLayout& /*layout*/) const {}
};

/// What replaces the float network's values while a program runs. Empty: the float network.
struct Simulation {
    /// By SiteId; null or missing: the site stays in float. Only activation sites.
    std::vector<std::shared_ptr<const ElementMap>> activations;
    /// Constants (dequantized weights, bias, folded LayerNorm parameters) by the input that reads them. An absent
    /// optional input (the bias of a Linear without one) may be given here too.
    std::map<graph::Use, Tensor> constants;
    /// Operators in place of the graph's, by node: the same outputs, and the inputs that `constants` adds
    /// (IntegerLayerNormalization in place of LayerNormalization).
    std::map<NodeId, std::string_view> operators;
};

/// A node as the simulation computes it: its operator, and as many inputs as it reads. Inputs that the simulation
/// alone gives have a valid id that means nothing.
graph::Node simulatedNode(const graph::Graph& graph, NodeId id, const Simulation& simulation);

} // namespace qs::exec
