#include "core/graph/structure.h"

#include <algorithm>

namespace qs::graph {

namespace {

bool anything(const Node&)
{
    return true;
}

bool isHeadStep(const Node& node)
{
    return isMovement(node) || node.op == "Softmax" || node.op == "LogSoftmax" || node.op == "Add" ||
           node.op == "Mul" || node.op == "Div" || node.op == "Sigmoid";
}

bool isMlpStep(const Node& node)
{
    return isActivation(node) || node.op == "Reshape" || node.op == "Transpose" || node.op == "BatchNormalization";
}

bool isMergeStep(const Node& node)
{
    return isMovement(node) || node.op == "LayerNormalization";
}

/// From a convolution to tokens: positions may be added on the way.
bool isToTokensStep(const Node& node)
{
    return isMovement(node) || isActivation(node) || node.op == "Add";
}

bool allOnes(const std::vector<int64_t>& list)
{
    return std::all_of(list.begin(), list.end(), [](int64_t value) { return value == 1; });
}

bool isPointwise(const Graph& graph, const Node& node)
{
    if (node.op != "Conv" || node.attributes.integer("group", 1) != 1)
        return false;
    const Shape& weight = graph.value(node.inputs[1]).shape;
    return weight.product(2, weight.rank()) == 1;
}

bool isStrided(const Node& node)
{
    return node.op == "Conv" && !allOnes(node.attributes.integers("strides"));
}

class RoleFinder {
public:
    RoleFinder(const Graph& graph, Structure& structure) : m_graph(graph), m_structure(structure) {}

    void run()
    {
        findPatchEmbed();
        findHead();
        for (const NodeId id : m_structure.layers)
            findMlp(id);
        for (const NodeId id : m_structure.layers)
            if (isFree(id))
                m_structure.roles[id] = general(id);
    }

private:
    bool isFree(NodeId id) const { return m_graph.node(id).op != "MatMul" && !m_structure.roles.contains(id); }
    const Shape& shape(TensorId id) const { return m_graph.value(id).shape; }

    void findPatchEmbed()
    {
        for (const NodeId id : m_structure.layers) {
            if (!isFree(id) || !layersBefore(m_graph, m_graph.node(id).inputs[0], anything).empty())
                continue;
            m_structure.roles[id] = Role::PatchEmbed;
            return;
        }
    }

    void findHead()
    {
        for (const TensorId output : m_graph.outputs())
            for (const NodeId id : layersBefore(m_graph, output, isHeadStep))
                if (isFree(id))
                    m_structure.roles[id] = Role::Head;
    }

    /// `id` as the first layer of an MLP: layer, activation, layer of the same kind. A pair of pointwise convolutions
    /// is an MLP only if it widens and returns to its width (squeeze-and-excitation narrows).
    void findMlp(NodeId id)
    {
        const Node& first = m_graph.node(id);
        if (!isFree(id) || (first.op == "Conv" && (!isPointwise(m_graph, first) || isStrided(first))))
            return;
        auto readers = readersAfter(m_graph, first.outputs[0], isMlpStep);
        const bool isMixed = first.op == "Linear" && readers.size() == 1 && isFilter(readers.front().node);
        if (isMixed) // a depthwise convolution between the two layers
            readers = readersAfter(m_graph, m_graph.node(readers.front().node).outputs[0], isMlpStep);
        if (readers.size() != 1 || readers.front().input != 0 || !isFree(readers.front().node))
            return;
        const NodeId secondId = readers.front().node;
        const Node& second = m_graph.node(secondId);
        if (second.op != first.op || (!isMixed && !isActivated(first)))
            return;
        if (first.op == "Conv") {
            const Shape& a = shape(first.inputs[1]);
            const Shape& b = shape(second.inputs[1]);
            if (!isPointwise(m_graph, second) || isStrided(second) || a[0] <= a[1] || b[0] != a[1])
                return;
        } else if (shape(second.inputs[1])[1] != shape(first.inputs[1])[0]) {
            return; // makes parameters of something else
        }
        m_structure.roles[id] = Role::Fc1;
        m_structure.roles[secondId] = Role::Fc2;
    }

    bool isFilter(NodeId id) const
    {
        return isDepthwise(m_graph, m_graph.node(id)) && !isStrided(m_graph.node(id)) && isFree(id);
    }

    bool isActivated(const Node& layer) const
    {
        const auto keepsChannels = [](const Node& node) {
            return isMovement(node) || node.op == "BatchNormalization";
        };
        for (const Use& use : readersAfter(m_graph, layer.outputs[0], keepsChannels))
            if (isActivation(m_graph.node(use.node)))
                return true;
        return false;
    }

    /// A linear layer on tokens that were gathered side by side: as many elements as before in longer rows.
    bool isPatchMerging(const Node& linear) const
    {
        const Shape& rows = shape(linear.inputs[0]);
        if (rows.rank() < 3 || rows.product(1, rows.rank() - 1) <= 1)
            return false;
        TensorId id = linear.inputs[0];
        while (m_graph.value(id).producer.valid()) {
            const Node& node = m_graph.node(m_graph.value(id).producer);
            if (node.op == "Concat") {
                return shape(linear.inputs[0]).back() > shape(node.inputs[0]).back() &&
                       shape(linear.inputs[0]).rank() > 1;
            }
            if (!isMergeStep(node))
                break;
            id = node.inputs[0];
        }
        return shape(id).rank() > 1 && shape(linear.inputs[0]).back() > shape(id).back() &&
               shape(linear.inputs[0]).elements() == shape(id).elements() && m_graph.value(id).producer.valid() &&
               m_graph.node(m_graph.value(id).producer).op != "Conv";
    }

    /// Whether the value is transposed, then normalised in groups: convolutions that work on unfolded patches.
    bool isUnfolded(TensorId id) const
    {
        const auto keepsOrder = [](const Node& node) { return isMovement(node) && node.op != "Transpose"; };
        for (const Use& transpose : readersAfter(m_graph, id, keepsOrder)) {
            if (m_graph.node(transpose.node).op != "Transpose")
                continue;
            for (const Use& use : readersAfter(m_graph, m_graph.node(transpose.node).outputs[0], isMovement))
                if (m_graph.node(use.node).op == "InstanceNormalization")
                    return true;
        }
        return false;
    }

    /// A convolution whose result becomes tokens, or that reads what were tokens: LayerNorm and Linear work on the
    /// last axis, so elements moved between them and the convolution.
    bool isBridge(const Node& conv) const
    {
        if (isUnfolded(conv.outputs[0]))
            return true;
        for (const Use& use : readersAfter(m_graph, conv.outputs[0], isToTokensStep)) {
            const std::string& op = m_graph.node(use.node).op;
            if (op == "LayerNormalization" || op == "Linear")
                return true;
        }
        TensorId id = conv.inputs[0];
        while (m_graph.value(id).producer.valid()) {
            const Node& node = m_graph.node(m_graph.value(id).producer);
            if (!isMovement(node) || node.op == "Concat")
                return id != conv.inputs[0] &&
                       (node.op == "LayerNormalization" || node.op == "Linear" || node.op == "Add");
            id = node.inputs[0];
        }
        return false;
    }

    Role general(NodeId id) const
    {
        const Node& node = m_graph.node(id);
        if (node.op == "Linear")
            return isPatchMerging(node) ? Role::Downsample : Role::Linear;
        const Shape& weight = shape(node.inputs[1]);
        if (isDepthwise(m_graph, node))
            return Role::DepthwiseConv;
        if (isStrided(node))
            return Role::Downsample;
        if (isBridge(node))
            return Role::Bridge;
        return weight.product(2, weight.rank()) == 1 ? Role::PointwiseConv : Role::Conv;
    }

    const Graph& m_graph;
    Structure& m_structure;
};

} // namespace

void findRoles(const Graph& graph, Structure& structure)
{
    RoleFinder(graph, structure).run();
}

} // namespace qs::graph
