#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/onnx/import.h"
#include "core/onnx/second_opinion.h"
#include "core/quant/plan.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qs::onnx {

struct ExportOptions {
    /// 17 by default (or the source's, where that is newer); 21 stores weights of 4 bits and fewer as int4.
    int opset = 17;
    /// All weights as uint8 with zero point 128 instead of int8 (convolutions that may run as integers and would
    /// saturate are unless the recipe asks for the full range): the same values, and exact on x86 CPUs without VNNI,
    /// where ONNX Runtime's u8 × s8 product saturates (see export-rules, saturation); slower on CPUs with VNNI.
    bool unsignedWeights = false;
    std::map<std::string, std::string> metadata = {}; ///< added to metadata_props
};

/// Where a node will run in ONNX Runtime's CPU provider, by the rules of the QDQ fusions.
enum class Precision { Int8, Float, Moves };
/// Why a node computes in float.
enum class FloatReason {
    None,          ///< it does not
    NotQuantized,  ///< neither operand is
    FloatInput,    ///< the left operand
    FloatWeight,   ///< the right operand
    UnevenLevels,  ///< of an operand: regions or a logarithm
    ChannelScales, ///< an activation has a scale a channel
    WideZeroPoint, ///< that of an activation is no 8-bit code
    FloatOutput,   ///< a convolution whose output is not quantized
    MixedReaders,  ///< a quantizer and something else read the output
    Limited,       ///< a Relu or Clip alone reads the output, and no quantizer behind it has its limits
    Int4,          ///< weights in 4 bits
    FloatBias,
    KeptInFloat, ///< LayerNormalization, Softmax, Gelu
    ElementWise, ///< everything else that computes
};
/// For people; "" for None. `twoActivations`: of a product of two activations.
std::string textOf(FloatReason reason, bool twoActivations);
struct NodePrecision {
    std::string node; ///< name in the exported file
    std::string op;
    std::string layer; ///< Site::layer, "" for nodes without sites
    Precision precision = Precision::Float;
    FloatReason why = FloatReason::None;
    std::string reason; ///< textOf(why): "" for int8 and for nodes that only move data
    int64_t macs = 0;
};

struct ExportReport {
    std::filesystem::path path;
    std::size_t fileBytes = 0;
    int64_t opset = 0;
    std::vector<NodePrecision> nodes; ///< linear layers, convolutions, products, and what else computes
    std::vector<std::string> warnings;
    double int8MacShare() const; ///< of all multiply-accumulates, in [0, 1]
};

/// Writes the quantized model: the file's own nodes and names, with integer weights, QuantizeLinear/DequantizeLinear
/// pairs at the quantized sites and int32 bias, by the rules measured to run as int8 kernels in ONNX Runtime:
///   weights: int8 codes -> DequantizeLinear, symmetric, axis of the output channels; activations: per tensor, uint8
///   (or int8 container for symmetric ones); zero points always written; bias int32 with scale s_x·s_w exactly;
///   nothing around LayerNorm, GELU, softmax, residual sums (coverage matmul). Bits below 8 are stored in int8
///   containers with exact levels (a Clip keeps codes in range where the container is wider).
/// Region and logarithmic quantizers, activations with a scale a channel and wide zero points are standard operators
/// that give the simulation's values bit by bit; the products that read them run in float. Convolutions run as int8
/// where a quantizer alone reads their output, as the simulation has it too; the others multiply in float, with the
/// input, weights and bias of their codes: ONNX Runtime has integer ones only where the output is quantized, which
/// would be a rounding that the simulation does not have. Files older than opset 17 are raised to it; newer ones keep
/// theirs. Metadata: tool, version, recipe (JSON) and its hash, model hash, calibration images (hash, number),
/// preprocessing, bits by site. The file is written to a temporary name and renamed. Errors: Io; Unsupported (a site
/// whose quantizer has no exact form in standard operators), InvalidArgument.
Result<ExportReport> exportModel(const Model& model, const quant::Plan& plan, const std::filesystem::path& path,
                                 const ExportOptions& options);

/// What exportModel would report, without writing the file: `path` empty, `fileBytes` of the file that would be.
Result<ExportReport> previewExport(const Model& model, const quant::Plan& plan, const ExportOptions& options);

struct VerifyReport {
    std::size_t images = 0;
    double top1Agreement = 1;        ///< simulation against the re-loaded file, both in this engine
    double maxLogitDifference = 0;   ///< relative to the largest logit
    double logitSqnrDb = 0;          ///< simulation as signal
    std::size_t weightsCompared = 0; ///< weight tensors whose dequantized values are equal bit by bit
    std::vector<Opinion> opinions;   ///< of computations that are not this engine's
    bool passed = false;             ///< the engine and all opinions
};

struct VerifyOptions {
    std::size_t images = 8;          ///< at most
    std::size_t referenceImages = 2; ///< of them, in the reference execution, which is slow; 0: it is not asked
    std::string python = {};         ///< a Python with ONNX Runtime that runs the file too; empty: it is not asked
};
/// Re-loads the exported file, checks every weight and scale bit by bit, and runs it beside the simulation: in this
/// engine, in the reference execution (the float network too), and in ONNX Runtime where asked for. Errors: Internal
/// (a number differs, by name); those of Opinion; Cancelled.
Result<VerifyReport> verifyExport(const Model& model, const quant::Plan& plan, const std::filesystem::path& path,
                                  const exec::ImageSource& images, const VerifyOptions& options,
                                  const Context& context);

} // namespace qs::onnx
