#include "core/onnx/export_file.h"
#include "core/onnx/prepare/codes.h"

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// Three inputs from `i` on: codes, scale, zero point.
Result<std::string> operand(CodesPass& c, const pb::NodeProto& node, int i, int64_t axis = 1)
{
    if (inputAt(node, i).empty() || inputAt(node, i + 1).empty())
        return fail(ErrorCode::Malformed, "has no input " + std::to_string(i));
    return c.real(node.input(i), {node.input(i + 1), inputAt(node, i + 2), axis});
}

/// QLinearConv: x, its scale and zero point, w .., those of y, bias of int32 with scale x · w.
Result<void> conv(CodesPass& c, const pb::NodeProto& node)
{
    if (integerAttribute(node, "channels_last", 0) != 0)
        return fail(ErrorCode::Unsupported, "has channels last: save the model with optimisation level basic");
    QS_ASSIGN(const std::string x, operand(c, node, 0));
    QS_ASSIGN(const std::string w, operand(c, node, 3, 0));
    CodesPass::Values inputs{x, w};
    if (!inputAt(node, 8).empty()) {
        QS_ASSIGN(const std::string bias, c.bias(node.input(8), node.input(1), node.input(4)));
        inputs.push_back(bias);
    }
    const std::string y = c.add("Conv", inputs);
    c.keepAttributes(node, {"channels_last"});
    c.quantize(y, {inputAt(node, 6), inputAt(node, 7)}, node.output(0));
    return {};
}

/// QLinearMatMul: a, b, y with their scales and zero points. A scale a column of b: its last axis.
Result<void> matMul(CodesPass& c, const pb::NodeProto& node)
{
    QS_ASSIGN(const std::string a, operand(c, node, 0, 0));
    QS_ASSIGN(const std::string b, operand(c, node, 3, -1));
    const std::string y = c.add("MatMul", {a, b});
    c.quantize(y, {inputAt(node, 6), inputAt(node, 7)}, node.output(0));
    return {};
}

/// com.microsoft QGemm: A, B, bias of int32 with scale alpha · A · B; the output is float where it has no scale.
Result<void> gemm(CodesPass& c, const pb::NodeProto& node)
{
    const bool transposed = integerAttribute(node, "transB", 0) != 0;
    QS_ASSIGN(const std::string a, operand(c, node, 0));
    QS_ASSIGN(const std::string b, operand(c, node, 3, transposed ? 0 : 1));
    CodesPass::Values inputs{a, b};
    if (!inputAt(node, 6).empty()) {
        const pb::AttributeProto* alpha = attribute(node, "alpha");
        QS_ASSIGN(const std::string bias,
                  c.bias(node.input(6), node.input(1), node.input(4), alpha ? alpha->f() : 1.0F));
        inputs.push_back(bias);
    }
    const bool isFloat = inputAt(node, 7).empty();
    const std::string y = c.add("Gemm", inputs, isFloat ? node.output(0) : std::string());
    c.keepAttributes(node);
    if (!isFloat)
        c.quantize(y, {inputAt(node, 7), inputAt(node, 8)}, node.output(0));
    return {};
}

/// com.microsoft QAttention: Attention of dequantized input and weights; its output is float.
Result<void> attention(CodesPass& c, const pb::NodeProto& node)
{
    if (!inputAt(node, 8).empty())
        return fail(ErrorCode::Unsupported, "has a past state");
    QS_ASSIGN(const std::string x, c.real(inputAt(node, 0), {inputAt(node, 3), inputAt(node, 6)}));
    QS_ASSIGN(const std::string w, c.real(inputAt(node, 1), {inputAt(node, 4), inputAt(node, 7), 1}));
    CodesPass::Values inputs{x, w, inputAt(node, 2)};
    if (!inputAt(node, 5).empty())
        inputs.push_back(node.input(5));
    c.add("Attention", inputs, node.output(0));
    c.last().set_domain("com.microsoft");
    c.keepAttributes(node);
    return {};
}

} // namespace

std::span<const CodeRule> linearCodeRules()
{
    static constexpr CodeRule rules[] = {
        {"QLinearConv", conv}, {"QLinearMatMul", matMul}, {"QGemm", gemm}, {"QAttention", attention}};
    return rules;
}

} // namespace qs::onnx
