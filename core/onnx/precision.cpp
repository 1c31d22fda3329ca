#include "core/onnx/precision.h"

#include "core/graph/op_traits.h"
#include "core/graph/structure.h"
#include "core/onnx/export_grid.h"
#include "core/quant/saturation.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// Moves values or compares them: nothing that a precision could change.
bool computesNothing(const graph::Node& node)
{
    return graph::has(node, graph::OpTrait::Moves) || graph::has(node, graph::OpTrait::Chooses) || node.op == "Cast";
}

std::string layerOf(const Model& model, NodeId id, std::size_t inputs)
{
    for (std::size_t i = 0; i < inputs; ++i)
        if (const SiteId site = model.sites.at({id, static_cast<int>(i)}); site.valid())
            return model.sites[site].layer;
    return "";
}

FloatReason reasonOfProduct(const Model& model, const graph::Node& node, const ProductForm& form)
{
    if (!form.quantizedInput && !form.quantizedWeight)
        return FloatReason::NotQuantized;
    if (!form.quantizedInput)
        return FloatReason::FloatInput;
    if (!form.quantizedWeight)
        return FloatReason::FloatWeight;
    if (form.levels)
        return FloatReason::UnevenLevels;
    if (form.channels)
        return FloatReason::ChannelScales;
    if (form.wideZeroPoint)
        return FloatReason::WideZeroPoint;
    if (node.op == "Conv" && !form.quantizedOutput)
        return FloatReason::FloatOutput;
    if (form.mixedReaders)
        return FloatReason::MixedReaders;
    if (form.limited)
        return FloatReason::Limited;
    if (form.int4)
        return FloatReason::Int4;
    if (!form.integerBias && (node.op == "Conv" || form.op == "Gemm" || !model.info.dynamicBatch))
        return FloatReason::FloatBias;
    return FloatReason::None;
}

FloatReason reasonOfOther(const graph::Node& node)
{
    const bool costly = node.op == "LayerNormalization" || node.op == "Softmax" || node.op == "Gelu";
    return costly ? FloatReason::KeptInFloat : FloatReason::ElementWise;
}

/// What a finished file says about the way from a convolution to a quantizer.
class QuantizedOutputs {
public:
    QuantizedOutputs(const pb::GraphProto& file, bool dynamicBatch)
    {
        for (const pb::TensorProto& tensor : file.initializer())
            m_constants[tensor.name()] = &tensor;
        for (const pb::NodeProto& node : file.node()) {
            m_nodes[node.name()] = &node;
            if (node.op_type() == "Shape" && !dynamicBatch)
                continue; // computed when the file is loaded
            for (const std::string& input : node.input()) {
                (node.op_type() == "QuantizeLinear" ? m_quantized : m_plain).insert(input);
                if (const auto [it, isNew] = m_readers.emplace(input, &node); !isNew)
                    it->second = nullptr;
            }
        }
        for (const pb::ValueInfoProto& output : file.output())
            m_readers[output.name()] = nullptr;
    }

    /// Whether some of the readers are quantizers and others are not.
    bool isMixed(const std::string& name) const
    {
        const auto it = m_nodes.find(name);
        return it != m_nodes.end() && it->second->output_size() > 0 && m_quantized.contains(it->second->output(0)) &&
               m_plain.contains(it->second->output(0));
    }

    /// Whether a Relu or Clip alone reads it, one reader behind that, and the codes there do not make it redundant.
    bool isLimited(const std::string& name) const
    {
        const auto node = m_nodes.find(name);
        const pb::NodeProto* limit =
            node == m_nodes.end() || node->second->output_size() == 0 ? nullptr : reader(node->second->output(0));
        if (!limit || limit->output_size() == 0 || (limit->op_type() != "Relu" && limit->op_type() != "Clip"))
            return false;
        const pb::NodeProto* next = reader(limit->output(0));
        return next && !(next->op_type() == "QuantizeLinear" && isRedundant(*limit, *next));
    }

    bool of(const std::string& name) const
    {
        const auto it = m_nodes.find(name);
        return it != m_nodes.end() && endsInQuantizer(it->second);
    }

private:
    /// The only reader; null where there are several or none, or the value is an output.
    const pb::NodeProto* reader(const std::string& value) const
    {
        const auto it = m_readers.find(value);
        return it == m_readers.end() ? nullptr : it->second;
    }

    bool endsInQuantizer(const pb::NodeProto* node) const
    {
        constexpr int kMaxMoves = 8;
        const pb::NodeProto* limit = nullptr; // a Relu or Clip on the way
        bool reshaped = false;
        for (int moves = 0; node && node->output_size() > 0 && moves < kMaxMoves; ++moves) {
            node = reader(node->output(0));
            if (!node)
                return false;
            const std::string& op = node->op_type();
            if (op == "QuantizeLinear")
                return !limit || isRedundant(*limit, *node);
            if ((op == "Relu" || op == "Clip") && !limit && !reshaped)
                limit = node;
            else if (op == "Reshape")
                reshaped = true;
            else if (op != "Transpose")
                return false;
        }
        return false;
    }

    /// Whether the codes end where Relu or Clip does: the runtime takes it out then.
    bool isRedundant(const pb::NodeProto& limit, const pb::NodeProto& quantizer) const
    {
        constexpr float kSlack = 1e-6F;
        const auto scale = scalar(quantizer, 1);
        const pb::TensorProto* zeroPoint = constant(quantizer, 2);
        if (!scale || !zeroPoint || zeroPoint->raw_data().size() != 1)
            return false;
        const bool isSigned = zeroPoint->data_type() == pb::TensorProto::INT8;
        const int byte = static_cast<unsigned char>(zeroPoint->raw_data()[0]);
        const int fromLowest = isSigned ? static_cast<signed char>(byte) + 128 : byte;
        if (limit.op_type() == "Relu")
            return fromLowest == 0;
        const auto low = limit.input_size() > 1 && !limit.input(1).empty()
                             ? scalar(limit, 1)
                             : std::optional(std::numeric_limits<float>::lowest());
        const auto high = limit.input_size() > 2 && !limit.input(2).empty()
                              ? scalar(limit, 2)
                              : std::optional(std::numeric_limits<float>::max());
        return low && high && static_cast<float>(-fromLowest) * *scale >= *low - kSlack &&
               static_cast<float>(255 - fromLowest) * *scale <= *high + kSlack;
    }

    const pb::TensorProto* constant(const pb::NodeProto& node, int input) const
    {
        if (input >= node.input_size())
            return nullptr;
        const auto it = m_constants.find(node.input(input));
        if (it != m_constants.end())
            return it->second;
        const auto reader = std::ranges::find_if(m_nodes, [&](const auto& entry) {
            return entry.second->op_type() == "Constant" && entry.second->output(0) == node.input(input);
        });
        const pb::AttributeProto* value = reader == m_nodes.end() ? nullptr : attribute(*reader->second, "value");
        return value ? &value->t() : nullptr;
    }

    std::optional<float> scalar(const pb::NodeProto& node, int input) const
    {
        const pb::TensorProto* tensor = constant(node, input);
        if (!tensor || tensor->data_type() != pb::TensorProto::FLOAT)
            return std::nullopt;
        if (tensor->float_data_size() == 1)
            return tensor->float_data(0);
        if (tensor->raw_data().size() != sizeof(float))
            return std::nullopt;
        float value = 0;
        std::memcpy(&value, tensor->raw_data().data(), sizeof value);
        return value;
    }

    std::unordered_map<std::string_view, const pb::NodeProto*>
        m_readers;                                    ///< the only one; null: several, or an output
    std::unordered_set<std::string_view> m_quantized; ///< values that a QuantizeLinear reads
    std::unordered_set<std::string_view> m_plain;     ///< values that something else reads
    std::unordered_map<std::string_view, const pb::NodeProto*> m_nodes;
    std::unordered_map<std::string_view, const pb::TensorProto*> m_constants;
};

} // namespace

std::string textOf(FloatReason reason, bool twoActivations)
{
    const std::string whose = twoActivations ? "an operand" : "its input";
    switch (reason) {
    case FloatReason::None:
        return "";
    case FloatReason::NotQuantized:
        return "not quantized";
    case FloatReason::FloatInput:
        return twoActivations ? "its left operand is not quantized" : "its input is not quantized (weights only)";
    case FloatReason::FloatWeight:
        return twoActivations ? "its right operand is not quantized" : "its weights are not quantized";
    case FloatReason::UnevenLevels:
        return "the levels of " + whose +
               " are not equally spaced (regions or a logarithm), which no integer product takes: its codes become "
               "floats first";
    case FloatReason::ChannelScales:
        return whose + " has a scale a channel, which no integer product takes: it is rounded in float";
    case FloatReason::WideZeroPoint:
        return "the zero point of " + whose + " is no 8-bit code: it is rounded in float";
    case FloatReason::FloatOutput:
        return "ONNX Runtime has an integer convolution only where its output is quantized too";
    case FloatReason::MixedReaders:
        return "ONNX Runtime makes no integer product of it where a quantizer and something else read its output";
    case FloatReason::Limited:
        return "ONNX Runtime makes no integer product of it where a Relu or Clip alone reads its output and the "
               "codes "
               "behind reach farther, or there are none";
    case FloatReason::Int4:
        return "4-bit weights are multiplied in float where the input is quantized";
    case FloatReason::FloatBias:
        return "its bias is float";
    case FloatReason::KeptInFloat:
        return "kept in float: quantizing it costs accuracy and time";
    case FloatReason::ElementWise:
        return "element-wise operators and reductions compute in float";
    }
    return "";
}

void findQuantizedOutputs(const pb::GraphProto& file, bool dynamicBatch, std::map<NodeId, ProductForm>& forms)
{
    const QuantizedOutputs outputs(file, dynamicBatch);
    for (auto& [id, form] : forms) {
        if (form.op == "Conv")
            form.quantizedOutput = outputs.of(form.node);
        form.mixedReaders = outputs.isMixed(form.node);
        form.limited = outputs.isLimited(form.node);
    }
}

std::vector<NodePrecision> predictPrecision(const Model& model, const std::map<NodeId, ProductForm>& forms)
{
    std::vector<NodePrecision> table;
    for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
        const NodeId id(i);
        const graph::Node& node = model.graph.node(id);
        NodePrecision row;
        row.node = node.name;
        row.op = node.op;
        row.layer = layerOf(model, id, node.inputs.size());
        row.macs = graph::multiplyAccumulates(model.graph, node);
        if (const auto form = forms.find(id); form != forms.end()) {
            row.node = form->second.node.empty() ? node.name : form->second.node;
            row.op = form->second.op;
            row.why = reasonOfProduct(model, node, form->second);
            row.precision = row.why == FloatReason::None ? Precision::Int8 : Precision::Float;
        } else if (computesNothing(node)) {
            row.precision = Precision::Moves;
        } else {
            row.why = reasonOfOther(node);
        }
        row.reason = textOf(row.why, node.op == "MatMul");
        table.push_back(std::move(row));
    }
    return table;
}

std::vector<std::string> saturatingLayers(const Model& model, const quant::Plan& plan)
{
    constexpr int kLargestSum = 32767;
    std::vector<std::string> layers;
    for (const graph::Site& site : model.sites) {
        const quant::SitePlan& weight = plan[site.id];
        if (site.kind != graph::SiteKind::Weight || !weight.quantized() || site.uses.empty() ||
            model.graph.node(site.uses[0].node).op != "Linear")
            continue;
        const SiteId input = model.sites.at({site.uses[0].node, 0});
        if (!input.valid() || !plan[input].uniform() || !fitsInteger(plan[input].grid))
            continue;
        const quant::UniformGrid& grid = plan[input].grid;
        const int largest = grid.qmin < 0 ? grid.qmax + 128 : grid.qmax;
        const std::vector<int> pairs =
            quant::largestPairs(weight.codes.data<int8_t>(), static_cast<std::size_t>(site.shape[0]),
                                static_cast<std::size_t>(site.shape[1]));
        if (std::ranges::any_of(pairs, [&](int pair) { return pair * largest > kLargestSum; }))
            layers.push_back(site.layer);
    }
    return layers;
}

double ExportReport::int8MacShare() const
{
    int64_t all = 0;
    int64_t integer = 0;
    for (const NodePrecision& node : nodes) {
        all += node.macs;
        integer += node.precision == Precision::Int8 ? node.macs : 0;
    }
    return all > 0 ? static_cast<double>(integer) / static_cast<double>(all) : 0;
}

} // namespace qs::onnx
