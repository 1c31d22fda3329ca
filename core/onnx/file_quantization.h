#pragma once

#include "core/graph/network.h"
#include "core/onnx/prepare/quantizers.h"
#include "core/quant/recipe.h"

#include <map>
#include <string>
#include <vector>

namespace qs::onnx {

/// What a file that is already quantized does, for people and as a recipe.
struct FileQuantization {
    std::string form;    ///< "QDQ", "QOperator", "dynamic", "weights only"
    std::string summary; ///< "82 activations (uint8), 74 weights (int8 by channel)"
    /// For the float network behind the file: every site that the file quantizes has the file's bits and range, so
    /// that scale and zero point come out the same; all others are float. Signed codes are written as asymmetric
    /// ones, which have the same levels. Empty where the graph still has the file's quantizers.
    quant::Recipe recipe;
    std::size_t sites = 0; ///< that the recipe quantizes
    /// What the recipe cannot say: quantizers at places that are no sites, more than 8 bits, scales in blocks, ranges
    /// that are taken at run time.
    std::vector<std::string> notes;
};

/// `file`: the prepared graph, whose positions Node::sources hold.
FileQuantization describeQuantization(const std::vector<FileQuantizer>& quantizers,
                                      const std::map<std::string, int>& replaced, const graph::Network& network,
                                      const quantoscope_onnx::GraphProto& file, bool floatNetwork);

} // namespace qs::onnx
