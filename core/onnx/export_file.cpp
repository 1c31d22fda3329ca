#include "core/onnx/export_file.h"

#include "core/base/file.h"
#include "core/base/write_file.h"
#include "core/onnx/external_data.h"
#include "core/onnx/prepare/prepare.h"
#include "core/onnx/repeated_field.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <climits>
#include <exception>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;
namespace fs = std::filesystem;

namespace {

/// Brings the external data of a tensor into the message.
Result<void> inlineExternal(pb::TensorProto& tensor, ExternalData& external)
{
    QS_ASSIGN(const auto bytes, external.of(tensor, "tensor '" + printable(tensor.name()) + "'"));
    tensor.set_raw_data(bytes.data(), bytes.size());
    tensor.clear_external_data();
    tensor.clear_data_location();
    return {};
}

bool isExternal(const pb::TensorProto& tensor)
{
    return tensor.data_location() == pb::TensorProto::EXTERNAL;
}

} // namespace

Result<ExportFile> ExportFile::open(const fs::path& path, const std::string& hash, const PreparationFacts& facts,
                                    std::span<const ExternalFile> external)
{
    QS_ASSIGN(const FileBytes read, FileBytes::read(path));
    if (contentHash(read.bytes()) != hash)
        return fail(ErrorCode::Malformed, "the model file has changed since it was opened; open it again",
                    path.string());
    ExportFile file;
    if (read.bytes().size() > INT_MAX ||
        !file.m_model.ParseFromArray(read.bytes().data(), static_cast<int>(read.bytes().size())))
        return fail(ErrorCode::Malformed, "not an ONNX file", path.string());
    ExternalData beside = ExternalData::ofModel(path);
    for (pb::TensorProto& tensor : *file.m_model.mutable_graph()->mutable_initializer())
        if (isExternal(tensor))
            QS_CHECK(inlineExternal(tensor, beside));
    for (pb::NodeProto& node : *file.m_model.mutable_graph()->mutable_node())
        for (pb::AttributeProto& a : *node.mutable_attribute())
            if (a.has_t() && isExternal(a.t()))
                QS_CHECK(inlineExternal(*a.mutable_t(), beside));
    for (const ExternalFile& now : beside.files())
        if (!external.empty() && std::ranges::find(external, now) == external.end())
            return fail(ErrorCode::Malformed, "the weights have changed since the model was opened; open it again",
                        now.path.string());
    TensorReader reader; // everything is inline
    QS_CHECK(prepare(file.m_model, facts, reader));
    file.index();
    return file;
}

void ExportFile::index()
{
    const pb::GraphProto& graph = m_model.graph();
    for (const pb::ValueInfoProto& input : graph.input())
        m_names.insert(input.name());
    for (int i = 0; i < graph.initializer_size(); ++i) {
        m_initializers[graph.initializer(i).name()] = i;
        m_names.insert(graph.initializer(i).name());
    }
    for (int i = 0; i < graph.node_size(); ++i) {
        m_names.insert(graph.node(i).name());
        for (const std::string& output : graph.node(i).output()) {
            m_names.insert(output);
            m_producers[output] = i;
        }
    }
}

Result<void> ExportFile::giveInput(const std::string& name, const Tensor& tensor)
{
    pb::GraphProto& graph = *m_model.mutable_graph();
    int32_t type = 0;
    for (const pb::ValueInfoProto& input : graph.input())
        if (input.name() == name)
            type = input.type().tensor_type().elem_type();
    if (engineType(type) != tensor.dtype())
        return fail(ErrorCode::Unsupported,
                    "is of type " + fileTypeName(type) + ", what is given for it " +
                        std::string(dtypeName(tensor.dtype())),
                    "input '" + printable(name) + "'");
    pb::TensorProto& constant = *graph.add_initializer();
    constant.set_name(name);
    constant.set_data_type(
        type == kFloat || type == kInt64 || type == kInt32 || type == kBool || type == kUInt8 || type == kInt8 ? type
                                                                                                               : 0);
    if (constant.data_type() == 0)
        return fail(ErrorCode::Unsupported,
                    "of type " + fileTypeName(type) + " cannot be given as a constant on export",
                    "input '" + printable(name) + "'");
    for (const int64_t size : tensor.shape().dims())
        constant.add_dims(size);
    constant.set_raw_data(tensor.bytes(), tensor.sizeBytes());
    m_initializers[name] = graph.initializer_size() - 1;
    filter(*graph.mutable_input(), [&](const pb::ValueInfoProto& input) { return input.name() != name; });
    return {};
}

int64_t ExportFile::opset() const
{
    for (const pb::OperatorSetIdProto& id : m_model.opset_import())
        if (id.domain().empty() || id.domain() == "ai.onnx")
            return id.version();
    return 0;
}

void ExportFile::setOpset(int64_t opset)
{
    for (pb::OperatorSetIdProto& id : *m_model.mutable_opset_import())
        if (id.domain().empty() || id.domain() == "ai.onnx")
            id.set_version(opset);
}

int ExportFile::producer(const std::string& value) const
{
    const auto it = m_producers.find(value);
    return it == m_producers.end() ? -1 : it->second;
}

const pb::TensorProto* ExportFile::constant(const std::string& value) const
{
    if (const auto it = m_initializers.find(value); it != m_initializers.end())
        return &m_model.graph().initializer(it->second);
    const int position = producer(value);
    if (position < 0)
        return nullptr;
    const pb::NodeProto& from = node(position);
    if ((from.op_type() == "Identity" || from.op_type() == "Cast") && from.input_size() == 1)
        return constant(from.input(0));
    const pb::AttributeProto* tensor = from.op_type() == "Constant" ? attribute(from, "value") : nullptr;
    return tensor ? &tensor->t() : nullptr;
}

bool ExportFile::isConstant(const std::string& value) const
{
    if (m_initializers.contains(value))
        return true;
    const int position = producer(value);
    if (position < 0)
        return false;
    const pb::NodeProto& from = node(position);
    if (from.op_type() == "Constant")
        return true;
    if (from.input_size() == 0)
        return false;
    return std::ranges::all_of(from.input(), [&](const std::string& in) { return in.empty() || isConstant(in); });
}

bool ExportFile::isGraphOutput(const std::string& value) const
{
    return std::ranges::any_of(m_model.graph().output(), [&](const auto& output) { return output.name() == value; });
}

std::string ExportFile::unique(const std::string& base)
{
    std::string name = base;
    for (int i = 2; !m_names.insert(name).second; ++i)
        name = base + "_" + std::to_string(i);
    return name;
}

std::string ExportFile::addTensor(const std::string& base, int32_t type, std::span<const int64_t> dims,
                                  std::string bytes)
{
    pb::TensorProto& tensor = *m_model.mutable_graph()->add_initializer();
    tensor.set_name(unique(base));
    tensor.set_data_type(type);
    for (const int64_t size : dims)
        tensor.add_dims(size);
    tensor.set_raw_data(std::move(bytes));
    m_initializers[tensor.name()] = m_model.graph().initializer_size() - 1;
    return tensor.name();
}

std::string ExportFile::addInts(const std::string& base, std::span<const int64_t> values)
{
    const int64_t count = static_cast<int64_t>(values.size());
    return addTensor(base, pb::TensorProto::INT64, {&count, 1}, values);
}

std::string ExportFile::addScalar(const std::string& base, float value)
{
    return addTensor(base, pb::TensorProto::FLOAT, {}, std::span<const float>(&value, 1));
}

ExportFile::Group ExportFile::place(std::vector<pb::NodeProto> nodes, int before)
{
    m_placed.push_back({before, std::move(nodes)});
    return m_placed.size() - 1;
}

void ExportFile::lower(Group group, int before)
{
    m_placed[group].before = std::min(m_placed[group].before, before);
}

void ExportFile::renameOutput(const std::string& from, const std::string& to)
{
    for (int position = 0; position < nodeCount(); ++position)
        if (!m_removed.contains(position))
            std::ranges::replace(*node(position).mutable_output(), from, to);
    for (Placed& placed : m_placed)
        for (pb::NodeProto& node : placed.nodes)
            std::ranges::replace(*node.mutable_output(), from, to);
}

pb::NodeProto makeNode(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                       const std::string& output)
{
    pb::NodeProto node;
    node.set_op_type(op);
    node.set_name(name);
    for (std::string& input : inputs)
        node.add_input(std::move(input));
    node.add_output(output);
    return node;
}

const pb::AttributeProto* attribute(const pb::NodeProto& node, const std::string& name)
{
    for (const pb::AttributeProto& a : node.attribute())
        if (a.name() == name)
            return &a;
    return nullptr;
}

void eraseAttribute(pb::NodeProto& node, const std::string& name)
{
    filter(*node.mutable_attribute(), [&](const auto& a) { return a.name() != name; });
}

int64_t integerAttribute(const pb::NodeProto& node, const std::string& name, int64_t fallback)
{
    const pb::AttributeProto* a = attribute(node, name);
    return a ? a->i() : fallback;
}

namespace {

pb::AttributeProto& freshAttribute(pb::NodeProto& node, const std::string& name)
{
    eraseAttribute(node, name);
    pb::AttributeProto& a = *node.add_attribute();
    a.set_name(name);
    return a;
}

} // namespace

void setAttribute(pb::NodeProto& node, const std::string& name, int64_t value)
{
    pb::AttributeProto& a = freshAttribute(node, name);
    a.set_type(pb::AttributeProto::INT);
    a.set_i(value);
}

void setAttribute(pb::NodeProto& node, const std::string& name, float value)
{
    pb::AttributeProto& a = freshAttribute(node, name);
    a.set_type(pb::AttributeProto::FLOAT);
    a.set_f(value);
}

void setAttribute(pb::NodeProto& node, const std::string& name, const std::string& value)
{
    pb::AttributeProto& a = freshAttribute(node, name);
    a.set_type(pb::AttributeProto::STRING);
    a.set_s(value);
}

Result<std::size_t> writeModel(pb::ModelProto& model, const fs::path& path, std::size_t limitBytes)
{
    constexpr std::size_t kLargeBytes = 1024;
    constexpr std::size_t kAlignment = 4096;
    std::size_t outside = 0;
    try {
        if (model.ByteSizeLong() > limitBytes) {
            fs::path data = path;
            data += kDataSuffix;
            QS_CHECK(writeAtomically(data, [&](std::ostream& out) {
                for (pb::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
                    if (tensor.raw_data().size() < kLargeBytes)
                        continue;
                    const std::size_t padding = (kAlignment - outside % kAlignment) % kAlignment;
                    out.write(std::string(padding, '\0').data(), static_cast<std::streamsize>(padding));
                    out.write(tensor.raw_data().data(), static_cast<std::streamsize>(tensor.raw_data().size()));
                    const std::pair<const char*, std::string> entries[] = {
                        {"location", data.filename().string()},
                        {"offset", std::to_string(outside + padding)},
                        {"length", std::to_string(tensor.raw_data().size())}};
                    for (const auto& [key, value] : entries) {
                        pb::StringStringEntryProto& entry = *tensor.add_external_data();
                        entry.set_key(key);
                        entry.set_value(value);
                    }
                    tensor.set_data_location(pb::TensorProto::EXTERNAL);
                    outside += padding + tensor.raw_data().size();
                    tensor.clear_raw_data();
                }
                return out.good();
            }));
        }
        const std::size_t inside = model.ByteSizeLong();
        if (inside > INT_MAX)
            return fail(ErrorCode::TooLarge, "the model does not fit into an ONNX file", path.string());
        QS_CHECK(writeAtomically(path, [&](std::ostream& out) { return model.SerializeToOstream(&out); }));
        return inside + outside;
    } catch (const std::exception& error) {
        return fail(ErrorCode::Io, std::string("cannot write: ") + error.what(), path.string());
    }
}

} // namespace qs::onnx
