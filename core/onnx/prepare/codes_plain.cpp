#include "core/onnx/export_file.h"
#include "core/onnx/prepare/codes.h"

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// The float operator that one of com.microsoft's of codes stands for.
std::string floatName(const pb::NodeProto& node)
{
    return node.op_type().substr(std::string_view("QLinear").size());
}

/// x, scale and zero point of x, those of y: QLinearSigmoid, QLinearLeakyRelu, QLinearSoftmax, pools,
/// QLinearReduceMean.
Result<void> unary(CodesPass& c, const pb::NodeProto& node)
{
    if (integerAttribute(node, "channels_last", 0) != 0)
        return fail(ErrorCode::Unsupported, "has channels last: save the model with optimisation level basic");
    QS_ASSIGN(const std::string x, c.real(inputAt(node, 0), {inputAt(node, 1), inputAt(node, 2)}));
    const std::string y = c.add(floatName(node), {x});
    c.keepAttributes(node, {"channels_last", "opset"});
    c.quantize(y, {inputAt(node, 3), inputAt(node, 4)}, node.output(0));
    return {};
}

/// QLinearReduceMean: axes are an attribute, an input from opset 18 on.
Result<void> reduceMean(CodesPass& c, const pb::NodeProto& node)
{
    QS_ASSIGN(const std::string x, c.real(inputAt(node, 0), {inputAt(node, 1), inputAt(node, 2)}));
    CodesPass::Values inputs{x};
    if (const pb::AttributeProto* axes = attribute(node, "axes"); axes && c.opset() >= 18) {
        const std::vector<int64_t> list(axes->ints().begin(), axes->ints().end());
        inputs.push_back(c.addInts(node.output(0) + "_axes", list));
    }
    const std::string y = c.add("ReduceMean", inputs);
    c.keepAttributes(node, {inputs.size() > 1 ? "axes" : ""});
    c.quantize(y, {inputAt(node, 3), inputAt(node, 4)}, node.output(0));
    return {};
}

/// QLinearAdd, QLinearMul: a and b with scale and zero point, then those of y.
Result<void> binary(CodesPass& c, const pb::NodeProto& node)
{
    QS_ASSIGN(const std::string a, c.real(inputAt(node, 0), {inputAt(node, 1), inputAt(node, 2)}));
    QS_ASSIGN(const std::string b, c.real(inputAt(node, 3), {inputAt(node, 4), inputAt(node, 5)}));
    c.quantize(c.add(floatName(node), {a, b}), {inputAt(node, 6), inputAt(node, 7)}, node.output(0));
    return {};
}

/// QLinearConcat: scale and zero point of y, then each input with its own.
Result<void> concat(CodesPass& c, const pb::NodeProto& node)
{
    CodesPass::Values inputs;
    for (int i = 2; i + 2 < node.input_size(); i += 3) {
        QS_ASSIGN(const std::string x, c.real(node.input(i), {node.input(i + 1), node.input(i + 2)}));
        inputs.push_back(x);
    }
    const std::string y = c.add("Concat", inputs);
    c.keepAttributes(node);
    c.quantize(y, {inputAt(node, 0), inputAt(node, 1)}, node.output(0));
    return {};
}

/// QLinearWhere: condition, x and y with their own, those of z.
Result<void> where(CodesPass& c, const pb::NodeProto& node)
{
    QS_ASSIGN(const std::string x, c.real(inputAt(node, 1), {inputAt(node, 2), inputAt(node, 3)}));
    QS_ASSIGN(const std::string y, c.real(inputAt(node, 4), {inputAt(node, 5), inputAt(node, 6)}));
    c.quantize(c.add("Where", {inputAt(node, 0), x, y}), {inputAt(node, 7), inputAt(node, 8)}, node.output(0));
    return {};
}

} // namespace

std::span<const CodeRule> plainCodeRules()
{
    static constexpr CodeRule rules[] = {{"QLinearAdd", binary},        {"QLinearMul", binary},
                                         {"QLinearConcat", concat},     {"QLinearWhere", where},
                                         {"QLinearSigmoid", unary},     {"QLinearLeakyRelu", unary},
                                         {"QLinearSoftmax", unary},     {"QLinearGlobalAveragePool", unary},
                                         {"QLinearAveragePool", unary}, {"QLinearReduceMean", reduceMean}};
    return rules;
}

} // namespace qs::onnx
