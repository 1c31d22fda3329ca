#include "core/onnx/import.h"

#include "core/base/file.h"
#include "core/graph/output_form.h"
#include "core/graph/rewrites/rewrites.h"
#include "core/onnx/builder.h"
#include "core/onnx/file_graph.h"
#include "core/onnx/file_quantization.h"
#include "core/onnx/lowering.h"
#include "core/onnx/model_input.h"
#include "core/onnx/prepare/expansion.h"
#include "core/onnx/prepare/prepare.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kMaxSide = 16384;
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
    /// Facts that were taken from a guess and turned out to be others; reading starts again with them.
    bool hasRevised() const { return m_revised; }

private:
    Result<void> addAll(const FileGraph& file);
    void reviseFacts();
    Result<void> addInput(const FileGraph& file);
    Result<TensorId> findValue(const FileGraph& file, const std::string& name);
    Result<void> addNode(const FileGraph& file, int position);
    Result<void> addWaiting(const FileGraph& file, int position);
    Result<Lowering::FileNode> readNode(const FileGraph& file, int position);
    Result<graph::Attributes> readAttributes(const pb::NodeProto& node);
    std::string uniqueName(const pb::NodeProto& node, int position);
    void addRemarks();

    std::span<const std::byte> m_bytes;
    TensorReader m_reader;
    ImportOptions m_options;
    PreparationFacts& m_facts;
    Builder m_builder;
    ModelInfo m_info;
    std::unordered_map<std::string_view, TensorId> m_values;
    std::unordered_set<std::string> m_nodeNames;
    bool m_revised = false;
};

Result<void> Importer::addInput(const FileGraph& file)
{
    QS_ASSIGN(const ModelInput input, readInput(file.input(), m_options.imageSize, m_options.batch));
    const std::string& name = file.input().name();
    if (input.channelsLast) { // images come channels first; the file's own value is a view of them
        const TensorId image = m_builder.addInput(name + " (channels first)", input.shape);
        graph::Node turn;
        turn.op = "Transpose";
        turn.name = name + " (channels last)";
        turn.inputs = {image};
        turn.attributes.set("perm", std::vector<int64_t>{0, 2, 3, 1});
        QS_ASSIGN(const auto outputs, m_builder.emit(std::move(turn), {name}));
        m_values[name] = outputs.front();
    } else {
        m_values[name] = m_builder.addInput(name, input.shape);
    }
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

/// What the file is that the engine computes in another way.
void Importer::addRemarks()
{
    for (const auto& [type, count] : m_info.otherFloats)
        m_info.warnings.push_back(std::to_string(count) + " tensors and values are " + type +
                                  ": computed in float32; " +
                                  (type == "double" ? "an export is float32"
                                                    : "an export computes in float32 too, and stores as " + type +
                                                          " the weights that it does not quantize"));
    if (const FileQuantization* file = m_info.quantization.get())
        m_info.warnings.push_back("the file is already quantized (" + file->form + ": " + file->summary + "); " +
                                  (m_facts.floatNetwork ? "this is the float network behind it"
                                                        : "computed as the file does, with its quantizers"));
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
                for (const std::string& assumed : m_info.assumed)
                    error.message += " (" + assumed + ")";
            return tl::unexpected<Error>(std::move(error));
        }
    return {};
}

Result<Model> Importer::run()
{
    if (m_bytes.empty())
        return fail(ErrorCode::Malformed, "is empty");
    if (m_bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(ErrorCode::TooLarge, "is larger than 2 GiB (weights of larger models are stored outside of it)");
    if (const auto& size = m_options.imageSize;
        size && (std::min(size->height, size->width) < 1 || std::max(size->height, size->width) > kMaxSide))
        return fail(ErrorCode::InvalidArgument, "the image size must be between 1 and 16384");
    pb::ModelProto proto;
    if (!proto.ParseFromArray(m_bytes.data(), static_cast<int>(m_bytes.size())))
        return fail(ErrorCode::Malformed, "is not an ONNX model, or is truncated");
    const std::size_t known = m_facts.size();
    const auto fileNodes = static_cast<std::size_t>(proto.graph().node_size());
    PreparationReport prepared;
    QS_CHECK(prepare(proto, m_facts, m_reader, &prepared));
    m_info.expanded = prepared.expanded;
    m_info.otherFloats = prepared.floats;
    std::set<std::string> constants;
    for (const auto& [name, tensor] : m_options.constants)
        constants.insert(name);
    QS_ASSIGN(const FileGraph file, FileGraph::open(proto, constants));
    const auto added = addAll(file);
    reviseFacts();
    if (!added)
        return tl::unexpected<Error>(added.error());
    if (m_facts.size() > known)
        return fail(ErrorCode::Internal, "is to be read again");
    std::vector<std::string> names;
    for (const pb::ValueInfoProto& output : file.proto().output()) {
        QS_ASSIGN(const TensorId id, findValue(file, output.name()));
        m_builder.data().outputs.push_back(id);
        names.push_back(output.name());
    }
    m_info.outputs = describeOutputs(m_builder.data(), names);
    QS_ASSIGN(const std::size_t chosen, chooseOutput(m_builder.data(), names, m_options.output));
    m_builder.data().outputs = {m_builder.data().outputs[chosen]};
    m_info.output = m_info.outputs[chosen].name;
    if (m_info.outputs.size() > 1 && m_options.output.empty())
        m_info.assumed.push_back("the model has " + std::to_string(m_info.outputs.size()) + " outputs: '" +
                                 printable(m_info.output) + "' assumed; --output NAME chooses");
    QS_ASSIGN(graph::Graph graph,
              graph::canonicalise(std::move(m_builder.data()), std::move(m_builder.bypassed()), m_options.rewrites));
    QS_CHECK(checkNodes(graph));
    if (!graph.value(graph.output()).producer.valid())
        return fail(ErrorCode::Malformed, "is the image itself", "output '" + printable(m_info.output) + "'");

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
    m_info.classes = graph::givesScores(graph) ? graph::outputsPerImage(graph) : 0;
    m_info.options = m_options;
    graph::SiteTable sites = graph::findSites(graph);
    if (!prepared.quantizers.empty())
        m_info.quantization = std::make_shared<const FileQuantization>(describeQuantization(
            prepared.quantizers, prepared.replaced, graph, sites, file.proto(), m_facts.floatNetwork));
    addRemarks();
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
        facts.floatNetwork = options.floatNetwork;
        for (std::size_t known = 0, round = 0;; known = facts.size(), ++round) {
            Importer importer(bytes, folder, options, facts);
            Result<Model> model = importer.run();
            if ((facts.size() > known || importer.hasRevised()) && round < kMaxReadings)
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

std::vector<ImageSize> fittingSizes(const std::filesystem::path& path, ImportOptions options, std::size_t most)
{
    // Sizes of vision transformers in use, the commonest first.
    constexpr int64_t kSides[] = {224, 384, 256, 448, 512, 518, 336, 64,  32,  96,  112, 128, 160,
                                  192, 240, 280, 288, 300, 320, 378, 392, 400, 416, 480, 560, 640};
    std::vector<ImageSize> found;
    const auto file = MappedFile::open(path);
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    for (const int64_t side : kSides) {
        if (!file || found.size() >= most)
            break;
        options.imageSize = ImageSize{side, side};
        const auto model = importModel(file->bytes(), folder, options);
        if (model)
            found.push_back(*options.imageSize);
        else if (model.error().code != ErrorCode::ShapeMismatch)
            break;
    }
    return found;
}

Result<Model> importModel(const std::filesystem::path& path, const ImportOptions& options)
{
    QS_ASSIGN(const MappedFile file, MappedFile::open(path));
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    Result<Model> model = importModel(file.bytes(), folder, options);
    if (!model && model.error().code == ErrorCode::ShapeMismatch && !options.imageSize)
        if (const auto sizes = fittingSizes(path, options, 2); !sizes.empty()) {
            model.error().message += "; it fits at";
            for (const ImageSize& size : sizes)
                model.error().message += (&size == &sizes[0] ? " " : ", ") + std::to_string(size.height) + "x" +
                                         std::to_string(size.width);
        }
    if (!model)
        return tl::unexpected<Error>(within(std::move(model.error()), path.string()));
    model->info.path = path;
    return model;
}

} // namespace qs::onnx
