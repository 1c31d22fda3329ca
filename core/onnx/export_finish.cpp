#include "core/onnx/export_file.h"
#include "core/onnx/repeated_field.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// All names that a node reads, those of the graphs inside it included.
template <class Visit>
void forReads(const pb::NodeProto& node, const Visit& visit)
{
    for (const std::string& input : node.input())
        if (!input.empty())
            visit(input);
    const auto inside = [&](const pb::GraphProto& graph) {
        for (const pb::NodeProto& inner : graph.node())
            forReads(inner, visit);
        for (const pb::ValueInfoProto& output : graph.output())
            visit(output.name());
    };
    for (const pb::AttributeProto& a : node.attribute()) {
        if (a.has_g())
            inside(a.g());
        for (const pb::GraphProto& graph : a.graphs())
            inside(graph);
    }
}

} // namespace

void ExportFile::beginEdits()
{
    m_before.clear();
    for (const pb::NodeProto& node : m_model.graph().node())
        m_before.push_back(node.op_type() == "Constant" ? pb::NodeProto() : node);
}

void ExportFile::bringBack()
{
    std::set<std::string> known, wanted;
    const auto visit = [&](const pb::NodeProto& node) {
        known.insert(node.output().begin(), node.output().end());
        forReads(node, [&](const std::string& name) { wanted.insert(name); });
    };
    for (int position = 0; position < nodeCount(); ++position)
        if (!m_removed.contains(position))
            visit(node(position));
    for (const Placed& placed : m_placed)
        std::ranges::for_each(placed.nodes, visit);
    for (const pb::ValueInfoProto& output : m_model.graph().output())
        wanted.insert(output.name());
    std::unordered_map<std::string, std::size_t> origins;
    for (std::size_t position = 0; position < m_before.size(); ++position)
        for (const std::string& output : m_before[position].output())
            origins[output] = position;
    std::vector<std::string> lost(wanted.begin(), wanted.end());
    while (!lost.empty()) {
        const std::string name = std::move(lost.back());
        lost.pop_back();
        const auto origin = origins.find(name);
        if (known.contains(name) || origin == origins.end())
            continue;
        pb::NodeProto copy = m_before[origin->second];
        copy.set_name(unique(copy.name()));
        for (std::string& output : *copy.mutable_output())
            if (!known.insert(output).second)
                output = unique(output);
        forReads(copy, [&](const std::string& read) { lost.push_back(read); });
        place({std::move(copy)}, static_cast<int>(origin->second));
    }
    m_before.clear();
}

void ExportFile::finish()
{
    bringBack();
    pb::GraphProto& graph = *m_model.mutable_graph();
    std::ranges::stable_sort(m_placed, {}, &Placed::before);
    std::vector<pb::NodeProto> nodes;
    auto placed = m_placed.begin();
    for (int position = 0; position <= graph.node_size(); ++position) {
        for (; placed != m_placed.end() && placed->before <= position; ++placed)
            std::ranges::move(placed->nodes, std::back_inserter(nodes));
        if (position < graph.node_size() && !m_removed.contains(position))
            nodes.push_back(std::move(*graph.mutable_node(position)));
    }
    m_placed.clear();
    m_removed.clear();

    std::set<std::string> read;
    for (const pb::ValueInfoProto& output : graph.output())
        read.insert(output.name());
    std::vector<char> alive(nodes.size());
    for (std::size_t i = nodes.size(); i-- > 0;) {
        alive[i] =
            std::ranges::any_of(nodes[i].output(), [&](const std::string& name) { return read.contains(name); });
        if (alive[i])
            forReads(nodes[i], [&](const std::string& name) { read.insert(name); });
    }
    graph.clear_node();
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (alive[i])
            graph.mutable_node()->Add(std::move(nodes[i]));

    std::set<std::string> values;
    for (const pb::NodeProto& n : graph.node())
        values.insert(n.output().begin(), n.output().end());
    std::set<std::string> initializers;
    for (const pb::TensorProto& tensor : graph.initializer())
        initializers.insert(tensor.name());
    filter(*graph.mutable_initializer(), [&](const auto& tensor) { return read.contains(tensor.name()); });
    filter(*graph.mutable_input(), [&](const auto& input) { return !initializers.contains(input.name()); });
    filter(*graph.mutable_value_info(), [&](const auto& value) { return values.contains(value.name()); });
    m_producers.clear();
    m_initializers.clear();
    index();
}

} // namespace qs::onnx
