#include "core/onnx/convert_opset.h"

#include "core/onnx/export_file.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

using RankOf = std::function<std::optional<std::size_t>(const std::string&)>;

struct Conversion {
    ExportFile& file;
    pb::NodeProto& node;
    const RankOf& rank;

    /// "Softmax 'name'", or by what it gives where the file names no nodes.
    std::string title() const
    {
        if (node.name().empty() && node.output_size() > 0)
            return node.op_type() + " that gives '" + node.output(0) + "'";
        return node.op_type() + " '" + node.name() + "'";
    }
    std::string baseName() const { return (node.name().empty() ? node.output(0) : node.name()) + "_"; }

    void setInput(int index, const std::string& name)
    {
        while (node.input_size() <= index)
            node.add_input();
        node.set_input(index, name);
    }
    /// A list attribute becomes input number `index`; nothing where it is absent.
    void listToInput(const std::string& name, int index)
    {
        const pb::AttributeProto* a = attribute(node, name);
        if (!a)
            return;
        const std::vector<int64_t> values(a->ints().begin(), a->ints().end());
        setInput(index, file.addInts(baseName() + name, values));
        eraseAttribute(node, name);
    }
    void realToInput(const std::string& name, int index)
    {
        const pb::AttributeProto* a = attribute(node, name);
        if (!a)
            return;
        setInput(index, file.addScalar(baseName() + name, a->f()));
        eraseAttribute(node, name);
    }
};

using Step = Result<void> (*)(Conversion&);

template <int Index>
Result<void> axesToInput(Conversion& c)
{
    c.listToInput("axes", Index);
    return {};
}

Result<void> sliceToInputs(Conversion& c)
{
    c.listToInput("starts", 1);
    c.listToInput("ends", 2);
    c.listToInput("axes", 3);
    return {};
}

Result<void> topKToInputs(Conversion& c)
{
    const int64_t k = integerAttribute(c.node, "k", 1);
    c.setInput(1, c.file.addInts(c.baseName() + "k", {&k, 1}));
    eraseAttribute(c.node, "k");
    return {};
}

Result<void> sayOldCoordinates(Conversion& c)
{
    setAttribute(c.node, "coordinate_transformation_mode", std::string("asymmetric"));
    setAttribute(c.node, "nearest_mode", std::string("floor"));
    if (c.node.input_size() == 2) { // x, scales -> x, roi, scales
        const std::string scales = c.node.input(1);
        c.node.set_input(1, "");
        c.setInput(2, scales);
    }
    return {};
}

Result<void> upsampleToResize(Conversion& c)
{
    c.node.set_op_type("Resize");
    return {};
}

Result<void> clipToInputs(Conversion& c)
{
    c.realToInput("min", 1);
    c.realToInput("max", 2);
    return {};
}

Result<void> padToInputs(Conversion& c)
{
    c.listToInput("pads", 1);
    c.realToInput("value", 2);
    return {};
}

Result<void> dropRatio(Conversion& c)
{
    eraseAttribute(c.node, "ratio");
    return {};
}

/// Until opset 12 the input was flattened to two axes at `axis` (default 1): one axis only if it is the last.
Result<void> softmaxAxis(Conversion& c)
{
    const std::optional<std::size_t> rank = c.rank(c.node.output(0));
    int64_t axis = integerAttribute(c.node, "axis", 1);
    if (axis < 0 && rank)
        axis += static_cast<int64_t>(*rank);
    if (!rank || axis != static_cast<int64_t>(*rank) - 1)
        return fail(ErrorCode::Unsupported, "normalises over several axes at once, as before opset 13", c.title());
    setAttribute(c.node, "axis", int64_t{-1});
    return {};
}

Result<void> splitToInput(Conversion& c)
{
    c.listToInput("split", 1);
    return {};
}

Result<void> sayOutputs(Conversion& c)
{
    if (c.node.input_size() < 2 || c.node.input(1).empty())
        setAttribute(c.node, "num_outputs", static_cast<int64_t>(c.node.output_size()));
    return {};
}

Result<void> dropSpatial(Conversion& c)
{
    eraseAttribute(c.node, "spatial");
    return {};
}

/// bilinear and bicubic are called linear and cubic.
Result<void> newModes(Conversion& c)
{
    for (pb::AttributeProto& attribute : *c.node.mutable_attribute())
        if (attribute.name() == "mode" && attribute.s().starts_with("bi"))
            attribute.set_s(attribute.s().substr(2));
    return {};
}

/// What changes when a node of an operator passes the opset `since`, in the order of application.
struct Change {
    std::string_view op;
    int64_t since;
    Step step;
};
constexpr Change kChanges[] = {
    {"Slice", 10, sliceToInputs},
    {"TopK", 10, topKToInputs},
    {"Upsample", 10, upsampleToResize},
    {"Resize", 11, sayOldCoordinates},
    {"Clip", 11, clipToInputs},
    {"Pad", 11, padToInputs},
    {"Dropout", 12, dropRatio},
    {"Squeeze", 13, axesToInput<1>},
    {"Unsqueeze", 13, axesToInput<1>},
    {"ReduceSum", 13, axesToInput<1>},
    {"Split", 13, splitToInput},
    {"Softmax", 13, softmaxAxis},
    {"LogSoftmax", 13, softmaxAxis},
    {"BatchNormalization", 14, dropSpatial},
    {"ReduceMean", 18, axesToInput<1>},
    {"ReduceMax", 18, axesToInput<1>},
    {"ReduceMin", 18, axesToInput<1>},
    {"ReduceProd", 18, axesToInput<1>},
    {"ReduceL1", 18, axesToInput<1>},
    {"ReduceL2", 18, axesToInput<1>},
    {"ReduceSumSquare", 18, axesToInput<1>},
    {"ReduceLogSum", 18, axesToInput<1>},
    {"ReduceLogSumExp", 18, axesToInput<1>},
    {"Split", 18, sayOutputs},
    {"GridSample", 20, newModes},
};

/// Operators whose nodes mean the same in every opset from 9 to 21.
constexpr std::string_view kStable[] = {
    "Abs",
    "Add",
    "Tan",
    "Sinh",
    "Cosh",
    "Atanh",
    "Atan",
    "Asinh",
    "Asin",
    "Acosh",
    "Acos",
    "And",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "Cast",
    "CastLike",
    "Ceil",
    "Compress",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvTranspose",
    "Cos",
    "CumSum",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "Einsum",
    "Elu",
    "EyeLike",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mish",
    "Mod",
    "Mul",
    "Neg",
    "NonZero",
    "Not",
    "OneHot",
    "Or",
    "PRelu",
    "Pow",
    "QuantizeLinear",
    "Range",
    "Reciprocal",
    "Relu",
    "Reshape",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Size",
    "Softplus",
    "SpaceToDepth",
    "Sqrt",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Trilu",
    "Where",
    "Xor",
};

bool isKnown(const std::string& op)
{
    return std::ranges::find(kStable, op) != std::end(kStable) ||
           std::ranges::any_of(kChanges, [&](const Change& change) { return change.op == op; });
}

} // namespace

Result<void> convertOpset(ExportFile& file, int64_t target, const RankOf& rank)
{
    const int64_t from = file.opset();
    if (from >= target)
        return {};
    for (int i = 0; i < file.nodeCount(); ++i) {
        pb::NodeProto& node = file.node(i);
        if (!node.domain().empty() && node.domain() != "ai.onnx")
            continue;
        Conversion conversion{file, node, rank};
        if (!isKnown(node.op_type()))
            return fail(ErrorCode::Unsupported,
                        "cannot be raised from opset " + std::to_string(from) + " to " + std::to_string(target),
                        conversion.title());
        for (const Change& change : kChanges)
            if (node.op_type() == change.op && from < change.since && change.since <= target)
                QS_CHECK(change.step(conversion));
    }
    file.setOpset(target);
    return {};
}

bool meansTheSame(std::string_view op, int64_t a, int64_t b)
{
    const auto [low, high] = std::minmax(a, b);
    return low == high ||
           (isKnown(std::string(op)) && std::ranges::none_of(kChanges, [&, from = low, to = high](const Change& c) {
                return c.op == op && from < c.since && c.since <= to;
            }));
}

int64_t irVersionOf(int64_t opset)
{
    if (opset >= 23)
        return opset >= 28 ? 14 : std::min<int64_t>(opset - 12, 13);
    if (opset >= 21)
        return 10;
    return opset >= 19 ? 9 : 8;
}

} // namespace qs::onnx
