#pragma once

#include "core/graph/network.h"
#include "core/onnx/file_quantization.h"

#include <vector>

namespace qs::onnx {

/// Finds the site of each quantizer of the file and writes its settings into FileQuantization::recipe, what cannot be
/// said there into the notes. Of weights: where what the file stores are codes times scales, bit by bit. Takes time
/// in proportion to the nodes and the sites.
void writeFileRecipe(const std::vector<FileQuantizer>& quantizers, const graph::Network& network,
                     const quantoscope_onnx::GraphProto& file, FileQuantization& result);

} // namespace qs::onnx
