#pragma once

#include "core/onnx/export.h"
#include "core/onnx/export_file.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace qs::onnx {

/// What a linear layer, convolution or product became in the file.
struct ProductForm {
    int position = -1; ///< of the MatMul, Gemm or Conv in the list of the original file
    std::string node;  ///< its name
    std::string op;    ///< its operator
    bool quantizedInput = false;
    bool quantizedWeight = false; ///< of a product of two activations: its second operand
    bool levels = false;          ///< an operand's levels are not equally spaced
    bool channels = false;        ///< an activation has a scale a channel
    bool wideZeroPoint = false;   ///< the zero point of an activation is no 8-bit code
    bool integerBias = true;      ///< true also where there is no bias
    bool quantizedOutput = false; ///< one QuantizeLinear, and nothing else, reads the result
    bool mixedReaders = false;    ///< a QuantizeLinear and something else read the result
    bool limited = false;         ///< a Relu or Clip alone reads the result, which no codes make redundant
    bool int4 = false;            ///< weights packed as 4-bit integers
};

/// Whether a QuantizeLinear of 8 bits that integer kernels can read has the grid: one scale, and a code as zero
/// point.
bool fitsInteger(const quant::UniformGrid& grid);

/// Puts a plan into a file: integer weights, QuantizeLinear/DequantizeLinear pairs, int32 bias. How:
///   weights      codes -> DequantizeLinear (axis of the output channels in the node's own layout), in place of the
///                weight input; Cast, Sub and Mul where the input is not uniform; Gemm's alpha and beta are 1
///                afterwards (the importer has folded them into the weights)
///   activations  [Clip ->] QuantizeLinear -> DequantizeLinear, once for all readers of a site, in place of exactly
///   the
///                inputs that read it. Clip stands where the container has codes that the grid does not have: its
///                bounds are the values of the outermost codes, which is exact (rounding is monotone, and the bound
///                itself rounds to the outermost code).
///   channels,    x / scale, Round (half to even), Max and Min with qmin - zero point and qmax - zero point, times
///   wide zero    scale: constants by channel where the grid has a scale a channel and a product reads it, or where a
///   points       zero point is no 8-bit code. ONNX Runtime fuses pairs with a scale a channel into integer kernels
///                that then fail; of this form the products compute in float.
///   regions      the pair above for each region, in uint8, and Where(x >= border, upper, lower), or |x| > border
///   logarithms   r = x / scale; an estimate of the code from Log, never too high and at most one too low; one added
///                where r is below the threshold of the estimate (Gather); the level from a table (Gather). Exact,
///                since comparisons decide. Regions and logarithms give floats: what reads them computes in float.
///   smoothing    γ̂ and β̂ in place of the LayerNormalization's constants, Ŵ and ĉ of its readers; Sub and Div before
///                the quantizer where it could not be folded
///   noise        the same way: in β̂, in V's bias, or in the Sub (as -N)
///   bias         int32 -> DequantizeLinear with scale_x · scale_w, in Gemm, Conv, or the Add after a MatMul (which
///                is made where there is none); a BatchNormalization that the importer folded is taken out.
class ExportEdit {
public:
    ExportEdit(ExportFile& file, const Model& model, const quant::Plan& plan, const ExportOptions& options)
        : m_file(file), m_model(model), m_plan(plan), m_options(options)
    {
    }

    /// Errors: Unsupported (a quantizer without an exact form in standard operators, a layer whose nodes cannot be
    /// edited), naming the site or the node.
    Result<void> apply();

    const std::map<NodeId, ProductForm>& forms() const { return m_forms; }
    const std::vector<std::string>& warnings() const { return m_warnings; }

private:
    struct Pair {
        ExportFile::Group group;
        std::string output;
    };

    Result<void> checkPlan() const;
    Result<void> editProduct(NodeId id);
    Result<void> editOther(NodeId id);
    Result<void> editLogits(const graph::Site& site);
    bool needsUnsigned(const graph::Site& site, std::span<const int> codes) const;
    Result<void> replaceWeight(const graph::Site& site, int position, bool integerProduct);
    /// `bias`: the value that takes the bias's place.
    Result<void> replaceBias(NodeId id, int position, const std::string& bias);
    Result<std::string> weightValue(const graph::Site& site, int position, bool integerProduct);
    std::vector<quantoscope_onnx::NodeProto> dequantizedWeight(const graph::Site& site, const std::string& codes,
                                                               int32_t type, std::string zeroPoints, int64_t axis,
                                                               const std::string& output);
    std::vector<quantoscope_onnx::NodeProto> multipliedWeight(const graph::Site& site, const std::string& codes,
                                                              const std::vector<int>& zeroPoints, bool int4,
                                                              int64_t axis, const std::string& output);
    /// Whether a weight that the file computes (from stored ones and shapes) is the same whatever the batch.
    Result<bool> isBatchFree(const graph::Site& site);
    std::string biasValue(const graph::Site& weight, const quant::BiasPlan& bias, int before);
    /// The value that readers of the site read instead of `value`.
    Result<std::string> activationValue(const graph::Site& site, const std::string& value, int reader);
    /// The nodes of a site's quantizer. All their names begin with the site's and a slash.
    std::vector<quantoscope_onnx::NodeProto> quantizerNodes(const graph::Site& site, const std::string& value,
                                                            const std::string& output);
    std::vector<quantoscope_onnx::NodeProto> nodesInOwnShape(const graph::Site& site, const std::string& value,
                                                             const std::string& output);
    struct Names {
        std::string nodes;  ///< before "/QuantizeLinear", ..
        std::string values; ///< before "_scale", ..
    };
    std::vector<quantoscope_onnx::NodeProto> uniformNodes(const Names& names, const quant::UniformGrid& grid,
                                                          const std::string& value, const std::string& output,
                                                          int64_t axis = 0, std::size_t behind = 0);
    /// Whether it is a softmax's input whose output is quantized too.
    bool isBetweenPairs(const graph::Site& site) const;
    /// The pair, and Max(x, lowest float), which changes nothing: a softmax between two pairs becomes ONNX Runtime's
    /// QLinearSoftmax, which takes its output to be in steps of 1/256 whatever the file says.
    std::vector<quantoscope_onnx::NodeProto> setApart(const graph::Site& site, const std::string& value,
                                                      const std::string& output);
    // export_grid.cpp
    /// Whether the site's grid has no pair that runs.
    bool isRounded(const graph::Site& site) const;
    std::vector<quantoscope_onnx::NodeProto> roundedNodes(const graph::Site& site, const quant::UniformGrid& grid,
                                                          const std::string& value, const std::string& output);
    // export_levels.cpp
    static bool canWrite(const quant::LevelGrid& levels);
    std::vector<quantoscope_onnx::NodeProto> regionNodes(const graph::Site& site, const quant::RegionGrid& grid,
                                                         const std::string& value, const std::string& output);
    std::vector<quantoscope_onnx::NodeProto> logNodes(const graph::Site& site, const quant::LogGrid& grid,
                                                      const std::string& value, const std::string& output);
    // export_smoothing.cpp
    /// The constant that smoothing, noise or bias correction puts in place of the one that the use reads; null where
    /// there is none.
    const Tensor* smoothedConstant(graph::Use use) const;
    Result<void> replaceFloatWeight(NodeId id, int position, const Tensor& weight);
    /// γ̂ and β̂ of a LayerNormalization, fused or decomposed.
    Result<void> replaceGain(NodeId id);
    Result<void> appendNormConstants(NodeId id, std::span<const int> inputs);
    Result<void> insertGain(NodeId id, const Tensor& gain);
    int constantOperand(const quantoscope_onnx::NodeProto& node, int64_t elements) const;
    Result<void> replaceNormConstant(NodeId id, int input, const Tensor& value);
    /// Sub and Div (Sub alone where no scale changes); `value` becomes what they give. Nothing where the site's
    /// smoothing is folded.
    std::vector<quantoscope_onnx::NodeProto> smoothingNodes(const graph::Site& site, std::string& value);
    bool smoothedExplicitly(const graph::Site& site) const;

    bool foldsNormalization(const graph::Node& node) const;
    Result<int> productPosition(const graph::Node& node) const;
    /// The site of a use where the file must have something else there: quantized, or smoothed by an operation.
    const graph::Site* changedSite(graph::Use use) const;

    ExportFile& m_file;
    const Model& m_model;
    const quant::Plan& m_plan;
    const ExportOptions& m_options;
    std::map<std::pair<SiteId, std::string>, Pair> m_pairs; ///< by site and value of the file, or layout of a weight
    std::map<NodeId, ProductForm> m_forms;
    std::shared_ptr<const Model> m_ofTwo; ///< the file read for two images; null until somebody asks
    std::vector<std::string> m_warnings;
};

} // namespace qs::onnx
