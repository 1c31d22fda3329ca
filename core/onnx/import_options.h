#pragma once

#include "core/base/tensor.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace qs::onnx {

struct ImageSize {
    int64_t height = 0, width = 0;
    friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// What a file leaves to whoever opens it.
struct ImportOptions {
    std::optional<ImageSize> imageSize = {}; ///< where the file leaves height and width open (default 224 × 224)
    std::map<std::string, Tensor> constants = {}; ///< further inputs, by name: they become constants
    std::string output = {};                      ///< the output that counts; empty: chosen (see OutputInfo)
};

} // namespace qs::onnx
