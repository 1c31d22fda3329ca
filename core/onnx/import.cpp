#include "core/onnx/import.h"

#include "core/base/file.h"
#include "core/graph/output_form.h"
#include "core/graph/rewrites/rewrites.h"
#include "core/onnx/file_quantization.h"
#include "core/onnx/importer.h"
#include "core/onnx/prepare/prepare.h"

#include <algorithm>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kMaxSide = 16384;

/// An output of whole numbers (classes of detections) as floats, to be compared with the others.
Result<TensorId> asFloats(Builder& builder, TensorId output, const std::string& name)
{
    if (builder.value(output).dtype == DType::Float32)
        return output;
    graph::Node cast;
    cast.op = "Cast";
    cast.name = builder.innerName(name);
    cast.inputs = {output};
    cast.attributes.set("to", std::string(dtypeName(DType::Float32)));
    QS_ASSIGN(const auto made, builder.emit(std::move(cast), {}));
    return made.front();
}

/// Of one file, each with the facts that the one before found: branches and fused products one behind another.
constexpr std::size_t kMaxReadings = 256;

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

} // namespace

/// What the file is that the engine computes in another way.
void Importer::addRemarks()
{
    for (const auto& [type, count] : m_info.otherFloats)
        m_info.warnings.push_back(
            std::to_string(count) + " tensors and values are " + type + ": computed in float32; " +
            (type == "double"
                 ? "an export is float32"
                 : "rounding to 16 bits inside the network is not simulated "
                   "(export --verify says what it changes); an export computes in float32 too, and stores as " +
                       type + " the weights that it does not quantize"));
    if (const FileQuantization* file = m_info.quantization.get())
        m_info.warnings.push_back("the file is already quantized (" + file->form + ": " + file->summary + "); " +
                                  (m_facts.floatNetwork ? "this is the float network behind it"
                                                        : "computed as the file does, with its quantizers"));
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
    QS_ASSIGN(const auto chosen, chooseOutputs(m_builder.data(), names, m_options.outputs));
    std::vector<TensorId> counted;
    std::string listed;
    for (const std::size_t i : chosen) {
        QS_ASSIGN(const TensorId output, asFloats(m_builder, m_builder.data().outputs[i], names[i]));
        counted.push_back(output);
        m_info.counted.push_back(names[i]);
        listed += (listed.empty() ? "'" : ", '") + printable(names[i]) + "'";
    }
    m_builder.data().outputs = std::move(counted);
    m_builder.data().outputNames = m_info.counted;
    if (m_info.outputs.size() > 1 && m_options.outputs.empty())
        m_info.assumed.push_back({DoubtKind::Assumption,
                                  "the model has " + std::to_string(m_info.outputs.size()) + " outputs: " + listed +
                                      (chosen.size() == 1 ? " assumed" : " count"),
                                  "--output NAME chooses",
                                  {}});
    QS_ASSIGN(const graph::Graph graph,
              graph::canonicalise(std::move(m_builder.data()), std::move(m_builder.bypassed()), m_options.rewrites));
    QS_CHECK(checkNodes(graph));
    for (std::size_t i = 0; i < graph.outputs().size(); ++i)
        if (!graph.value(graph.outputs()[i]).producer.valid())
            return fail(ErrorCode::Malformed, "is the image itself",
                        "output '" + printable(graph.outputName(i)) + "'");

    m_info.hash = contentHash(m_bytes);
    m_info.opset = file.opset();
    m_info.irVersion = proto.ir_version();
    m_info.producer = printable(proto.producer_name());
    if (!proto.producer_version().empty())
        m_info.producer += " " + printable(proto.producer_version());
    m_info.fileBytes = m_bytes.size() + m_reader.externalBytes();
    m_info.fileNodes = fileNodes;
    m_info.external = m_reader.externalFiles();
    m_info.facts = m_facts;
    for (const graph::Value& value : graph.values())
        if (value.isConstant() && value.dtype == DType::Float32)
            m_info.parameters += value.constant.elements();
    m_info.classes = graph::givesScores(graph) ? graph::outputsPerImage(graph) : 0;
    m_info.options = m_options;
    const graph::Network network = graph::networkOf(graph);
    if (!prepared.quantizers.empty())
        m_info.quantization = std::make_shared<const FileQuantization>(describeQuantization(
            prepared.quantizers, prepared.replaced, network, file.proto(), m_facts.floatNetwork));
    addRemarks();
    return Model{network, std::move(m_info)};
}

namespace {

/// One line, whatever names the file brings.
Error oneLine(Error error)
{
    for (std::string* text : {&error.message, &error.where})
        for (char& c : *text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                c = '?';
    return error;
}

Result<Model> read(std::span<const std::byte> bytes, const std::shared_ptr<ExternalData>& external,
                   const ImportOptions& options);

/// A condition that one image and two decide in another way: the graph, and an export, have one of its branches.
void noteBranches(Model& model, std::span<const std::byte> bytes, const std::shared_ptr<ExternalData>& external,
                  ImportOptions options)
{
    if (model.info.facts.branches.empty() || !model.info.dynamicBatch || options.batch != 1)
        return;
    options.batch = 2;
    const auto other = read(bytes, external, options);
    if (!other)
        return;
    for (const auto& [output, taken] : model.info.facts.branches) {
        const auto it = other->info.facts.branches.find(output);
        if (it != other->info.facts.branches.end() && it->second != taken)
            model.info.warnings.push_back("the If that gives '" + printable(output) +
                                          "' depends on the number of images: its branch for one image is taken, and "
                                          "an export has that alone");
    }
}

/// Readings share what lies beside the model.
Result<Model> read(std::span<const std::byte> bytes, const std::shared_ptr<ExternalData>& external,
                   const ImportOptions& options)
{
    try {
        PreparationFacts facts;
        facts.floatNetwork = options.floatNetwork;
        for (std::size_t known = 0, round = 0;; known = facts.size(), ++round) {
            Importer importer(bytes, external, options, facts);
            Result<Model> model = importer.run();
            if ((facts.size() > known || importer.hasRevised()) && round < kMaxReadings)
                continue;
            if (!model)
                return tl::unexpected<Error>(oneLine(std::move(model.error())));
            noteBranches(*model, bytes, external, options);
            return model;
        }
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to import the model");
    } catch (const std::exception& error) {
        return fail(ErrorCode::Internal, std::string("import failed: ") + error.what());
    }
}

} // namespace

Result<Model> importModel(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                          const ImportOptions& options)
{
    return read(bytes, folder.empty() ? nullptr : std::make_shared<ExternalData>(folder), options);
}

std::vector<ImageSize> fittingSizes(const std::filesystem::path& path, ImportOptions options, std::size_t most)
{
    // Sizes of vision transformers in use, the commonest first.
    constexpr int64_t kSides[] = {224, 384, 256, 448, 512, 518, 336, 64,  32,  96,  112, 128, 160,
                                  192, 240, 280, 288, 300, 320, 378, 392, 400, 416, 480, 560, 640};
    std::vector<ImageSize> found;
    const auto file = FileBytes::read(path);
    const auto external = std::make_shared<ExternalData>(ExternalData::ofModel(path));
    for (const int64_t side : kSides) {
        if (!file || found.size() >= most)
            break;
        options.imageSize = ImageSize{side, side};
        const auto model = read(file->bytes(), external, options);
        if (model)
            found.push_back(*options.imageSize);
        else if (model.error().code != ErrorCode::ShapeMismatch)
            break;
    }
    return found;
}

Result<Model> importModel(const std::filesystem::path& path, const ImportOptions& options)
{
    QS_ASSIGN(const FileBytes file, FileBytes::read(path));
    Result<Model> model = read(file.bytes(), std::make_shared<ExternalData>(ExternalData::ofModel(path)), options);
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
