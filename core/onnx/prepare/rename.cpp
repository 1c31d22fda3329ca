#include "core/onnx/prepare/rename.h"

#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

using Nodes = google::protobuf::RepeatedPtrField<pb::NodeProto>;

TakenNames::TakenNames(const pb::GraphProto& graph)
{
    take(graph);
}

void TakenNames::take(const pb::GraphProto& graph)
{
    for (const auto& input : graph.input())
        m_names.insert(input.name());
    for (const auto& tensor : graph.initializer())
        m_names.insert(tensor.name());
    for (const auto& node : graph.node()) {
        m_names.insert(node.name());
        m_names.insert(node.output().begin(), node.output().end());
        for (const auto& attribute : node.attribute())
            if (attribute.has_g())
                take(attribute.g());
    }
}

std::string TakenNames::unique(const std::string& base)
{
    if (m_names.insert(base).second)
        return base;
    std::string name;
    int& number = m_next.try_emplace(base, 2).first->second;
    do
        name = base + "_" + std::to_string(number++);
    while (!m_names.insert(name).second);
    return name;
}

namespace {

class Renamer {
public:
    Renamer(std::string prefix, std::map<std::string, std::string> renamed,
            const std::map<std::string, pb::AttributeProto>& attributes, TakenNames& names, std::size_t& copied)
        : m_prefix(std::move(prefix)), m_renamed(std::move(renamed)), m_attributes(attributes), m_names(names),
          m_copied(copied)
    {
    }

    void declare(const std::string& name)
    {
        if (!name.empty() && !m_renamed.contains(name))
            m_renamed[name] = m_names.unique(m_prefix + name);
    }
    std::string nameOf(const std::string& name) const
    {
        const auto it = m_renamed.find(name);
        return it == m_renamed.end() ? name : it->second;
    }
    bool isTooLarge() const { return m_copied > kMaxCopiedBytes; }
    pb::NodeProto node(pb::NodeProto node)
    {
        m_copied += node.ByteSizeLong() + m_prefix.size();
        node.set_name(m_names.unique(m_prefix + (node.name().empty() ? node.op_type() : node.name())));
        for (std::string& input : *node.mutable_input())
            input = nameOf(input);
        for (std::string& output : *node.mutable_output())
            output = nameOf(output);
        google::protobuf::RepeatedPtrField<pb::AttributeProto> kept;
        for (const pb::AttributeProto& attribute : node.attribute()) {
            if (!attribute.ref_attr_name().empty()) {
                const auto given = m_attributes.find(attribute.ref_attr_name());
                if (given == m_attributes.end())
                    continue;
                m_copied += given->second.ByteSizeLong();
                if (isTooLarge())
                    break;
                *kept.Add() = given->second;
                kept.Mutable(kept.size() - 1)->set_name(attribute.name());
                continue;
            }
            pb::AttributeProto& copy = *kept.Add();
            copy = attribute;
            if (copy.has_g())
                graph(*copy.mutable_g());
        }
        node.mutable_attribute()->Swap(&kept);
        return node;
    }

private:
    void graph(pb::GraphProto& inner)
    {
        for (pb::TensorProto& tensor : *inner.mutable_initializer()) {
            declare(tensor.name());
            tensor.set_name(nameOf(tensor.name()));
        }
        for (const pb::NodeProto& n : inner.node())
            for (const std::string& output : n.output())
                declare(output);
        for (pb::NodeProto& n : *inner.mutable_node())
            n = node(std::move(n));
        for (pb::ValueInfoProto& output : *inner.mutable_output())
            output.set_name(nameOf(output.name()));
    }

    std::string m_prefix;
    std::map<std::string, std::string> m_renamed;
    const std::map<std::string, pb::AttributeProto>& m_attributes;
    TakenNames& m_names;
    std::size_t& m_copied;
};

} // namespace

Result<std::vector<pb::NodeProto>> renamedCopy(const Nodes& nodes, const std::string& prefix,
                                               std::map<std::string, std::string> renamed,
                                               const std::map<std::string, pb::AttributeProto>& attributes,
                                               TakenNames& names, std::size_t& copied)
{
    Renamer renamer(prefix, std::move(renamed), attributes, names, copied);
    for (const pb::NodeProto& node : nodes)
        for (const std::string& output : node.output())
            renamer.declare(output);
    std::vector<pb::NodeProto> copies;
    for (const pb::NodeProto& node : nodes) {
        copies.push_back(renamer.node(node));
        if (renamer.isTooLarge())
            return fail(ErrorCode::TooLarge, "its functions and branches make more than 256 MiB of nodes");
    }
    return copies;
}

} // namespace qs::onnx
