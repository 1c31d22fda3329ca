#include "core/graph/find_sites.h"
#include "core/graph/bridges.h"
#include "core/graph/op_traits.h"
#include "core/graph/sites.h"
#include "core/graph/structure.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace qs::graph {

namespace {

constexpr int kHead = -2;

std::string_view layerWord(Role role)
{
    switch (role) {
    case Role::PatchEmbed:
        return "patch_embed";
    case Role::Qkv:
        return "qkv";
    case Role::Query:
        return "q";
    case Role::Key:
        return "k";
    case Role::Value:
        return "v";
    case Role::Proj:
        return "proj";
    case Role::Fc1:
        return "fc1";
    case Role::Fc2:
        return "fc2";
    case Role::Downsample:
        return "downsample";
    case Role::Conv:
        return "conv";
    case Role::DepthwiseConv:
        return "dwconv";
    case Role::PointwiseConv:
        return "pwconv";
    case Role::Bridge:
        return "bridge";
    case Role::Head:
        return "head";
    default:
        return "linear";
    }
}

ChannelLayout layoutOf(const Shape& shape, std::size_t axis)
{
    if (shape.empty())
        return {};
    return {shape.product(0, axis), shape[axis], shape.product(axis + 1, shape.rank())};
}

bool isBothActivations(const Graph& graph, const Node& node)
{
    return !graph.value(node.inputs[0]).isConstant() && !graph.value(node.inputs[1]).isConstant();
}

/// "gelu", "hardswish", ...
std::string lowerCase(std::string word)
{
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
}

class SiteFinder {
public:
    explicit SiteFinder(const Graph& graph) : m_graph(graph), m_structure(findStructure(graph))
    {
        for (const Attention& attention : m_structure.attention)
            if (attention.softmax.valid())
                m_softmaxes.insert(attention.softmax);
    }

    SiteTable run()
    {
        findNextBlocks();
        for (std::size_t n = 0; n < m_graph.nodes().size(); ++n)
            addNode(NodeId(n));
        addLogits();
        return SiteTable(std::move(m_sites), findBridges(m_graph, m_structure));
    }

private:
    /// Per node: the block of the first layer after it, for normalisations.
    void findNextBlocks()
    {
        m_nextBlock.assign(m_graph.nodes().size(), kHead);
        int next = kHead;
        for (std::size_t n = m_graph.nodes().size(); n-- > 0;) {
            if (const auto it = m_structure.blocks.find(NodeId(n)); it != m_structure.blocks.end())
                next = it->second;
            m_nextBlock[n] = next;
        }
    }

    void addNode(NodeId id)
    {
        const Node& node = m_graph.node(id);
        if (isLayer(m_graph, node)) {
            m_block = m_structure.blocks.at(id);
            if (node.op == "MatMul")
                addProduct(id);
            else
                addWeighted(id);
        } else if (node.op == "LayerNormalization") {
            addFull(id, Role::LayerNormInput, numbered(m_nextBlock[id.index()], "norm"), m_nextBlock[id.index()],
                    m_graph.value(node.inputs[0]).shape.rank() - 1);
        } else if (node.op == "Softmax" && m_softmaxes.contains(id)) {
            addFull(id, Role::SoftmaxInput, unique(m_block, "softmax"), m_block,
                    static_cast<std::size_t>(node.attributes.integer("axis", 0)));
        } else if (has(node, OpTrait::Dips)) {
            addFull(id, Role::GeluInput, unique(m_block, lowerCase(node.op)), m_block, channelAxis(node.inputs[0]));
        } else if (node.op == "Add" && isBothActivations(m_graph, node) &&
                   m_graph.value(node.inputs[0]).shape == m_graph.value(node.inputs[1]).shape) {
            addResidual(id);
        }
    }

    std::string prefix(int block) const
    {
        return block == kHead ? std::string("head.")
               : block < 0    ? std::string("stem.")
                              : "blocks." + std::to_string(block) + ".";
    }

    /// "blocks.3.conv", then "blocks.3.conv2", "blocks.3.conv3".
    std::string unique(int block, std::string_view word)
    {
        std::string name = prefix(block) + std::string(word);
        if (word == "patch_embed" || word == "head")
            name = word;
        const int count = ++m_names[name];
        return count == 1 ? name : name + std::to_string(count);
    }

    /// "blocks.3.norm1", "blocks.3.norm2"; the one before the head is "head.norm".
    std::string numbered(int block, std::string_view word)
    {
        if (block == kHead)
            return unique(block, word);
        const std::string name = prefix(block) + std::string(word);
        return name + std::to_string(++m_names[name]);
    }

    Site makeSite(std::string name, std::string layer, SiteKind kind, Role role, int block, TensorId tensor,
                  std::size_t axis) const
    {
        Site site;
        site.name = std::move(name);
        site.layer = std::move(layer);
        site.kind = kind;
        site.role = role;
        site.block = block;
        site.valueName = m_graph.value(tensor).name;
        site.tensor = tensor;
        site.shape = m_graph.value(tensor).shape;
        site.channelAxis = axis;
        site.layout = layoutOf(site.shape, axis);
        return site;
    }

    /// Adds input `input` of a layer to the site of its tensor and axis, or makes the site.
    void addInput(NodeId id, int input, std::string name, const std::string& layer, SiteKind kind, Role role,
                  std::size_t axis)
    {
        const TensorId tensor = m_graph.node(id).inputs[static_cast<std::size_t>(input)];
        const auto [it, isNew] = m_index.emplace(std::pair(tensor, axis), m_sites.size());
        if (isNew) {
            m_sites.push_back(makeSite(std::move(name), layer, kind, role, m_block, tensor, axis));
            m_sites.back().nodeName = m_graph.node(id).name;
        }
        m_sites[it->second].uses.push_back({id, input});
        m_sites[it->second].macs += multiplyAccumulates(m_graph, m_graph.node(id));
    }

    void addWeighted(NodeId id)
    {
        const Node& node = m_graph.node(id);
        const Role role = m_structure.roles.at(id);
        const std::string layer = unique(m_block, layerWord(role));
        const bool isConv = node.op == "Conv";
        const std::size_t inputAxis = isConv ? 1 : m_graph.value(node.inputs[0]).shape.rank() - 1;
        addInput(id, 0, layer + ".input", layer, SiteKind::Activation, role, inputAxis);
        addInput(id, 1, layer + ".weight", layer, SiteKind::Weight, role, isConv ? 0 : 1);
    }

    void addProduct(NodeId id)
    {
        std::string_view words[2] = {"a", "b"};
        Role roles[2] = {Role::MatMulOperand, Role::MatMulOperand};
        std::string layer;
        const auto it = m_structure.attentionOf.find(id);
        const Attention attention = it == m_structure.attentionOf.end()
                                        ? Attention{}
                                        : m_structure.attention[static_cast<std::size_t>(it->second)];
        if (attention.softmax.valid()) {
            if (attention.product == id) {
                layer = unique(m_block, "qk");
                words[0] = "query";
                words[1] = "key";
                roles[0] = Role::QueryOperand;
                roles[1] = Role::KeyOperand;
            } else {
                layer = unique(m_block, "av");
                words[attention.softmaxSlot] = "softmax";
                words[1 - attention.softmaxSlot] = "value";
                roles[attention.softmaxSlot] = Role::SoftmaxOutput;
                roles[1 - attention.softmaxSlot] = Role::ValueOperand;
            }
        } else {
            layer = unique(m_block, "matmul");
        }
        const Node& node = m_graph.node(id);
        for (const int input : {0, 1}) {
            const std::size_t rank = m_graph.value(node.inputs[static_cast<std::size_t>(input)]).shape.rank();
            const std::size_t axis = rank < 2 || input == 0 ? rank - 1 : rank - 2;
            addInput(id, input, layer + "." + std::string(words[input]), layer, SiteKind::Activation, roles[input],
                     axis);
        }
    }

    void addFull(NodeId id, Role role, const std::string& layer, int block, std::size_t axis)
    {
        Site site =
            makeSite(layer + ".input", layer, SiteKind::Activation, role, block, m_graph.node(id).inputs[0], axis);
        site.nodeName = m_graph.node(id).name;
        site.uses = {{id, 0}};
        site.coverage = Coverage::Full;
        m_sites.push_back(std::move(site));
    }

    /// The sum as later sums read it; layers and normalisations that read it have sites of their own.
    void addResidual(NodeId id)
    {
        const TensorId sum = m_graph.node(id).outputs[0];
        const std::string layer = numbered(m_block, "residual");
        Site site = makeSite(layer, layer, SiteKind::Activation, Role::ResidualSum, m_block, sum, channelAxis(sum));
        site.coverage = Coverage::Full;
        for (const Use& use : m_graph.value(sum).uses) {
            const Node& reader = m_graph.node(use.node);
            if (isLayer(m_graph, reader) || reader.op == "LayerNormalization" || has(reader, OpTrait::Dips) ||
                m_softmaxes.contains(use.node))
                continue;
            if (site.uses.empty())
                site.nodeName = reader.name;
            site.uses.push_back(use);
        }
        if (!site.uses.empty())
            m_sites.push_back(std::move(site));
    }

    /// Several outputs stay float: boxes and scores have no common grid, and what reads them outside wants floats.
    void addLogits()
    {
        if (m_graph.outputs().size() > 1)
            return;
        const TensorId output = m_graph.output();
        const std::size_t rank = m_graph.value(output).shape.rank();
        Site site =
            makeSite("logits", "logits", SiteKind::Activation, Role::Logits, kHead, output, rank ? rank - 1 : 0);
        if (const NodeId producer = m_graph.value(output).producer; producer.valid())
            site.nodeName = m_graph.node(producer).name;
        site.coverage = Coverage::Full;
        m_sites.push_back(std::move(site));
    }

    /// 1 where the values come from a convolution, otherwise the last.
    std::size_t channelAxis(TensorId id) const
    {
        const std::size_t rank = m_graph.value(id).shape.rank();
        const auto sameLayout = [](const Node& node) {
            return isActivation(node) || node.op == "Add" || node.op == "Mul" || node.op == "BatchNormalization";
        };
        const auto layers = layersBefore(m_graph, id, sameLayout);
        const bool fromConv =
            std::any_of(layers.begin(), layers.end(), [&](NodeId layer) { return m_graph.node(layer).op == "Conv"; });
        return rank == 0 ? 0 : fromConv && rank > 1 ? 1 : rank - 1;
    }

    const Graph& m_graph;
    Structure m_structure;
    std::set<NodeId> m_softmaxes;
    std::vector<int> m_nextBlock;
    int m_block = -1; ///< of the layer before the current node
    std::map<std::string, int> m_names;
    std::map<std::pair<TensorId, std::size_t>, std::size_t> m_index;
    std::vector<Site> m_sites;
};

} // namespace

SiteTable findSites(const Graph& graph)
{
    return SiteFinder(graph).run();
}

} // namespace qs::graph
