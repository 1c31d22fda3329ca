#pragma once

#include "core/graph/sites.h"
#include "core/onnx/export_file.h"
#include "core/quant/level_grids.h"

#include <string>
#include <vector>

namespace qs::onnx {

// Nodes that map a value to levels that are not equally spaced, and their constants. What reads them computes in
// float.

/// Whether the levels have such nodes: the codes of a region must fit into 8 bits.
bool canWrite(const quant::LevelGrid& levels);

/// The pair of uniform codes for each region, in uint8, and Where(x >= border, upper, lower), or |x| > border.
std::vector<quantoscope_onnx::NodeProto> regionNodes(ExportFile& file, const graph::Site& site,
                                                     const quant::RegionGrid& grid, const std::string& value,
                                                     const std::string& output);

/// r = x / scale; an estimate of the code from Log, never too high and at most one too low; one added where r is
/// below the threshold of the estimate (Gather); the level from a table (Gather). Exact, since comparisons decide.
std::vector<quantoscope_onnx::NodeProto> logNodes(ExportFile& file, const graph::Site& site,
                                                  const quant::LogGrid& grid, const std::string& value,
                                                  const std::string& output);

} // namespace qs::onnx
