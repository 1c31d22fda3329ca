#include "core/graph/graph.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_set>

namespace qs::graph {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

bool inRange(TensorId id, const GraphData& data)
{
    return id.valid() && id.index() < data.values.size();
}

/// Index of the node that produces each value, kNone for inputs and constants.
Result<std::vector<std::size_t>> findProducers(const GraphData& data)
{
    std::vector<std::size_t> producers(data.values.size(), kNone);
    std::vector<char> given(data.values.size(), 0);
    for (const TensorId id : data.inputs) {
        if (!inRange(id, data) || given[id.index()])
            return fail(ErrorCode::Malformed, "the list of graph inputs is not valid");
        given[id.index()] = 1;
    }
    for (std::size_t v = 0; v < data.values.size(); ++v) {
        if (data.values[v].isConstant() && given[v])
            return fail(ErrorCode::Malformed, "value '" + data.values[v].name + "' is both an input and a constant");
        if (data.values[v].isConstant())
            given[v] = 1;
    }
    for (std::size_t n = 0; n < data.nodes.size(); ++n) {
        for (const TensorId id : data.nodes[n].outputs) {
            if (!inRange(id, data))
                return fail(ErrorCode::Malformed, "an output id is out of range", data.nodes[n].name);
            if (given[id.index()])
                return fail(ErrorCode::Malformed, "value '" + data.values[id.index()].name + "' is produced twice",
                            data.nodes[n].name);
            given[id.index()] = 1;
            producers[id.index()] = n;
        }
    }
    for (const Node& node : data.nodes) {
        for (const TensorId id : node.inputs) {
            if (!id.valid())
                continue;
            if (!inRange(id, data))
                return fail(ErrorCode::Malformed, "an input id is out of range", node.name);
            if (!given[id.index()])
                return fail(ErrorCode::Malformed,
                            "value '" + data.values[id.index()].name + "' is produced by nobody", node.name);
        }
    }
    if (data.outputs.empty())
        return fail(ErrorCode::Malformed, "the graph has no output");
    for (const TensorId id : data.outputs) {
        if (!inRange(id, data))
            return fail(ErrorCode::Malformed, "a graph output is out of range");
        if (!given[id.index()])
            return fail(ErrorCode::Malformed,
                        "graph output '" + data.values[id.index()].name + "' is produced by nobody");
    }
    return producers;
}

std::vector<char> findLive(const GraphData& data, const std::vector<std::size_t>& producers)
{
    std::vector<char> live(data.nodes.size(), 0);
    std::vector<std::size_t> stack;
    const auto visit = [&](TensorId id) {
        if (!id.valid() || producers[id.index()] == kNone || live[producers[id.index()]])
            return;
        live[producers[id.index()]] = 1;
        stack.push_back(producers[id.index()]);
    };
    for (const TensorId id : data.outputs)
        visit(id);
    while (!stack.empty()) {
        const Node& node = data.nodes[stack.back()];
        stack.pop_back();
        for (const TensorId id : node.inputs)
            visit(id);
    }
    return live;
}

/// Kahn's algorithm; among the nodes that are ready the first in the given order goes first.
Result<std::vector<std::size_t>> sortLive(const GraphData& data, const std::vector<std::size_t>& producers,
                                          const std::vector<char>& live)
{
    std::vector<std::size_t> missing(data.nodes.size(), 0);
    std::vector<std::vector<std::size_t>> followers(data.nodes.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    std::size_t liveNodes = 0;
    for (std::size_t n = 0; n < data.nodes.size(); ++n) {
        if (!live[n])
            continue;
        ++liveNodes;
        for (const TensorId id : data.nodes[n].inputs) {
            if (!id.valid() || producers[id.index()] == kNone)
                continue;
            followers[producers[id.index()]].push_back(n);
            ++missing[n];
        }
        if (missing[n] == 0)
            ready.push(n);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
        const std::size_t n = ready.top();
        ready.pop();
        order.push_back(n);
        for (const std::size_t follower : followers[n])
            if (--missing[follower] == 0)
                ready.push(follower);
    }
    if (order.size() < liveNodes) {
        for (std::size_t n = 0; n < data.nodes.size(); ++n)
            if (live[n] && missing[n] > 0)
                return fail(ErrorCode::Malformed, "is part of a cycle, or follows one", data.nodes[n].name);
    }
    return order;
}

} // namespace

Result<Graph> Graph::create(GraphData data)
{
    QS_ASSIGN(const std::vector<std::size_t> producers, findProducers(data));
    const std::vector<char> live = findLive(data, producers);
    QS_ASSIGN(const std::vector<std::size_t> order, sortLive(data, producers, live));

    auto result = std::make_shared<GraphData>();
    std::vector<TensorId> renumbered(data.values.size());
    const auto keep = [&](TensorId id) {
        if (!id.valid())
            return id;
        TensorId& fresh = renumbered[id.index()];
        if (!fresh.valid()) {
            fresh = TensorId(result->values.size());
            Value& value = result->values.emplace_back(std::move(data.values[id.index()]));
            value.producer = {};
            value.uses.clear();
        }
        return fresh;
    };
    for (const TensorId id : data.inputs)
        result->inputs.push_back(keep(id));
    for (const std::size_t n : order) {
        Node& node = result->nodes.emplace_back(std::move(data.nodes[n]));
        const NodeId nodeId(result->nodes.size() - 1);
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            node.inputs[i] = keep(node.inputs[i]);
            if (node.inputs[i].valid())
                result->values[node.inputs[i].index()].uses.push_back({nodeId, static_cast<int>(i)});
        }
        for (TensorId& id : node.outputs) {
            id = keep(id);
            result->values[id.index()].producer = nodeId;
        }
    }
    for (const TensorId id : data.outputs)
        result->outputs.push_back(keep(id));

    std::unordered_set<std::string_view> names;
    for (const Value& value : result->values)
        if (!names.insert(value.name).second)
            return fail(ErrorCode::Malformed, "two values have the name '" + value.name + "'");
    return Graph(std::move(result));
}

} // namespace qs::graph
