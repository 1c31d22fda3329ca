#include "core/onnx/importer.h"

#include "core/onnx/model_input.h"
#include "core/onnx/prepare/expansion.h"
#include "core/onnx/prepare/inline.h"
#include "core/onnx/prepare/left_products.h"

#include <algorithm>
#include <cmath>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

Error within(Error error, std::string where)
{
    if (!error.where.empty() && error.where != where)
        error.message = error.where + ": " + error.message;
    error.where = std::move(where);
    return error;
}

Result<void> Importer::addInput(const FileGraph& file)
{
    QS_ASSIGN(const ModelInput input, readInput(file.input(), m_options.imageSize, m_options.batch));
    const std::string& name = file.input().name();
    const bool narrow = !input.rounding.empty();
    TensorId image = m_builder.addInput(name + (input.channelsLast ? " (channels first)"
                                                : narrow           ? " (float32)"
                                                                   : ""),
                                        input.shape);
    const auto add = [&](const char* op, const char* what, const auto& value, const char* attribute,
                         bool isLast) -> Result<void> {
        graph::Node node;
        node.op = op;
        node.name = name + what;
        node.inputs = {image};
        node.attributes.set(attribute, value);
        QS_ASSIGN(const auto outputs, m_builder.emit(std::move(node), {isLast ? name : name + what}));
        image = outputs.front();
        return {};
    };
    if (narrow) // the file is given the rounded values
        QS_CHECK(add("Cast", " (rounded)", input.rounding, "to", !input.channelsLast));
    if (input.channelsLast) // images come channels first; the file's own value is a view of them
        QS_CHECK(add("Transpose", " (channels last)", std::vector<int64_t>{0, 2, 3, 1}, "perm", true));
    m_values[name] = image;
    for (const auto& [other, tensor] : m_options.constants)
        m_values[other] = m_builder.addConstant(other, tensor);
    m_info.channels = input.shape[1];
    m_info.height = input.shape[2];
    m_info.width = input.shape[3];
    m_info.dynamicBatch = input.dynamicBatch;
    m_info.bytes = input.bytes;
    m_info.channelsLast = input.channelsLast;
    m_info.assumed = input.assumed;
    m_info.warnings.insert(m_info.warnings.end(), input.warnings.begin(), input.warnings.end());
    for (const std::string& unused : file.unusedInputs())
        m_info.warnings.push_back("nothing reads the input '" + unused + "'");
    return {};
}

Result<void> checkNumbers(const Tensor& tensor, const std::string& name)
{
    if (tensor.dtype() != DType::Float32)
        return {};
    const auto values = tensor.floats();
    const auto it = std::find_if(values.begin(), values.end(), [](float v) { return std::isnan(v); });
    if (it != values.end())
        return fail(ErrorCode::NotFinite, "element " + std::to_string(it - values.begin()) + " is not a number",
                    "tensor '" + printable(name) + "'");
    return {};
}

Result<TensorId> Importer::findValue(const FileGraph& file, const std::string& name)
{
    if (name.empty())
        return TensorId();
    if (const auto it = m_values.find(name); it != m_values.end())
        return it->second;
    const pb::TensorProto* initializer = file.initializer(name);
    if (!initializer)
        return fail(ErrorCode::Malformed, "reads '" + printable(name) + "', which its producer does not make");
    QS_ASSIGN(Tensor tensor, m_reader.read(*initializer));
    QS_CHECK(checkNumbers(tensor, name));
    m_builder.setFileBytes(m_bytes.size() + m_reader.externalBytes());
    const TensorId id = m_builder.addConstant(name, std::move(tensor));
    m_builder.noteFileType(id, initializer->data_type());
    m_values[initializer->name()] = id;
    return id;
}

Result<graph::Attributes> Importer::readAttributes(const pb::NodeProto& node)
{
    graph::Attributes attributes;
    for (const pb::AttributeProto& attribute : node.attribute()) {
        const std::string& name = attribute.name();
        switch (attribute.type()) {
        case pb::AttributeProto::FLOAT:
            attributes.set(name, attribute.f());
            break;
        case pb::AttributeProto::INT:
            attributes.set(name, static_cast<int64_t>(attribute.i()));
            break;
        case pb::AttributeProto::STRING:
            attributes.set(name, attribute.s());
            break;
        case pb::AttributeProto::FLOATS:
            attributes.set(name, std::vector<float>(attribute.floats().begin(), attribute.floats().end()));
            break;
        case pb::AttributeProto::INTS:
            attributes.set(name, std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end()));
            break;
        case pb::AttributeProto::TENSOR: {
            QS_ASSIGN(Tensor tensor, m_reader.read(attribute.t()));
            QS_CHECK(checkNumbers(tensor, attribute.t().name().empty() ? name : attribute.t().name()));
            attributes.set(name, std::move(tensor));
            attributes.set(name + "#type", static_cast<int64_t>(attribute.t().data_type()));
            break;
        }
        default:
            break; // graphs, strings and types: no rule reads them
        }
    }
    return attributes;
}

std::string Importer::uniqueName(const pb::NodeProto& node, int position)
{
    std::string name = node.name().empty() ? node.op_type() + "_" + std::to_string(position) : node.name();
    if (!m_nodeNames.insert(name).second) {
        name += "#" + std::to_string(position);
        m_nodeNames.insert(name);
    }
    return name;
}

Result<Lowering::FileNode> Importer::readNode(const FileGraph& file, int position)
{
    const pb::NodeProto& proto = file.proto().node(position);
    Lowering::FileNode node;
    node.op = proto.op_type();
    node.name = uniqueName(proto, position);
    node.position = position;
    node.opset = file.opset();
    QS_ASSIGN(node.attributes, readAttributes(proto));
    for (const std::string& name : proto.input()) {
        QS_ASSIGN(const TensorId id, findValue(file, name));
        node.inputs.push_back(id);
    }
    while (!node.inputs.empty() && !node.inputs.back().valid())
        node.inputs.pop_back();
    for (const std::string& name : proto.output()) {
        node.outputNames.push_back(name);
        node.outputUsed.push_back(!name.empty() && file.isRead(name));
    }
    return node;
}

Result<void> Importer::addNode(const FileGraph& file, int position)
{
    const pb::NodeProto& proto = file.proto().node(position);
    const ExpansionRule* expansion = findExpansion(proto.domain(), proto.op_type());
    if (!findRule(proto.op_type()) || (expansion && expansion->guess))
        return addWaiting(file, position);
    const Rule& rule = *findRule(proto.op_type());
    QS_ASSIGN(Lowering::FileNode node, readNode(file, position));
    if (node.inputs.size() > rule.maxInputs)
        return fail(ErrorCode::Malformed, "has " + std::to_string(node.inputs.size()) + " inputs (at most " +
                                              std::to_string(rule.maxInputs) + ")");
    for (std::size_t i = 0; i < rule.minInputs; ++i)
        if (i >= node.inputs.size() || !node.inputs[i].valid())
            return fail(ErrorCode::Malformed, "has no input " + std::to_string(i));
    if (node.inputs.size() > 1)
        if (const auto left =
                leftProduct(node.op, m_builder.constant(node.inputs[0]), m_builder.value(node.inputs[1]).shape,
                            m_builder.constant(node.inputs[1]) != nullptr))
            m_facts.leftProducts[firstOutput(proto)] = *left;
    Lowering lowering(m_builder, std::move(node));
    QS_CHECK(rule.lower(lowering));
    for (std::size_t i = 0; i < lowering.results().size() && i < static_cast<std::size_t>(proto.output_size()); ++i)
        if (!proto.output(static_cast<int>(i)).empty())
            m_values[proto.output(static_cast<int>(i))] = lowering.results()[i];
    return {};
}

/// An If whose condition, or an operator of whose inputs type and shape, preparing the file must know.
Result<void> Importer::addWaiting(const FileGraph& file, int position)
{
    const pb::NodeProto& proto = file.proto().node(position);
    std::vector<exec::ValueInfo> inputs;
    for (const std::string& name : proto.input()) {
        QS_ASSIGN(const TensorId id, findValue(file, name));
        inputs.push_back(id.valid() ? exec::ValueInfo{m_builder.value(id).dtype, m_builder.value(id).shape}
                                    : exec::ValueInfo{});
        if (proto.op_type() == "If") {
            const Tensor* condition = m_builder.constant(id);
            if (!condition || condition->dtype() != DType::Bool || condition->elements() != 1)
                return fail(ErrorCode::Unsupported,
                            "its condition depends on the image; export the model with the branch that images take");
            m_facts.branches[firstOutput(proto)] = condition->data<bool>()[0];
            return fail(ErrorCode::Unsupported, "its branch cannot be taken");
        }
        if (id.valid())
            m_facts.values[name] = inputs.back();
    }
    const ExpansionRule* rule = findExpansion(proto.domain(), proto.op_type());
    const auto output = rule && rule->guess ? rule->guess(inputs) : std::nullopt;
    if (!output)
        return fail(ErrorCode::Unsupported, "its inputs do not fit");
    QS_ASSIGN(Lowering::FileNode node, readNode(file, position));
    graph::Node pending;
    pending.op = node.op;
    pending.name = node.name;
    pending.inputs = node.inputs;
    const std::vector<std::string> names(node.outputNames.begin(), node.outputNames.begin() + 1);
    m_values[proto.output(0)] = m_builder.emitAs(std::move(pending), names, {&*output, 1}).front();
    return {};
}

/// What a node waited for may have come from another that waited, whose output was a guess (FusedMatMul).
void Importer::reviseFacts()
{
    for (auto& [name, fact] : m_facts.values) {
        const auto it = m_values.find(name);
        if (it == m_values.end())
            continue;
        const graph::Value& value = m_builder.value(it->second);
        m_revised = m_revised || fact.dtype != value.dtype || fact.shape != value.shape;
        fact = {value.dtype, value.shape};
    }
}

Result<void> Importer::addAll(const FileGraph& file)
{
    QS_CHECK(addInput(file));
    for (const int position : file.order())
        if (auto added = addNode(file, position); !added) {
            Error error = within(std::move(added.error()), nodeLabel(file.proto().node(position), position));
            if (error.code == ErrorCode::ShapeMismatch)
                for (const Doubt& assumed : m_info.assumed)
                    error.message += " (" + assumed.text() + ")";
            return tl::unexpected<Error>(std::move(error));
        }
    return {};
}

} // namespace qs::onnx
