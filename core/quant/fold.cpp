#include "core/quant/fold.h"
#include "core/exec/op.h"
#include "core/graph/op_traits.h"
#include "core/graph/structure.h"
#include "core/quant/smoothing.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

namespace qs::quant {

namespace {

using graph::Graph;
using graph::Node;
using graph::Use;

/// Nodes between a value and the place it is folded into: more than that is no transformer.
constexpr std::size_t kMaxWalk = 200;

/// Moves or averages values: a channel keeps its change of scale and offset, where it is averaged with itself alone
/// (which the Carrier finds out). Pad puts zeros in, which only a change of scale keeps.
bool keepsChannels(const Node& node)
{
    return graph::has(node, graph::OpTrait::Carries);
}

/// Values of the part of the graph that only moves what `from` holds, computed on made-up numbers: where do they go?
class Carrier {
public:
    Carrier(const Graph& graph, TensorId from, Tensor numbers) : m_graph(graph)
    {
        m_values[from] = std::move(numbers);
    }

    /// Nothing where something else than movement lies between.
    std::optional<Tensor> at(TensorId id, std::size_t depth = 0)
    {
        if (const auto found = m_values.find(id); found != m_values.end())
            return found->second;
        const graph::Value& value = m_graph.value(id);
        if (value.isConstant())
            return value.constant;
        if (!value.producer.valid() || depth > kMaxWalk)
            return std::nullopt;
        const Node& node = m_graph.node(value.producer);
        if (!keepsChannels(node))
            return std::nullopt;
        std::vector<Tensor> inputs;
        for (const TensorId input : node.inputs) {
            if (!input.valid()) {
                inputs.emplace_back();
                continue;
            }
            auto tensor = at(input, depth + 1);
            if (!tensor)
                return std::nullopt;
            inputs.push_back(std::move(*tensor));
        }
        auto outputs = exec::evaluate(node, inputs);
        if (!outputs)
            return std::nullopt;
        for (std::size_t i = 0; i < outputs->size() && i < node.outputs.size(); ++i)
            m_values[node.outputs[i]] = (*outputs)[i];
        return m_values.at(id);
    }

private:
    const Graph& m_graph;
    std::map<TensorId, Tensor> m_values;
};

/// A tensor of `shape` whose value is the position along an axis, from 1: a 0 that is filled in is none of them.
Tensor positions(const Shape& shape, std::size_t axis)
{
    Tensor tensor(DType::Float32, shape);
    const auto values = tensor.mutableData<float>();
    const auto size = static_cast<std::size_t>(shape[axis]);
    const auto inner = static_cast<std::size_t>(shape.product(axis + 1, shape.rank()));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i / inner % size + 1);
    return tensor;
}

/// The position (from 0) that all values of a channel share, by channel; nothing where they differ.
std::optional<std::vector<int64_t>> byChannel(const Tensor& tensor, const graph::ChannelLayout& layout)
{
    const auto values = tensor.floats();
    if (static_cast<int64_t>(values.size()) != layout.elements())
        return std::nullopt;
    std::vector<int64_t> result(static_cast<std::size_t>(layout.channels), -1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto number = static_cast<int64_t>(std::lround(values[i])) - 1;
        int64_t& channel = result[i / static_cast<std::size_t>(layout.inner) % result.size()];
        if (channel == -1)
            channel = number;
        if (channel != number || number < 0 || std::abs(values[i] - static_cast<float>(number + 1)) > 1e-3F)
            return std::nullopt;
    }
    return result;
}

/// Tensors and nodes on the way back from `to`, up to nodes that do not keep channels (which are returned).
struct Way {
    std::set<NodeId> between;
    std::set<TensorId> sources; ///< outputs of other nodes
};
Way wayBack(const Graph& graph, TensorId to)
{
    Way way;
    std::vector<TensorId> stack{to};
    while (!stack.empty() && way.between.size() < kMaxWalk) {
        const TensorId id = stack.back();
        stack.pop_back();
        const graph::Value& value = graph.value(id);
        if (value.isConstant())
            continue;
        if (!value.producer.valid() || !keepsChannels(graph.node(value.producer))) {
            way.sources.insert(id);
            continue;
        }
        if (way.between.insert(value.producer).second)
            for (const TensorId input : graph.node(value.producer).inputs)
                if (input.valid())
                    stack.push_back(input);
    }
    return way;
}

/// Whether everything that reads `source` or a value on the way leads to the site, and all readers of the site's
/// tensor see the quantized value.
bool onlyReachesSite(const Graph& graph, const graph::Site& site, TensorId source, const Way& way)
{
    const auto leadsThere = [&](TensorId id) {
        const bool own = id == site.tensor;
        return std::ranges::all_of(graph.value(id).uses, [&](const Use& use) {
            return way.between.contains(use.node) || (own && std::ranges::find(site.uses, use) != site.uses.end());
        });
    };
    if (!leadsThere(source) || std::ranges::find(graph.outputs(), source) != graph.outputs().end())
        return false;
    return std::ranges::all_of(way.between,
                               [&](NodeId id) { return std::ranges::all_of(graph.node(id).outputs, leadsThere); });
}

FoldTarget explicitly(std::string reason)
{
    FoldTarget target;
    target.reason = std::move(reason);
    return target;
}

/// LayerNormalization over the last axis, or BatchNormalization.
FoldTarget intoNorm(const Graph& graph, const graph::Site& site, const Way& way, TensorId source)
{
    const NodeId producer = graph.value(source).producer;
    const Node& norm = graph.node(producer);
    const std::string before = "the " + norm.op + " before it";
    const Shape& shape = graph.value(source).shape;
    const auto rank = static_cast<int64_t>(shape.rank());
    const int64_t axis = norm.op == "BatchNormalization" ? 1 : norm.attributes.integer("axis", -1);
    if (norm.op == "LayerNormalization" && (axis < 0 ? axis + rank : axis) != rank - 1)
        return explicitly(before + " normalises several axes");
    const auto isConstant = [&](std::size_t i) {
        return norm.inputs.size() > i && norm.inputs[i].valid() && graph.value(norm.inputs[i]).isConstant();
    };
    if (!isConstant(1) || (norm.op == "BatchNormalization" && !isConstant(2)))
        return explicitly(before + " has no constant gain");
    if (!onlyReachesSite(graph, site, source, way))
        return explicitly("something else reads " + before);
    const auto channelAxis = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    Carrier carrier(graph, source, positions(shape, channelAxis));
    const auto numbers = carrier.at(site.tensor);
    const auto channels = numbers ? byChannel(*numbers, site.layout) : std::nullopt;
    if (!channels || static_cast<int64_t>(channels->size()) != shape[channelAxis])
        return explicitly("channels do not arrive as they leave " + before);
    for (std::size_t c = 0; c < channels->size(); ++c)
        if ((*channels)[c] != static_cast<int64_t>(c))
            return explicitly("channels do not arrive in the order in which they leave " + before);
    FoldTarget target;
    target.place = FoldPlace::LayerNorm;
    target.producer = producer;
    return target;
}

FoldTarget intoValue(const graph::Network& network, const graph::Site& site, TensorId source)
{
    const NodeId product = network.graph.value(source).producer;
    const Node& node = network.graph.node(product);
    const SiteId weights = network.sites.at({product, 0});
    const SiteId value = network.sites.at({product, 1});
    if (!weights.valid() || !value.valid() || network.sites[weights].role != graph::Role::SoftmaxOutput ||
        network.sites[value].role != graph::Role::ValueOperand)
        return explicitly("what is before it is neither a LayerNormalization nor a product of softmax and V");
    const graph::Value& softmax = network.graph.value(node.inputs[0]);
    const auto rank = static_cast<int64_t>(softmax.shape.rank());
    if (!softmax.producer.valid() || network.graph.node(softmax.producer).op != "Softmax")
        return explicitly("the left operand of A·V is not the softmax itself, its rows need not add up to 1");
    const int64_t axis = network.graph.node(softmax.producer).attributes.integer("axis", -1);
    if ((axis < 0 ? axis + rank : axis) != rank - 1)
        return explicitly("the softmax does not run along the rows");
    if (network.graph.value(source).uses.size() != 1 || network.graph.value(node.inputs[1]).uses.size() != 1)
        return explicitly("V or the product with it has other readers");

    // Where do the columns of A·V (head, dimension) arrive at the projection, ...
    const Shape& sum = network.graph.value(source).shape;
    const Shape& operand = network.graph.value(node.inputs[1]).shape;
    const auto inner = static_cast<std::size_t>(operand[operand.rank() - 1]);
    const auto tokens = static_cast<std::size_t>(operand[operand.rank() - 2]);
    Tensor columns(DType::Float32, sum);
    const auto rows = static_cast<std::size_t>(sum[sum.rank() - 2]);
    const auto ids = columns.mutableData<float>();
    for (std::size_t i = 0; i < ids.size(); ++i)
        ids[i] = static_cast<float>(i / (rows * inner) * inner + i % inner + 1);
    Carrier forward(network.graph, source, columns);
    const auto arrived = forward.at(site.tensor);
    const auto lanes = arrived ? byChannel(*arrived, site.layout) : std::nullopt;
    if (!lanes)
        return explicitly("the heads do not arrive at the projection channel by channel");

    // ... and from which columns of a projection do they come?
    const Way way = wayBack(network.graph, node.inputs[1]);
    if (way.sources.size() != 1 || !network.graph.value(*way.sources.begin()).producer.valid() ||
        network.graph.node(network.graph.value(*way.sources.begin()).producer).op != "Linear")
        return explicitly("V does not come straight from a linear layer");
    const TensorId output = *way.sources.begin();
    const NodeId projection = network.graph.value(output).producer;
    Carrier back(network.graph, output,
                 positions(network.graph.value(output).shape, network.graph.value(output).shape.rank() - 1));
    const auto origin = back.at(node.inputs[1]);
    if (!origin)
        return explicitly("V does not come straight from a linear layer");
    const auto values = origin->floats();
    const std::size_t groups = values.size() / (tokens * inner);
    std::vector<int64_t> columnOfLane(groups * inner, -1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        int64_t& column = columnOfLane[i / (tokens * inner) * inner + i % inner];
        const auto here = static_cast<int64_t>(std::lround(values[i])) - 1;
        if (column != -1 && column != here)
            return explicitly("V mixes columns of its projection");
        column = here;
    }
    FoldTarget target;
    target.place = FoldPlace::Value;
    target.producer = projection;
    target.value = value;
    for (const int64_t lane : *lanes) {
        if (lane < 0 || lane >= static_cast<int64_t>(columnOfLane.size()))
            return explicitly("the heads do not arrive at the projection channel by channel");
        target.columns.push_back(columnOfLane[static_cast<std::size_t>(lane)]);
        target.lanes.push_back(lane);
    }
    if (std::set<int64_t>(target.columns.begin(), target.columns.end()).size() != target.columns.size())
        return explicitly("two channels come from one column of V's projection");

    // Nothing else may read these columns.
    const std::set<int64_t> taken(target.columns.begin(), target.columns.end());
    std::vector<TensorId> stack{output};
    std::set<TensorId> seen;
    while (!stack.empty() && seen.size() < kMaxWalk) {
        const TensorId id = stack.back();
        stack.pop_back();
        if (!seen.insert(id).second || id == node.inputs[1])
            continue;
        for (const Use& use : network.graph.value(id).uses) {
            const Node& reader = network.graph.node(use.node);
            if (graph::has(reader, graph::OpTrait::Moves)) { // a mean mixes columns: it reads them all
                stack.insert(stack.end(), reader.outputs.begin(), reader.outputs.end());
                continue;
            }
            const auto numbers = back.at(id);
            if (!numbers || std::ranges::any_of(numbers->floats(), [&](float column) {
                    return taken.contains(static_cast<int64_t>(std::lround(column)) - 1);
                }))
                return explicitly("something else reads V's projection");
        }
    }
    return target;
}

/// Why no change of scale and offset is exact here, or none can be chosen; "" where linear layers alone read the
/// site.
std::string whyNot(const Graph& graph, const graph::Site& site)
{
    if (site.kind == graph::SiteKind::Weight)
        return "this is a weight";
    if (site.uses.empty())
        return "this is an output of the network";
    for (const Use& use : site.uses) {
        const Node& node = graph.node(use.node);
        if (node.op == "Linear" && use.input == 0)
            continue;
        if (node.op == "MatMul")
            return "a product of two activations reads it, no weights that could take the change up";
        if (node.op != "Conv")
            return "a " + node.op + " reads it, which has no weights that could take the change up";
        const auto pads = node.attributes.integers("pads");
        if (std::ranges::any_of(pads, [](int64_t pad) { return pad != 0; }))
            return "the convolution that reads it pads with zeros, which an offset would move";
        return "a convolution reads it, for whose inputs the calibration has no histograms by channel";
    }
    return site.layout.inner == 1 ? "" : "its channels are not the columns of a linear layer";
}

} // namespace

Result<FoldTarget> findFold(const graph::Network& network, const graph::Site& site)
{
    if (const std::string reason = whyNot(network.graph, site); !reason.empty())
        return fail(ErrorCode::InvalidArgument,
                    "only inputs of linear layers can be smoothed or take noise: " + reason, site.name);
    for (const Use& use : site.uses)
        if (network.graph.value(network.graph.node(use.node).inputs[1]).uses.size() > 1)
            return fail(ErrorCode::InvalidArgument, "its weights are shared with another layer", site.name);
    const Way way = wayBack(network.graph, site.tensor);
    if (way.sources.size() != 1 || !network.graph.value(*way.sources.begin()).producer.valid())
        return explicitly("several values meet in it");
    const TensorId source = *way.sources.begin();
    const std::string& op = network.graph.node(network.graph.value(source).producer).op;
    if (op == "LayerNormalization" || op == "BatchNormalization")
        return intoNorm(network.graph, site, way, source);
    if (op == "MatMul")
        return intoValue(network, site, source);
    if (op == "Pad")
        return explicitly("zeros are padded after the LayerNormalization");
    return explicitly("the " + op + " before it does not let a scale or an offset pass");
}

} // namespace qs::quant
