#pragma once

#include "core/exec/op.h"

#include <cstddef>
#include <map>
#include <string>

namespace qs::onnx {

/// What a file leaves open and only shapes and constants decide. Importing finds these facts and starts again with
/// them; with the same facts the same file is prepared in the same way, so the export sees the nodes that the import
/// saw.
struct PreparationFacts {
    std::map<std::string, bool> branches;          ///< by first output of an If: its condition
    std::map<std::string, exec::ValueInfo> values; ///< by name: what enters nodes whose expansion depends on it
    bool floatNetwork = false;                     ///< ImportOptions::floatNetwork
    std::size_t size() const { return branches.size() + values.size(); }
};

} // namespace qs::onnx
