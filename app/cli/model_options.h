#pragma once

#include "core/base/error.h"
#include "core/onnx/import.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace qs::cli {

/// The model of a command, and what its file leaves open.
struct ModelOptions {
    std::string path;
    std::string size;                 ///< --input-size
    std::vector<std::string> outputs; ///< --output
    std::vector<std::string> inputs;  ///< --input NAME=FILE.npy
    void addTo(CLI::App& app);
    /// Opens the model (ImportOptions::floatNetwork); says what was assumed, and that a file is already quantized.
    /// Errors: the import's, InvalidArgument naming the option.
    Result<onnx::Model> open(bool floatNetwork = true) const;
};

} // namespace qs::cli
