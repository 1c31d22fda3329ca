#pragma once

#include "core/exec/op.h"

#include <cstddef>
#include <map>
#include <string>

namespace qs::onnx {

/// A product whose left operand is a weight (core/onnx/prepare/left_products.h).
struct LeftProduct {
    int64_t rightRank = 2;
    int64_t rows = 0, columns = 0; ///< of the weight
    bool hasLeadingOne = false;    ///< it is [1, rows, columns]
};

/// What a file leaves open and only shapes and constants decide. Importing finds these facts and starts again with
/// them; with the same facts the same file is prepared in the same way, so the export sees the nodes that the import
/// saw.
struct PreparationFacts {
    std::map<std::string, bool> branches;            ///< by first output of an If: its condition
    std::map<std::string, exec::ValueInfo> values;   ///< by name: what enters nodes whose expansion depends on it
    std::map<std::string, LeftProduct> leftProducts; ///< by output of a MatMul or Gemm
    bool floatNetwork = false;                       ///< ImportOptions::floatNetwork
    std::size_t size() const { return branches.size() + values.size() + leftProducts.size(); }
};

} // namespace qs::onnx
