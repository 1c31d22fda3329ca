#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/graph/output_form.h"
#include "core/graph/outputs.h"
#include "core/onnx/export.h"
#include "core/onnx/verify_levels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <unordered_map>

namespace qs::onnx {

namespace {

/// A quantized network amplifies last-bit differences of its float parts, so a few images may flip.
constexpr double kLeastAgreement = 0.985;
constexpr double kLeastSqnrDb = 20;

using NodesByOutput = std::unordered_map<std::string, const graph::Node*>;

NodesByOutput nodesByOutput(const graph::Graph& graph)
{
    NodesByOutput nodes;
    for (const graph::Node& node : graph.nodes())
        for (const TensorId output : node.outputs)
            if (output.valid())
                nodes[graph.value(output).name] = &node;
    return nodes;
}

Error differs(const std::string& what, const std::string& where)
{
    return {ErrorCode::Internal, "the exported file has another " + what + " than the simulation", where};
}

bool sameBits(const Tensor& a, const Tensor& b)
{
    return a.dtype() == b.dtype() && a.elements() == b.elements() &&
           std::memcmp(a.bytes(), b.bytes(), a.sizeBytes()) == 0;
}

/// The node of the re-loaded graph that stands for `node` of the original one: the one that produces the value of the
/// same name, or the one before its quantizer, whose nodes have names that begin with `quantizer` (logits).
const graph::Node* counterpart(const graph::Graph& original, const graph::Node& node, const graph::Graph& reloaded,
                               const NodesByOutput& nodes, const std::string& quantizer)
{
    const auto it = nodes.find(original.value(node.outputs[0]).name);
    if (it == nodes.end())
        return nullptr;
    const graph::Node* found = it->second;
    while (found && !quantizer.empty() && found->name.starts_with(quantizer) && found->name != node.name) {
        // The first input that is computed leads to the quantized value.
        const auto computed = std::ranges::find_if(
            found->inputs, [&](TensorId id) { return id.valid() && reloaded.value(id).producer.valid(); });
        found = computed != found->inputs.end() ? &reloaded.node(reloaded.value(*computed).producer) : nullptr;
    }
    return found && found->op == node.op ? found : nullptr;
}

bool sameGrid(const graph::Node& fake, const quant::UniformGrid& grid)
{
    const Tensor* scale = fake.attributes.tensor("scale");
    const Tensor* zeroPoint = fake.attributes.tensor("zero_point");
    return scale && zeroPoint && std::ranges::equal(scale->floats(), grid.scale) &&
           std::ranges::equal(zeroPoint->data<int32_t>(), grid.zeroPoint) &&
           fake.attributes.integer("qmin", 0) <= grid.qmin && fake.attributes.integer("qmax", 0) >= grid.qmax;
}

/// Whether Div, Round, Max, Min and Mul before `read` are those of the grid.
bool sameRounding(const graph::Graph& reloaded, TensorId read, const quant::UniformGrid& grid)
{
    const auto bounds = [&](int code) {
        std::vector<float> values;
        for (const int32_t zero : grid.zeroPoint)
            values.push_back(static_cast<float>(code - zero));
        return values;
    };
    const std::pair<const char*, std::vector<float>> steps[] = {{"Mul", grid.scale},
                                                                {"Min", bounds(grid.qmax)},
                                                                {"Max", bounds(grid.qmin)},
                                                                {"Round", {}},
                                                                {"Div", grid.scale}};
    for (const auto& [op, constant] : steps) {
        const NodeId producer = reloaded.value(read).producer;
        if (!producer.valid() || reloaded.node(producer).op != op)
            return false;
        const graph::Node& node = reloaded.node(producer);
        if (!constant.empty() && (node.inputs.size() != 2 || !reloaded.value(node.inputs[1]).isConstant() ||
                                  !std::ranges::equal(reloaded.value(node.inputs[1]).constant.floats(), constant)))
            return false;
        read = node.inputs[0];
    }
    return true;
}

/// Max(x, lowest float), which sets a softmax apart from its quantizer.
bool isNothing(const graph::Graph& reloaded, const graph::Node& node)
{
    const Tensor* bound = node.op == "Max" ? &reloaded.value(node.inputs[1]).constant : nullptr;
    return bound && bound->elements() == 1 && bound->floats()[0] == std::numeric_limits<float>::lowest();
}

/// Whether what is read at `read` is the site's value, quantized as the plan says.
bool sameQuantizer(const graph::Graph& reloaded, TensorId read, const graph::Site& site, const quant::SitePlan& plan)
{
    if (!plan.uniform())
        return sameLevels(reloaded, read, site, plan);
    NodeId producer = reloaded.value(read).producer;
    // A normalisation over several axes is read as one over the last: its values lie in another shape.
    while (producer.valid() && reloaded.node(producer).op == "Reshape") {
        read = reloaded.node(producer).inputs[0];
        producer = reloaded.value(read).producer;
    }
    if (producer.valid() && isNothing(reloaded, reloaded.node(producer))) {
        read = reloaded.node(producer).inputs[0];
        producer = reloaded.value(read).producer;
    }
    if (producer.valid() && reloaded.node(producer).op == "FakeQuantize")
        return sameGrid(reloaded.node(producer), plan.grid);
    return sameRounding(reloaded, read, plan.grid);
}

Result<std::size_t> compareConstants(const Model& model, const quant::Plan& plan, const Model& reloaded)
{
    const NodesByOutput nodes = nodesByOutput(reloaded.graph);
    std::string ofLogits;
    for (const graph::Site& site : model.sites)
        if (site.uses.empty() && plan[site.id].quantized())
            ofLogits = site.name + "/";
    std::size_t compared = 0;
    for (const graph::Site& site : model.sites) {
        const quant::SitePlan& numbers = plan[site.id];
        if (!numbers.quantized())
            continue;
        if (site.uses.empty()) { // the logits
            const auto it = nodes.find(site.valueName);
            if (it == nodes.end() || !sameQuantizer(reloaded.graph, it->second->outputs[0], site, numbers))
                return tl::unexpected<Error>(differs("grid", site.name));
        }
        for (const graph::Use& use : site.uses) {
            const graph::Node* node =
                counterpart(model.graph, model.graph.node(use.node), reloaded.graph, nodes, ofLogits);
            if (!node || static_cast<int>(node->inputs.size()) <= use.input)
                return tl::unexpected<Error>(differs("node", site.nodeName));
            const TensorId read = node->inputs[static_cast<std::size_t>(use.input)];
            if (site.kind == graph::SiteKind::Weight) {
                if (!sameBits(reloaded.graph.value(read).constant, numbers.dequantized))
                    return tl::unexpected<Error>(differs("weight", site.name));
                ++compared;
                continue;
            }
            if (!sameQuantizer(reloaded.graph, read, site, numbers))
                return tl::unexpected<Error>(differs("grid", site.name));
        }
    }
    for (const auto& [id, bias] : plan.biases) {
        const graph::Node& original = model.graph.node(id);
        const graph::Node* node = counterpart(model.graph, original, reloaded.graph, nodes, ofLogits);
        if (!node || node->inputs.size() < 3)
            return tl::unexpected<Error>(differs("bias", original.name));
        const std::span<const float> values = reloaded.graph.value(node->inputs[2]).constant.floats();
        for (std::size_t i = 0; i < bias->codes.size(); ++i)
            if (i >= values.size() || values[i] != static_cast<float>(bias->codes[i]) * bias->scale[i])
                return tl::unexpected<Error>(differs("bias", original.name));
    }
    for (const auto& [use, expected] : plan.simulation.constants) {
        const SiteId site = model.sites.at(use);
        if ((site.valid() && plan[site].quantized()) || (use.input == 2 && plan.biases.contains(use.node)))
            continue; // compared above
        const graph::Node* node =
            counterpart(model.graph, model.graph.node(use.node), reloaded.graph, nodes, ofLogits);
        const auto slot = static_cast<std::size_t>(use.input);
        if (!node || node->inputs.size() <= slot || !node->inputs[slot].valid() ||
            !sameBits(reloaded.graph.value(node->inputs[slot]).constant, expected))
            return tl::unexpected<Error>(differs("smoothed constant", model.graph.node(use.node).name));
    }
    return compared;
}

std::size_t best(std::span<const float> logits)
{
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// By output, the worst of each figure: a large one does not hide what is wrong in a small one.
void compareOutputs(std::span<const graph::OutputSpan> layout, const Tensor& expected, const Tensor& actual,
                    VerifyReport& report)
{
    const std::span<const float> a = expected.floats();
    const std::span<const float> b = actual.floats();
    const std::size_t classes = report.images > 0 ? a.size() / report.images : 0;
    report.logitSqnrDb = std::numeric_limits<double>::infinity();
    report.maxLogitDifference = 0;
    for (const graph::OutputSpan& output : layout) {
        double signal = 0, noise = 0, largest = 0, difference = 0;
        for (std::size_t image = 0; image < report.images; ++image) {
            const std::span<const float> left = output.of(a.subspan(image * classes, classes));
            const std::span<const float> right = output.of(b.subspan(image * classes, classes));
            for (std::size_t i = 0; i < left.size(); ++i) {
                const double d = static_cast<double>(left[i]) - right[i];
                signal += static_cast<double>(left[i]) * left[i];
                noise += d * d;
                largest = std::max(largest, std::abs(static_cast<double>(left[i])));
                difference = std::max(difference, std::abs(d));
            }
        }
        if (largest > 0)
            report.maxLogitDifference = std::max(report.maxLogitDifference, difference / largest);
        if (noise > 0)
            report.logitSqnrDb = std::min(report.logitSqnrDb, 10 * std::log10(signal / noise));
    }
    std::size_t same = 0;
    for (std::size_t i = 0; i < report.images; ++i)
        same += best(a.subspan(i * classes, classes)) == best(b.subspan(i * classes, classes));
    report.top1Agreement = report.images > 0 ? static_cast<double>(same) / static_cast<double>(report.images) : 1;
}

} // namespace

Result<VerifyReport> verifyExport(const Model& model, const quant::Plan& plan, const std::filesystem::path& path,
                                  const exec::ImageSource& images, const VerifyOptions& options,
                                  const Context& context)
{
    ImportOptions importing = model.info.options; // constants are part of the written file
    importing.constants.clear();
    importing.floatNetwork = false; // its quantizers are what is checked
    importing.outputs = model.info.counted;
    QS_ASSIGN(const Model reloaded, importModel(path, importing));
    VerifyReport report;
    QS_ASSIGN(report.weightsCompared, compareConstants(model, plan, reloaded));
    report.images = std::min(options.images, images.size());
    if (report.images > 0) {
        QS_ASSIGN(const exec::Program simulated, exec::Program::compile(model, plan.simulation, {}));
        QS_ASSIGN(const exec::Program exported, exec::Program::compile(reloaded));
        QS_ASSIGN(const Tensor expected, exec::runImages(simulated, images, 0, report.images, context, "simulating"));
        QS_ASSIGN(const Tensor actual,
                  exec::runImages(exported, images, 0, report.images, context, "checking the export"));
        if (expected.elements() != actual.elements())
            return fail(ErrorCode::Internal, "the exported file has another number of classes", path.string());
        compareOutputs(graph::outputLayout(model.graph), expected, actual, report);
    }
    report.passed = (!graph::givesScores(model.graph) || report.top1Agreement >= kLeastAgreement) &&
                    report.logitSqnrDb >= kLeastSqnrDb;
    if (report.images == 0)
        report.passed = true;
    if (const std::size_t few = std::min(options.referenceImages, report.images); few > 0) {
        QS_ASSIGN(Opinion onFloat, referenceOnFloat(model, images, few, context));
        report.opinions.push_back(std::move(onFloat));
        QS_ASSIGN(Opinion onExport, referenceOnExport(model, plan, reloaded, images, few, context));
        report.opinions.push_back(std::move(onExport));
        QS_ASSIGN(std::vector<Opinion> own, ownArithmetic(model, images, few, options.python, context));
        std::ranges::move(own, std::back_inserter(report.opinions));
    }
    if (!options.python.empty() && report.images > 0) {
        QS_ASSIGN(Opinion runtime, onnxRuntimeOnExport(options.python, model, plan, path, images, report.images,
                                                       std::max<std::size_t>(2, options.referenceImages), context));
        report.opinions.push_back(std::move(runtime));
    }
    report.passed = report.passed && std::ranges::all_of(report.opinions, &Opinion::passed);
    return report;
}

} // namespace qs::onnx
