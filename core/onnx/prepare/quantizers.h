#pragma once

#include "core/onnx/prepare/codes.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qs::onnx {

/// What a quantized file does to one of its values.
struct FileQuantizer {
    enum class Kind {
        Activation,
        Dynamic, ///< an activation whose range is that of every run
        Weight,
        Bias ///< int32
    };
    Kind kind = Kind::Activation;
    std::string value;                ///< the file's name of the float value; of constants the dequantized one
    std::vector<std::string> readers; ///< first outputs of the nodes that read it
    std::string place;                ///< for people: "Add 'blocks.0/Add' -> MatMul 'blocks.0/fc1'"
    int32_t type = 0;                 ///< of the codes: FileType
    std::vector<float> scale;         ///< one, or one a channel; empty where dynamic or in blocks
    bool stored = true;               ///< weights: as codes; else as floats that a QuantizeLinear reads
    std::vector<int32_t> zeroPoint;   ///< as many
    int64_t axis = 0;                 ///< of the channels
    int bits = 8;                     ///< of the type
    int64_t block = 0;                ///< > 0: positions of an axis that share a scale
};

/// The quantizers of a file that CodesPass has prepared, in the order of its nodes. float network: they are taken
/// out, constants become floats (code - zero point) · scale, activations go on as they are. Else they stay, and those
/// of a range that is taken at run time become the operators that define them (ONNX DynamicQuantizeLinear, opset 11):
///   scale = (max(x, 0) - min(x, 0)) / 255,  zero point = round(clip(-min / scale)),  codes clipped to 0..255
/// Errors: Malformed, Unsupported, naming the node.
Result<std::vector<FileQuantizer>> readQuantizers(quantoscope_onnx::ModelProto& model, TakenNames& names,
                                                  TensorReader& reader, const std::vector<PackedWeight>& packed,
                                                  bool floatNetwork);

} // namespace qs::onnx
