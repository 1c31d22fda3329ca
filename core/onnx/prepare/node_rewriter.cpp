#include "core/onnx/prepare/node_rewriter.h"

#include "core/onnx/export_file.h"

namespace qs::onnx {

namespace pb = quantoscope_onnx;

NodeRewriter::NodeRewriter(pb::GraphProto& graph, TakenNames& names, TensorReader& reader)
    : m_graph(graph), m_names(names), m_reader(reader)
{
    for (const pb::TensorProto& tensor : graph.initializer())
        m_constants[tensor.name()] = &tensor;
    for (const pb::ValueInfoProto& output : graph.output())
        m_outputs.insert(output.name());
    m_source.reserve(static_cast<std::size_t>(graph.node_size()));
    for (pb::NodeProto& node : *graph.mutable_node())
        m_source.push_back(std::move(node));
    graph.clear_node();
    for (const pb::NodeProto& node : m_source) {
        for (const std::string& input : node.input())
            m_readers[input].push_back(&node);
        for (const std::string& output : node.output())
            m_producers[output] = &node;
        if (const pb::AttributeProto* value = node.op_type() == "Constant" ? attribute(node, "value") : nullptr)
            m_constants[node.output(0)] = &value->t();
    }
}

const pb::TensorProto* NodeRewriter::stored(const std::string& value) const
{
    const auto it = m_constants.find(value);
    return it == m_constants.end() ? nullptr : it->second;
}

Result<Tensor> NodeRewriter::constant(const std::string& value) const
{
    const pb::TensorProto* tensor = stored(value);
    if (!tensor)
        return fail(ErrorCode::Unsupported, "its parameter '" + printable(value) + "' is not a constant");
    return m_reader.read(*tensor);
}

const pb::NodeProto* NodeRewriter::producer(const std::string& value) const
{
    const auto it = m_producers.find(value);
    return it == m_producers.end() ? nullptr : it->second;
}

std::span<const pb::NodeProto* const> NodeRewriter::readers(const std::string& value) const
{
    const auto it = m_readers.find(value);
    return it == m_readers.end() ? std::span<const pb::NodeProto* const>() : it->second;
}

pb::NodeProto& NodeRewriter::put(pb::NodeProto node)
{
    m_nodes.push_back(std::move(node));
    return m_nodes.back();
}

std::string NodeRewriter::add(const std::string& base, std::string_view op, std::vector<std::string> inputs,
                              const std::string& output)
{
    const std::string name = m_names.unique(base + "/" + std::string(op));
    put(makeNode(std::string(op), name, std::move(inputs),
                 output.empty() ? m_names.unique(name + "_output_0") : output));
    return m_nodes.back().output(0);
}

std::string NodeRewriter::addFloats(const std::string& base, std::span<const int64_t> dims,
                                    std::span<const float> values)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    tensor.set_name(m_names.unique(base));
    tensor.set_data_type(kFloat);
    for (const int64_t size : dims)
        tensor.add_dims(size);
    tensor.set_raw_data(values.data(), values.size_bytes());
    m_constants[tensor.name()] = &tensor;
    return tensor.name();
}

std::string NodeRewriter::addInts(const std::string& base, std::span<const int64_t> values)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    tensor.set_name(m_names.unique(base));
    tensor.set_data_type(kInt64);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    tensor.set_raw_data(values.data(), values.size_bytes());
    m_constants[tensor.name()] = &tensor;
    return tensor.name();
}

void NodeRewriter::store(const std::string& name, const Tensor& values)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(kFloat);
    for (const int64_t size : values.shape())
        tensor.add_dims(size);
    tensor.set_raw_data(values.floats().data(), values.floats().size_bytes());
}

void NodeRewriter::finish()
{
    for (pb::NodeProto& node : m_nodes)
        *m_graph.add_node() = std::move(node);
    m_nodes.clear();
}

std::string inputAt(const pb::NodeProto& node, int i)
{
    return i < node.input_size() ? node.input(i) : std::string();
}

} // namespace qs::onnx
