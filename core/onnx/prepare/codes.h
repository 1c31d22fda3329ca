#pragma once

#include "core/onnx/prepare/node_rewriter.h"

#include "quantoscope_onnx.pb.h"

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// How a value of integer codes stands for numbers: names of the scale and the zero point ("": 0), and the axis where
/// there is a scale for each of its positions.
struct CodeForm {
    std::string scale, zeroPoint;
    int64_t axis = 1;
};

struct PackedWeight {
    std::string value;  ///< the float weight
    std::string reader; ///< first output of the node that reads it
    int bits = 4;
    int64_t block = 0; ///< inputs that share a scale
};

/// A quantized file on its way into the one form that the importer reads: a QuantizeLinear (or DynamicQuantizeLinear)
/// whose codes DequantizeLinear reads, and operators of floats between. What becomes what:
///   operators of codes (QLinearConv, QLinearMatMul, com.microsoft's QGemm, QLinearAdd, QAttention, ...)
///       their float operator between DequantizeLinear and QuantizeLinear
///   MatMulInteger, ConvInteger -> Cast -> Mul with the product of both scales
///       MatMul, Conv of the dequantized operands
///   operators that only move codes (Reshape, Transpose, Concat, MaxPool, ...)
///       the same on the dequantized values, which is exact
///   com.microsoft's QuantizeLinear, DequantizeLinear: the standard ones
/// Integer sums become float sums of the same products: within float32's rounding of one product a layer.
class CodesPass {
public:
    CodesPass(quantoscope_onnx::ModelProto& model, TakenNames& names, TensorReader& reader);
    /// Errors: Unsupported, naming the node (codes of unknown scale, a form of an operator that has no float form).
    Result<void> run();
    bool isQuantized() const { return m_isQuantized; }
    /// Operators that became others: how many of each.
    const std::map<std::string, int>& replaced() const { return m_replaced; }
    const std::vector<PackedWeight>& packed() const { return m_packed; }

    using Values = std::vector<std::string>;

    // For the rules.
    /// The numbers that codes stand for.
    Result<std::string> real(const std::string& codes, const CodeForm& form);
    bool isConstant(const std::string& value) const { return m_file->isConstant(value); }
    Result<Tensor> constant(const std::string& value) const { return m_file->constant(value); }
    /// Says that a node that was added makes codes.
    void noteCodes(const std::string& codes, const CodeForm& form) { m_codes[codes] = {form, {}}; }
    /// A weight of codes in blocks that became floats at once.
    void notePacked(PackedWeight weight) { m_packed.push_back(std::move(weight)); }
    /// The form in which a value of codes was made; null where it is none.
    const CodeForm* form(const std::string& codes) const;
    std::string add(std::string_view op, const Values& inputs, const std::string& output = {});
    /// Copies attributes of a node to the last one added.
    void keepAttributes(const quantoscope_onnx::NodeProto& node, std::initializer_list<std::string_view> but = {});
    void setLast(const std::string& name, int64_t value);
    quantoscope_onnx::NodeProto& last() { return m_file->last(); }
    std::string addFloats(const std::string& base, std::span<const int64_t> dims, std::span<const float> values)
    {
        return m_file->addFloats(base, dims, values);
    }
    std::string addInts(const std::string& base, std::span<const int64_t> values)
    {
        return m_file->addInts(base, values);
    }
    /// QuantizeLinear: the codes get the name `codes`.
    void quantize(const std::string& value, const CodeForm& form, const std::string& codes);
    /// The DequantizeLinear of an int32 bias: scale = product of both scales, times `factor`.
    Result<std::string> bias(const std::string& codes, const std::string& scaleA, const std::string& scaleB,
                             float factor = 1);
    /// The node of `op` that alone reads the value; null where there is none, or the value is an output too.
    const quantoscope_onnx::NodeProto* onlyReader(const std::string& value, std::string_view op) const;
    const quantoscope_onnx::NodeProto* producer(const std::string& value) const { return m_file->producer(value); }
    /// The node is not kept.
    void skip(const quantoscope_onnx::NodeProto* node) { m_skipped.insert(node); }
    int64_t opset() const { return m_opset; }

private:
    struct Origin {
        CodeForm form;
        std::string real; ///< "" until somebody asks
    };
    Result<void> lower(const quantoscope_onnx::NodeProto& node);
    Result<bool> move(const quantoscope_onnx::NodeProto& node);
    Result<bool> pair(const quantoscope_onnx::NodeProto& node);
    Result<bool> sameForm(const CodeForm& a, const CodeForm& b);
    Result<bool> sameTensor(const std::string& a, const std::string& b);

    quantoscope_onnx::ModelProto& m_model;
    TakenNames& m_names;
    TensorReader& m_reader;
    int64_t m_opset = 0;
    bool m_isQuantized = false;
    std::optional<NodeRewriter> m_file; ///< while it runs
    std::string m_base;                 ///< name of the node that is lowered
    std::map<std::string, Origin> m_codes;
    std::map<std::string, std::string> m_realConstants;
    std::set<const quantoscope_onnx::NodeProto*> m_skipped;
    std::map<std::string, int> m_replaced;
    std::vector<PackedWeight> m_packed;
};

/// How an operator of codes becomes one of floats.
struct CodeRule {
    std::string_view op;
    Result<void> (*lower)(CodesPass&, const quantoscope_onnx::NodeProto&);
};
std::span<const CodeRule> linearCodeRules();  ///< QLinear...: products
std::span<const CodeRule> plainCodeRules();   ///< QLinear...: all else
std::span<const CodeRule> integerCodeRules(); ///< integer products with scales of their own, packed weights
const CodeRule* findCodeRule(std::string_view op);

} // namespace qs::onnx
