#include "core/onnx/import.h"

#include "core/base/file.h"
#include "core/graph/rewrites/rewrites.h"
#include "core/onnx/builder.h"
#include "core/onnx/file_graph.h"
#include "core/onnx/lowering.h"
#include "core/onnx/prepare/expansion.h"
#include "core/onnx/prepare/prepare.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kMaxSide = 16384, kMaxBatch = 4096, kMaxChannels = 1024, kDefaultSide = 224;
/// Of one file, each with the facts that the one before found: branches and fused products one behind another.
constexpr std::size_t kMaxReadings = 256;

/// `where` before the message, so that a new `where` can be set.
Error within(Error error, std::string where)
{
    if (!error.where.empty() && error.where != where)
        error.message = error.where + ": " + error.message;
    error.where = std::move(where);
    return error;
}

/// Reads one model. Everything lives as long as the import.
class Importer {
public:
    Importer(std::span<const std::byte> bytes, const std::filesystem::path& folder, const ImportOptions& options,
             PreparationFacts& facts)
        : m_bytes(bytes), m_reader(folder), m_options(options), m_facts(facts)
    {
    }

    /// Adds facts that preparing the file must know: then what is returned is worth nothing, and reading starts
    /// again.
    Result<Model> run();

private:
    Result<void> addInput(const FileGraph& file);
    Result<Shape> inputShape(const pb::ValueInfoProto& input);
    Result<TensorId> findValue(const FileGraph& file, const std::string& name);
    Result<void> addNode(const FileGraph& file, int position);
    Result<void> addWaiting(const FileGraph& file, int position);
    Result<Lowering::FileNode> readNode(const FileGraph& file, int position);
    Result<graph::Attributes> readAttributes(const pb::NodeProto& node);
    std::string uniqueName(const pb::NodeProto& node, int position);
    Result<void> checkOutput(const graph::Graph& graph);

    std::span<const std::byte> m_bytes;
    TensorReader m_reader;
    ImportOptions m_options;
    PreparationFacts& m_facts;
    Builder m_builder;
    ModelInfo m_info;
    std::unordered_map<std::string_view, TensorId> m_values;
    std::unordered_set<std::string> m_nodeNames;
};

Result<Shape> Importer::inputShape(const pb::ValueInfoProto& input)
{
    const std::string where = "input '" + printable(input.name()) + "'";
    if (!input.type().has_tensor_type())
        return fail(ErrorCode::Unsupported, "is not a tensor", where);
    const pb::TypeProto_Tensor& type = input.type().tensor_type();
    const int32_t elementType = type.elem_type();
    if (engineType(elementType) != DType::Float32)
        return fail(ErrorCode::Unsupported,
                    "is of type " + fileTypeName(elementType) +
                        "; a float image [batch, channels, height, width] is needed",
                    where);
    if (elementType != kFloat)
        m_info.warnings.push_back("the input is of type " + fileTypeName(elementType) +
                                  "; the engine computes in float32");
    if (!type.has_shape() || type.shape().dim_size() != 4)
        return fail(ErrorCode::Unsupported, "has not the four dimensions [batch, channels, height, width]", where);
    int64_t sizes[4];
    bool open[4];
    for (int i = 0; i < 4; ++i) {
        const pb::TensorShapeProto_Dimension& dim = type.shape().dim(i);
        open[i] = !dim.has_dim_value() || dim.dim_value() == -1;
        sizes[i] = open[i] ? 0 : dim.dim_value();
        if (!open[i] && sizes[i] < 1)
            return fail(ErrorCode::Malformed, "has a size of " + std::to_string(sizes[i]), where);
    }
    m_info.dynamicBatch = open[0];
    if (open[0])
        sizes[0] = 1;
    if (open[1])
        sizes[1] = 3;
    for (const int i : {2, 3})
        if (open[i])
            sizes[i] = m_options.imageSize.value_or(kDefaultSide);
    const auto isColour = [](int64_t size) { return size == 1 || size == 3 || size == 4; };
    if (!open[3] && !open[1] && isColour(sizes[3]) && !isColour(sizes[1]))
        return fail(ErrorCode::Unsupported, "is laid out [batch, height, width, channels]; channels must come second",
                    where);
    if (sizes[0] > kMaxBatch || sizes[1] > kMaxChannels || sizes[2] < 1 || sizes[3] < 1 || sizes[2] > kMaxSide ||
        sizes[3] > kMaxSide)
        return fail(ErrorCode::TooLarge, "has the shape " + Shape(sizes).text() + " (at most 4096×1024×16384×16384)",
                    where);
    if (!countElements(sizes, Builder::kMaxElements))
        return fail(ErrorCode::TooLarge, "has more than 2^31 elements", where);
    return Shape(sizes);
}

Result<void> Importer::addInput(const FileGraph& file)
{
    QS_ASSIGN(const Shape shape, inputShape(file.input()));
    m_values[file.input().name()] = m_builder.addInput(file.input().name(), shape);
    m_info.channels = shape[1];
    m_info.height = shape[2];
    m_info.width = shape[3];
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
    if (!findRule(proto.op_type()) || findExpansion(proto.domain(), proto.op_type()))
        return addWaiting(file, position);
    const Rule& rule = *findRule(proto.op_type());
    QS_ASSIGN(Lowering::FileNode node, readNode(file, position));
    if (node.inputs.size() > rule.maxInputs)
        return fail(ErrorCode::Malformed, "has " + std::to_string(node.inputs.size()) + " inputs (at most " +
                                              std::to_string(rule.maxInputs) + ")");
    for (std::size_t i = 0; i < rule.minInputs; ++i)
        if (i >= node.inputs.size() || !node.inputs[i].valid())
            return fail(ErrorCode::Malformed, "has no input " + std::to_string(i));
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
            m_facts.branches[proto.output(0)] = condition->data<bool>()[0];
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

/// What rewriting must have removed, and infinities where a product or a normalisation would spread them.
Result<void> checkNodes(const graph::Graph& graph)
{
    for (const graph::Node& node : graph.nodes()) {
        const std::string where = "node '" + printable(node.name) + "' (" + node.op + ")";
        if (node.op == "QuantizeLinear")
            return fail(ErrorCode::Unsupported, "its codes are read by something else than a DequantizeLinear",
                        where);
        const bool spreads = node.op == "Linear" || node.op == "Conv" || node.op == "ConvTranspose" ||
                             node.op == "LayerNormalization" || node.op == "BatchNormalization" ||
                             node.op == "InstanceNormalization";
        for (const TensorId id : node.inputs) {
            if (!id.valid() || !graph.value(id).isConstant())
                continue;
            const graph::Value& value = graph.value(id);
            QS_CHECK(checkNumbers(value.constant, value.name));
            const int64_t bad = spreads ? firstNotFinite(value.constant) : -1;
            if (bad >= 0)
                return fail(ErrorCode::NotFinite, "element " + std::to_string(bad) + " is infinite",
                            "tensor '" + printable(value.name) + "'");
        }
    }
    return {};
}

Result<void> Importer::checkOutput(const graph::Graph& graph)
{
    const graph::Value& output = graph.value(graph.output());
    const std::string where = "output '" + printable(output.name) + "'";
    if (output.isConstant() || !output.producer.valid())
        return fail(ErrorCode::Malformed, "does not depend on the image", where);
    if (output.dtype != DType::Float32 || output.shape.rank() != 2 || output.shape[0] != graph.batch())
        return fail(ErrorCode::Unsupported,
                    "has the shape " + output.shape.text() + "; logits [batch, classes] are needed", where);
    m_info.classes = output.shape[1];
    return {};
}

Result<Model> Importer::run()
{
    if (m_bytes.empty())
        return fail(ErrorCode::Malformed, "is empty");
    if (m_bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(ErrorCode::TooLarge, "is larger than 2 GiB (weights of larger models are stored outside of it)");
    if (m_options.imageSize && (*m_options.imageSize < 1 || *m_options.imageSize > kMaxSide))
        return fail(ErrorCode::InvalidArgument, "the image size must be between 1 and 16384");
    pb::ModelProto proto;
    if (!proto.ParseFromArray(m_bytes.data(), static_cast<int>(m_bytes.size())))
        return fail(ErrorCode::Malformed, "is not an ONNX model, or is truncated");
    const std::size_t known = m_facts.size();
    const auto fileNodes = static_cast<std::size_t>(proto.graph().node_size());
    QS_CHECK(prepare(proto, m_facts, &m_info.expanded));
    QS_ASSIGN(const FileGraph file, FileGraph::open(proto));
    QS_CHECK(addInput(file));
    for (const int position : file.order())
        if (auto added = addNode(file, position); !added)
            return tl::unexpected<Error>(
                within(std::move(added.error()), nodeLabel(file.proto().node(position), position)));
    if (m_facts.size() > known)
        return fail(ErrorCode::Internal, "is to be read again");
    for (const pb::ValueInfoProto& output : file.proto().output()) {
        QS_ASSIGN(const TensorId id, findValue(file, output.name()));
        if (std::ranges::find(m_builder.data().outputs, id) == m_builder.data().outputs.end())
            m_builder.data().outputs.push_back(id);
    }
    QS_ASSIGN(graph::Graph graph, graph::canonicalise(std::move(m_builder.data()), std::move(m_builder.bypassed())));
    QS_CHECK(checkNodes(graph));
    QS_CHECK(checkOutput(graph));

    m_info.hash = contentHash(m_bytes);
    m_info.opset = file.opset();
    m_info.irVersion = proto.ir_version();
    m_info.producer = printable(proto.producer_name());
    if (!proto.producer_version().empty())
        m_info.producer += " " + printable(proto.producer_version());
    m_info.fileBytes = m_bytes.size() + m_reader.externalBytes();
    m_info.fileNodes = fileNodes;
    m_info.facts = m_facts;
    for (const graph::Value& value : graph.values())
        if (value.isConstant() && value.dtype == DType::Float32)
            m_info.parameters += value.constant.elements();
    if (graph.outputs().size() > 1)
        m_info.warnings.push_back("the model has " + std::to_string(graph.outputs().size()) +
                                  " outputs; the first is taken as the logits");
    graph::SiteTable sites = graph::findSites(graph);
    return Model{std::move(graph), std::move(sites), std::move(m_info)};
}

/// One line, whatever names the file brings.
Error oneLine(Error error)
{
    for (std::string* text : {&error.message, &error.where})
        for (char& c : *text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                c = '?';
    return error;
}

} // namespace

Result<Model> importModel(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                          const ImportOptions& options)
{
    try {
        PreparationFacts facts;
        for (std::size_t known = 0, round = 0;; known = facts.size(), ++round) {
            Result<Model> model = Importer(bytes, folder, options, facts).run();
            if (facts.size() > known && round < kMaxReadings)
                continue;
            if (!model)
                return tl::unexpected<Error>(oneLine(std::move(model.error())));
            return model;
        }
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to import the model");
    } catch (const std::exception& error) {
        return fail(ErrorCode::Internal, std::string("import failed: ") + error.what());
    }
}

Result<Model> importModel(const std::filesystem::path& path, const ImportOptions& options)
{
    QS_ASSIGN(const MappedFile file, MappedFile::open(path));
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    Result<Model> model = importModel(file.bytes(), folder, options);
    if (!model)
        return tl::unexpected<Error>(within(std::move(model.error()), path.string()));
    model->info.path = path;
    return model;
}

} // namespace qs::onnx
