#include "core/onnx/export.h"

#include "core/base/output_files.h"

#include "core/base/file.h"
#include "core/base/json_write.h"
#include "core/onnx/convert_opset.h"
#include "core/onnx/export_edit.h"
#include "core/onnx/export_file.h"
#include "core/onnx/precision.h"
#include "core/onnx/prepare/floats.h"
#include "core/quant/recipe.h"
#include "core/quant/recipe_json.h"
#include "core/stats/calibration.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kOldestOpset = 17;
constexpr int64_t kInt4Opset = 21;

/// Rank of values of the imported graph by name.
std::function<std::optional<std::size_t>(const std::string&)> ranksOf(const graph::Graph& graph)
{
    std::map<std::string, std::size_t> ranks;
    for (const graph::Value& value : graph.values())
        ranks[value.name] = value.shape.rank();
    return [ranks = std::move(ranks)](const std::string& name) {
        const auto it = ranks.find(name);
        return it == ranks.end() ? std::nullopt : std::optional(it->second);
    };
}

std::string bitsOfSites(const Model& model, const quant::Plan& plan)
{
    nlohmann::ordered_json bits = nlohmann::ordered_json::object();
    for (const graph::Site& site : model.sites)
        bits[site.name] = plan[site.id].quantized() ? plan[site.id].settings.bits : quant::kFloatBits;
    return jsonText(bits, -1);
}

void setMetadata(pb::ModelProto& model, const std::string& key, const std::string& value)
{
    for (pb::StringStringEntryProto& entry : *model.mutable_metadata_props())
        if (entry.key() == key) {
            entry.set_value(value);
            return;
        }
    pb::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
}

void describe(pb::ModelProto& proto, const Model& model, const quant::Plan& plan, const ExportOptions& options)
{
    const std::string recipe = quant::recipeToJson(plan.recipe);
    proto.set_producer_name("Quantoscope");
    proto.set_producer_version(QUANTOSCOPE_VERSION);
    setMetadata(proto, "quantoscope.version", QUANTOSCOPE_VERSION);
    setMetadata(proto, "quantoscope.recipe", recipe);
    setMetadata(proto, "quantoscope.recipe_hash", contentHash(recipe));
    setMetadata(proto, "quantoscope.model_hash", model.info.hash);
    setMetadata(proto, "quantoscope.model_producer", model.info.producer);
    setMetadata(proto, "quantoscope.site_bits", bitsOfSites(model, plan));
    setMetadata(proto, "quantoscope.unsigned_weights", options.unsignedWeights ? "true" : "false");
    if (plan.calibration) {
        setMetadata(proto, "quantoscope.calibration_images", std::to_string(plan.calibration->images));
        setMetadata(proto, "quantoscope.calibration_hash", plan.calibration->imagesHash);
        setMetadata(proto, "quantoscope.preprocess", plan.calibration->preprocess);
    }
    for (const auto& [key, value] : options.metadata)
        setMetadata(proto, key, value);
}

std::vector<std::string> warningsOf(const Model& model, const quant::Plan& plan, const ExportOptions& options,
                                    const std::vector<NodePrecision>& nodes)
{
    std::vector<std::string> warnings;
    for (const auto& [type, count] : model.info.otherFloats)
        warnings.push_back("the model is of " + type + ": the export computes in float32" +
                           (type == "double" ? "" : ", weights that it does not quantize are stored as " + type));
    if (!options.unsignedWeights) {
        const std::vector<std::string> layers = saturatingLayers(model, plan);
        if (!layers.empty())
            warnings.push_back(
                std::to_string(layers.size()) + " layers (" + layers.front() + (layers.size() > 1 ? ", ...)" : ")") +
                " can saturate in ONNX Runtime on x86 CPUs without VNNI instructions, which then differs from "
                "this simulation; saturation-safe weights, unsigned ones, or weights of 7 bits are exact there");
    }
    const auto count = [&nodes](FloatReason why) { return std::ranges::count(nodes, why, &NodePrecision::why); };
    const auto packed = count(FloatReason::Int4);
    const auto uneven = count(FloatReason::UnevenLevels);
    const auto rounded = count(FloatReason::ChannelScales) + count(FloatReason::WideZeroPoint);
    if (uneven > 0)
        warnings.push_back(std::to_string(uneven) +
                           " products run in float because the levels of an operand are not equally spaced; the file "
                           "computes the same values, not faster");
    if (rounded > 0)
        warnings.push_back(std::to_string(rounded) +
                           " products run in float because an activation has a scale a channel or a zero point that "
                           "is no 8-bit code; the file computes the same values, not faster");
    if (packed > 0)
        warnings.push_back(std::to_string(packed) +
                           " layers with 4-bit weights run as float products in ONNX Runtime: smaller, not faster");
    if (options.opset >= kInt4Opset && model.info.opset < kInt4Opset)
        warnings.push_back("opset 21 needs ONNX Runtime 1.18 or newer (1.20 for all integer kernels)");
    return warnings;
}

/// The edited file and its report, all but what belongs to a path.
Result<ExportReport> edited(ExportFile& file, const Model& model, const quant::Plan& plan,
                            const ExportOptions& options)
{
    if (options.opset != kOldestOpset && options.opset != kInt4Opset)
        return fail(ErrorCode::InvalidArgument, "the opset of an exported model is 17 or 21");
    QS_CHECK(convertOpset(file, options.opset, ranksOf(model.graph)));
    file.beginEdits();
    ExportEdit edit({file, model, plan, options});
    QS_CHECK(edit.apply());
    file.finish();
    QS_CHECK(floatTensors(file.model()));
    file.model().set_ir_version(irVersionOf(file.opset()));
    describe(file.model(), model, plan, options);
    ExportReport report;
    report.opset = file.opset();
    auto forms = edit.forms();
    findQuantizedOutputs(file.model().graph(), model.info.dynamicBatch, forms);
    report.nodes = predictPrecision(model, forms);
    report.warnings = warningsOf(model, plan, options, report.nodes);
    return report;
}

/// Neither the file nor its external data may be what the model is read from.
Result<void> spareSource(const ModelInfo& model, const std::filesystem::path& path)
{
    std::vector<NamedFile> sources{{"the model that it is made from", model.path}};
    for (const ExternalFile& file : model.external)
        sources.push_back({"external data of the model that it is made from", file.path});
    std::filesystem::path data = path;
    data += kDataSuffix;
    QS_ASSIGN(const OutputFiles outputs, OutputFiles::check({{"export", path}, {"export", data}}));
    return outputs.spare(sources);
}

} // namespace

Result<ExportReport> exportModel(const Model& model, const quant::Plan& plan, const std::filesystem::path& path,
                                 const ExportOptions& options)
try {
    QS_CHECK(spareSource(model.info, path));
    QS_ASSIGN(ExportFile file,
              ExportFile::open(model.info.path, model.info.hash, model.info.facts, model.info.external));
    for (const auto& [name, tensor] : model.info.options.constants)
        QS_CHECK(file.giveInput(name, tensor));
    QS_ASSIGN(ExportReport report, edited(file, model, plan, options));
    report.path = path;
    QS_ASSIGN(report.fileBytes, writeModel(file.model(), path));
    return report;
} catch (const std::exception& error) { // protobuf and the allocator
    return fail(ErrorCode::OutOfMemory, std::string("export failed: ") + error.what(), path.string());
}

Result<ExportReport> previewExport(const Model& model, const quant::Plan& plan, const ExportOptions& options)
try {
    QS_ASSIGN(ExportFile file,
              ExportFile::open(model.info.path, model.info.hash, model.info.facts, model.info.external));
    for (const auto& [name, tensor] : model.info.options.constants)
        QS_CHECK(file.giveInput(name, tensor));
    QS_ASSIGN(ExportReport report, edited(file, model, plan, options));
    report.fileBytes = file.model().ByteSizeLong();
    return report;
} catch (const std::exception& error) { // protobuf and the allocator
    return fail(ErrorCode::OutOfMemory, std::string("export failed: ") + error.what(), model.info.path.string());
}

} // namespace qs::onnx
