#pragma once

#include "core/graph/sites.h"
#include "core/onnx/export_file.h"
#include "core/quant/quantizer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qs::onnx {

// Nodes that map a value to the levels of a uniform grid, and their constants.

/// Whether a QuantizeLinear of 8 bits that integer kernels can read has the grid: one scale, and a code as zero
/// point.
bool fitsInteger(const quant::UniformGrid& grid);

/// How the nodes and the values of a quantizer are called.
struct QuantizerNames {
    std::string nodes;  ///< before "/QuantizeLinear", ..
    std::string values; ///< before "_scale", ..
};

/// [Clip ->] QuantizeLinear -> DequantizeLinear. Clip stands where the container has codes that the grid does not
/// have: its bounds are the values of the outermost codes, which is exact (rounding is monotone, and the bound itself
/// rounds to the outermost code). axis: of the scales, where there is one a channel; behind: dimensions after it.
std::vector<quantoscope_onnx::NodeProto> uniformNodes(ExportFile& file, const QuantizerNames& names,
                                                      const quant::UniformGrid& grid, const std::string& value,
                                                      const std::string& output, int64_t axis = 0,
                                                      std::size_t behind = 0);

/// The same without codes: x / scale, Round (half to even), Max and Min with qmin - zero point and qmax - zero point,
/// times scale. For grids that have no pair that runs: zero points that are no 8-bit codes, and scales a channel at
/// products (ONNX Runtime fuses such pairs into integer kernels that then fail).
std::vector<quantoscope_onnx::NodeProto> roundedNodes(ExportFile& file, const graph::Site& site,
                                                      const quant::UniformGrid& grid, const std::string& value,
                                                      const std::string& output);

} // namespace qs::onnx
