#pragma once

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/graph/bridges.h"
#include "core/graph/graph.h"
#include "core/graph/roles.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::graph {

enum class SiteKind { Weight, Activation };

/// Which sites are quantized. MatMul: weights and inputs of all linear layers and convolutions, both operands of
/// Q·Kᵀ and A·V, head. Full: also inputs of LayerNorm, softmax, GELU, SiLU and Hardswish, residual sums and logits.
enum class Coverage { MatMul, Full };

/// How a tensor splits around its channel axis: [outer, channels, inner], row-major.
struct ChannelLayout {
    int64_t outer = 1;
    int64_t channels = 1;
    int64_t inner = 1;
    int64_t elements() const { return outer * channels * inner; }
};

/// One place where a quantizer can sit: a weight, or an activation on its way into operators. A tensor that several
/// operators read (LayerNorm output -> q, k, v) is one site. A residual branch that reads the same tensor is not a
/// user of the site: it keeps the float value.
struct Site {
    SiteId id;
    std::string name;  ///< stable and unique, made of block and role: "blocks.3.fc2.input", "blocks.3.fc2.weight"
    std::string layer; ///< name of the operator it belongs to: "blocks.3.fc2" (several sites share it)
    SiteKind kind = SiteKind::Activation;
    Role role = Role::Linear;
    int block = -1;  ///< number of the transformer (or convolution) block from the input on; -1: stem; -2: head
    int bridge = -1; ///< number of the bridge block (SiteTable::bridges) that one of its readers belongs to, or -1
    std::string nodeName;  ///< the file's name of the first operator that reads it
    std::string valueName; ///< the file's name of the tensor
    TensorId tensor;
    std::vector<Use> uses; ///< readers that see the quantized value
    Shape shape;           ///< of the tensor, for one run of the graph
    /// Axis of channels. Activations: the one contracted with the weights (last for linear layers and left operands,
    /// the second last for right operands of MatMul, 1 for convolutions). Weights: output channels (1 for Linear, 0
    /// for Conv).
    std::size_t channelAxis = 0;
    ChannelLayout layout;                 ///< shape around channelAxis
    Coverage coverage = Coverage::MatMul; ///< the smallest coverage that includes it
    int64_t macs = 0;                     ///< multiply-accumulates of its readers, for one image

    int64_t elements() const { return layout.elements(); }
};

/// All sites of a graph, in the order of execution; the weight of an operator follows its input. Copies share the
/// data.
class SiteTable {
public:
    SiteTable() : SiteTable(std::vector<Site>{}) {}
    explicit SiteTable(std::vector<Site> sites, std::vector<BridgeBlock> bridges = {});

    std::size_t size() const { return m_data->sites.size(); }
    const Site& operator[](SiteId id) const { return m_data->sites[id.index()]; }
    std::span<const Site> all() const { return m_data->sites; }
    auto begin() const { return m_data->sites.begin(); }
    auto end() const { return m_data->sites.end(); }
    /// Number of blocks (largest block + 1).
    int blocks() const;
    /// Bridge blocks in order; none in networks of one layout.
    std::span<const BridgeBlock> bridges() const { return m_data->bridges; }
    /// Sites whose readers belong to a bridge block, in order.
    std::vector<SiteId> ofBridge(int bridge) const;
    /// Invalid id where there is none.
    SiteId find(std::string_view name) const;
    /// The site whose quantized value input `use` reads; invalid where it reads float.
    SiteId at(Use use) const;
    /// Sites of one operator (`Site::layer`), inputs before weight.
    std::vector<SiteId> ofLayer(std::string_view layer) const;

private:
    struct Data {
        std::vector<Site> sites;
        std::vector<BridgeBlock> bridges;
        std::vector<std::pair<Use, SiteId>> uses; ///< sorted
    };
    std::shared_ptr<const Data> m_data;
};

} // namespace qs::graph
