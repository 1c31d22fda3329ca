#include "core/onnx/export_file.h"
#include "core/onnx/prepare/codes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// The factors of a product of scales, taken apart at every Mul.
void addFactors(const CodesPass& c, const std::string& value, std::vector<std::string>& factors, int depth = 0)
{
    constexpr int kDeepest = 4;
    const pb::NodeProto* mul = c.isConstant(value) ? nullptr : c.producer(value);
    if (!mul || mul->op_type() != "Mul" || mul->input_size() != 2 || depth == kDeepest) {
        factors.push_back(value);
        return;
    }
    for (const std::string& input : mul->input())
        addFactors(c, input, factors, depth + 1);
}

/// The scale of a constant operand as DequantizeLinear has it: a scalar, or one number a channel.
Result<std::string> plainScale(CodesPass& c, const std::string& scale)
{
    QS_ASSIGN(const Tensor tensor, c.constant(scale));
    if (tensor.dtype() != DType::Float32)
        return fail(ErrorCode::Malformed, "its scale is not float");
    if (tensor.elements() == 1 || tensor.shape().rank() == 1)
        return scale;
    const std::array count{tensor.elements()};
    return c.addFloats(scale + "_flat", count, tensor.floats());
}

/// MatMulInteger or ConvInteger, Cast, and Mul by the scales of both operands. The operands: codes of the file with a
/// scale that the Mul brings, or what a quantizer made.
Result<void> integerProduct(CodesPass& c, const pb::NodeProto& node)
{
    const bool isConv = node.op_type() == "ConvInteger";
    const pb::NodeProto* cast = c.onlyReader(node.output(0), "Cast");
    const pb::NodeProto* mul = cast ? c.onlyReader(cast->output(0), "Mul") : nullptr;
    if (!mul || mul->input_size() != 2 || node.input_size() < 2)
        return fail(ErrorCode::Unsupported, "its sums are not made float by a Cast and a Mul alone");
    std::vector<std::string> factors;
    addFactors(c, mul->input(mul->input(0) == cast->output(0) ? 1 : 0), factors);
    std::array<CodeForm, 2> forms;
    for (int i = 0; i < 2; ++i) {
        const CodeForm* form = c.form(node.input(i));
        if (!form)
            continue;
        forms[static_cast<std::size_t>(i)] = *form;
        const auto scale = std::ranges::find(factors, form->scale);
        if (scale == factors.end())
            return fail(ErrorCode::Unsupported,
                        "its sums are not multiplied by the scale of '" + printable(node.input(i)) + "'");
        factors.erase(scale);
    }
    for (int i = 0; i < 2; ++i) {
        if (c.form(node.input(i)))
            continue;
        if (factors.size() != 1 || !c.isConstant(factors[0]))
            return fail(ErrorCode::Unsupported, "the scale of '" + printable(node.input(i)) + "' is not a constant");
        QS_ASSIGN(const std::string scale, plainScale(c, factors[0]));
        forms[static_cast<std::size_t>(i)] = {scale, inputAt(node, i + 2), isConv ? int64_t{0} : int64_t{-1}};
        factors.clear();
    }
    if (!factors.empty())
        return fail(ErrorCode::Unsupported, "its sums are multiplied by more than the scales of its operands");
    QS_ASSIGN(const std::string a, c.real(node.input(0), forms[0]));
    QS_ASSIGN(const std::string b, c.real(node.input(1), forms[1]));
    c.add(isConv ? "Conv" : "MatMul", {a, b}, mul->output(0));
    c.keepAttributes(node);
    c.skip(cast);
    c.skip(mul);
    return {};
}

/// A product of dequantized operands, and the bias that the fused operators bring as their last input.
Result<void> finishProduct(CodesPass& c, const pb::NodeProto& node, const std::string& a, const std::string& b,
                           const std::string& bias)
{
    if (bias.empty()) {
        c.add("MatMul", {a, b}, node.output(0));
        return {};
    }
    c.add("Add", {c.add("MatMul", {a, b}), bias}, node.output(0));
    return {};
}

/// com.microsoft MatMulIntegerToFloat: A, B, scale of A, of B, zero points of A and B, bias.
Result<void> matMulIntegerToFloat(CodesPass& c, const pb::NodeProto& node)
{
    QS_ASSIGN(const std::string a, c.real(inputAt(node, 0), {inputAt(node, 2), inputAt(node, 4)}));
    QS_ASSIGN(const std::string b, c.real(inputAt(node, 1), {inputAt(node, 3), inputAt(node, 5), -1}));
    return finishProduct(c, node, a, b, inputAt(node, 6));
}

/// com.microsoft DynamicQuantizeMatMul: A (float), B, scale and zero point of B, bias.
Result<void> dynamicQuantizeMatMul(CodesPass& c, const pb::NodeProto& node)
{
    const std::string codes = c.add("DynamicQuantizeLinear", {inputAt(node, 0)});
    pb::NodeProto& quantizer = c.last();
    quantizer.add_output(codes + "_scale");
    quantizer.add_output(codes + "_zero_point");
    const CodeForm form{quantizer.output(1), quantizer.output(2)};
    c.noteCodes(codes, form);
    QS_ASSIGN(const std::string a, c.real(codes, form));
    QS_ASSIGN(const std::string b, c.real(inputAt(node, 1), {inputAt(node, 2), inputAt(node, 3), -1}));
    return finishProduct(c, node, a, b, inputAt(node, 4));
}

/// com.microsoft MatMulNBits: B [n, blocks, bytes] with the first code in the low bits, scales [n, blocks], zero
/// points packed the same way [n, bytes] or in floats, 2^(bits-1) where there are none; bias. The product of A and
///   W[k, n] = (code - zero point) · scale,  one scale for each `block_size` inputs of an output.
Result<void> matMulNBits(CodesPass& c, const pb::NodeProto& node)
{
    const int64_t k = integerAttribute(node, "K", 0), n = integerAttribute(node, "N", 0);
    const int64_t bits = integerAttribute(node, "bits", 4), block = integerAttribute(node, "block_size", 0);
    if (k < 1 || n < 1 || k > (1 << 24) || n > (1 << 24) || block < 1 || block > (1 << 24) ||
        (bits != 2 && bits != 4 && bits != 8))
        return fail(ErrorCode::Malformed, "has sizes that make no sense");
    if (!inputAt(node, 4).empty())
        return fail(ErrorCode::Unsupported, "has its inputs in another order (g_idx)");
    const int64_t blocks = (k + block - 1) / block;
    const auto perByte = static_cast<std::size_t>(8 / bits);
    const auto mask = static_cast<unsigned>((1 << bits) - 1);
    QS_ASSIGN(const Tensor packed, c.constant(inputAt(node, 1)));
    QS_ASSIGN(const Tensor scales, c.constant(inputAt(node, 2)));
    const auto bytesOfRow = static_cast<std::size_t>(blocks * ((block * bits + 7) / 8));
    const auto zeroBytes = static_cast<std::size_t>((blocks * bits + 7) / 8);
    if (packed.dtype() != DType::UInt8 || packed.sizeBytes() != static_cast<std::size_t>(n) * bytesOfRow ||
        scales.dtype() != DType::Float32 || scales.elements() != n * blocks)
        return fail(ErrorCode::ShapeMismatch, "its weights or scales do not fit its sizes");
    Tensor zeros;
    if (!inputAt(node, 3).empty()) {
        QS_ASSIGN(zeros, c.constant(inputAt(node, 3)));
        const bool fits =
            zeros.dtype() == DType::Float32
                ? zeros.elements() == n * blocks
                : zeros.dtype() == DType::UInt8 && zeros.sizeBytes() == static_cast<std::size_t>(n) * zeroBytes;
        if (!fits)
            return fail(ErrorCode::ShapeMismatch, "its zero points do not fit its sizes");
    }
    const auto codeAt = [&](const uint8_t* row, std::size_t i) {
        return (row[i / perByte] >> (i % perByte * static_cast<std::size_t>(bits))) & mask;
    };
    std::vector<float> weight(static_cast<std::size_t>(k * n));
    for (std::size_t o = 0; o < static_cast<std::size_t>(n); ++o)
        for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) {
            const std::size_t b = i / static_cast<std::size_t>(block);
            const std::size_t s = o * static_cast<std::size_t>(blocks) + b;
            float zero = static_cast<float>(1 << (bits - 1));
            if (!inputAt(node, 3).empty())
                zero = zeros.dtype() == DType::Float32
                           ? zeros.floats()[s]
                           : static_cast<float>(codeAt(zeros.data<uint8_t>().data() + o * zeroBytes, b));
            const auto code = static_cast<float>(codeAt(packed.data<uint8_t>().data() + o * bytesOfRow, i));
            weight[i * static_cast<std::size_t>(n) + o] = (code - zero) * scales.floats()[s];
        }
    const std::array dims{k, n};
    const std::string b = c.addFloats(node.input(1) + "_dequantized", dims, weight);
    c.notePacked({b, node.output(0), static_cast<int>(bits), block});
    return finishProduct(c, node, inputAt(node, 0), b, inputAt(node, 5));
}

} // namespace

std::span<const CodeRule> integerCodeRules()
{
    static constexpr CodeRule rules[] = {{"MatMulInteger", integerProduct},
                                         {"ConvInteger", integerProduct},
                                         {"MatMulIntegerToFloat", matMulIntegerToFloat},
                                         {"DynamicQuantizeMatMul", dynamicQuantizeMatMul},
                                         {"MatMulNBits", matMulNBits}};
    return rules;
}

} // namespace qs::onnx
