#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/onnx/import.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace qs::onnx {

/// Asked before any work. Errors: InvalidArgument (no such Python, or without numpy and onnxruntime; with the way
/// round), Cancelled.
Result<std::string> onnxRuntimeVersion(const std::string& python, const std::stop_token& stop = {});

struct RuntimeOutputs {
    Tensor values;       ///< [images, elements of the model's output for one image]
    std::string version; ///< of ONNX Runtime
};

/// Runs a file that has `model`'s input and output in ONNX Runtime's CPU provider (default options), in a Python
/// process of its own. Errors: NotFound (no such Python), Io (what Python said), Malformed (outputs of another size),
/// the image's, Cancelled.
Result<RuntimeOutputs> runOnnxRuntime(const std::string& python, const Model& model,
                                      const std::filesystem::path& path, const exec::ImageSource& images,
                                      std::size_t count, const Context& context);

} // namespace qs::onnx
