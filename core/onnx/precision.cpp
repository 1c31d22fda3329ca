#include "core/onnx/precision.h"

#include "core/quant/saturation.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace qs::onnx {

namespace {

constexpr std::array<std::string_view, 19> kMovers{
    "Reshape",  "Transpose", "Slice", "Split",  "Concat", "Gather",       "GatherElements",
    "GatherND", "Expand",    "Tile",  "Pad",    "Cast",   "DepthToSpace", "SpaceToDepth",
    "Where",    "TopK",      "Trilu", "ArgMax", "ArgMin"};

std::string layerOf(const Model& model, NodeId id, std::size_t inputs)
{
    for (std::size_t i = 0; i < inputs; ++i)
        if (const SiteId site = model.sites.at({id, static_cast<int>(i)}); site.valid())
            return model.sites[site].layer;
    return "";
}

std::string reasonOfProduct(const Model& model, const graph::Node& node, const ProductForm& form)
{
    const bool twoActivations = node.op == "MatMul";
    if (!form.quantizedInput && !form.quantizedWeight)
        return "not quantized";
    if (!form.quantizedInput)
        return twoActivations ? "its left operand is not quantized" : "its input is not quantized (weights only)";
    if (!form.quantizedWeight)
        return twoActivations ? "its right operand is not quantized" : "its weights are not quantized";
    if (form.levels)
        return std::string("the levels of ") + (twoActivations ? "an operand" : "its input") +
               " are not equally spaced (regions or a logarithm), which no integer product takes: its codes become "
               "floats first";
    if (node.op == "Conv" && !form.quantizedOutput)
        return "ONNX Runtime has an integer convolution only where its output is quantized too";
    if (form.int4)
        return "4-bit weights are multiplied in float where the input is quantized";
    if (!form.integerBias && (node.op == "Conv" || form.op == "Gemm" || !model.info.dynamicBatch))
        return "its bias is float";
    return "";
}

std::string reasonOfOther(const graph::Node& node)
{
    if (node.op == "LayerNormalization" || node.op == "Softmax" || node.op == "Gelu")
        return "kept in float: quantizing it costs accuracy and time";
    return "element-wise operators and reductions compute in float";
}

/// The only node that reads a value; null where there are several, or where the value is an output.
using OnlyReaders = std::unordered_map<std::string_view, const quantoscope_onnx::NodeProto*>;

bool endsInQuantizer(const OnlyReaders& readers, const quantoscope_onnx::NodeProto* node)
{
    constexpr int kMaxMoves = 8;
    for (int moves = 0; node && node->output_size() > 0 && moves < kMaxMoves; ++moves) {
        const auto it = readers.find(node->output(0));
        node = it == readers.end() ? nullptr : it->second;
        if (node && node->op_type() == "QuantizeLinear")
            return true;
        if (node && node->op_type() != "Reshape" && node->op_type() != "Transpose")
            return false;
    }
    return false;
}

} // namespace

void findQuantizedOutputs(const quantoscope_onnx::GraphProto& file, std::map<NodeId, ProductForm>& forms)
{
    OnlyReaders readers;
    std::unordered_map<std::string_view, const quantoscope_onnx::NodeProto*> nodes;
    for (const auto& node : file.node()) {
        nodes[node.name()] = &node;
        for (const auto& input : node.input())
            if (const auto [it, isNew] = readers.emplace(input, &node); !isNew)
                it->second = nullptr;
    }
    for (const auto& output : file.output())
        readers[output.name()] = nullptr;
    for (auto& [id, form] : forms)
        if (const auto it = nodes.find(form.node); form.op == "Conv" && it != nodes.end())
            form.quantizedOutput = endsInQuantizer(readers, it->second);
}

int64_t multiplyAccumulates(const graph::Graph& graph, const graph::Node& node)
{
    const Shape& output = graph.value(node.outputs[0]).shape;
    const int64_t images = std::max<int64_t>(graph.batch(), 1);
    if (node.op == "Linear" || node.op == "MatMul")
        return output.elements() / images * graph.value(node.inputs[0]).shape.back();
    if (node.op == "Conv") {
        const Shape& weight = graph.value(node.inputs[1]).shape;
        return output.elements() / images * (weight.elements() / std::max<int64_t>(weight[0], 1));
    }
    return 0;
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
        row.macs = multiplyAccumulates(model.graph, node);
        if (const auto form = forms.find(id); form != forms.end()) {
            row.node = form->second.node.empty() ? node.name : form->second.node;
            row.op = form->second.op;
            row.reason = reasonOfProduct(model, node, form->second);
            row.precision = row.reason.empty() ? Precision::Int8 : Precision::Float;
        } else if (std::ranges::find(kMovers, std::string_view(node.op)) != kMovers.end()) {
            row.precision = Precision::Moves;
        } else {
            row.reason = reasonOfOther(node);
        }
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
        if (!input.valid() || !plan[input].uniform())
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
