#pragma once

#include "core/base/tensor.h"
#include "core/graph/rewrites/rewrite_set.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qs::onnx {

struct ImageSize {
    int64_t height = 0, width = 0;
    friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// What a file leaves to whoever opens it.
struct ImportOptions {
    std::optional<ImageSize> imageSize = {}; ///< where the file leaves height and width open (default 224 × 224)
    std::map<std::string, Tensor> constants = {}; ///< further inputs, by name: they become constants
    /// Of a file that is already quantized, the float network behind it: dequantized weights, no quantizers, and what
    /// they did as a recipe. Else the network as the file computes it, with FakeQuantize nodes. Others are not
    /// changed.
    bool floatNetwork = false;
    graph::RewriteSet rewrites = graph::kAllRewrites; ///< fewer: for finding faults
    int64_t batch = 1;                                ///< images of one run where the file leaves them open
    std::vector<std::string> outputs = {};            ///< that count, by name; empty: chosen, see chooseOutputs
};

} // namespace qs::onnx
