#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/base/shape.h"
#include "core/onnx/import_options.h"

#include "quantoscope_onnx.pb.h"

#include <string>
#include <vector>

namespace qs::onnx {

/// How the file takes images, and how the engine gives them: float [batch, channels, height, width].
struct ModelInput {
    std::string name;                  ///< of the file's input
    Shape shape;                       ///< [batch, channels, height, width], one run of the graph
    bool dynamicBatch = false;         ///< the file leaves the batch open
    bool channelsLast = false;         ///< the file has [batch, height, width, channels]
    bool bytes = false;                ///< the file takes uint8: pixels of 0 to 255, whole numbers
    std::string rounding;              ///< "float16" or "bfloat16": what the file takes, which rounds; else empty
    std::vector<Doubt> assumed;        ///< sizes that were chosen here, each with what chooses otherwise
    std::vector<std::string> warnings; ///< types that are converted
};

/// Reads the type and shape of the image input. Open sizes: batch as given, channels 3, height and width as `size`
/// says, or 224. Errors, naming the input: Unsupported (no tensor, a type that is no number, not four dimensions),
/// Malformed, TooLarge.
Result<ModelInput> readInput(const quantoscope_onnx::ValueInfoProto& input, const std::optional<ImageSize>& size,
                             int64_t batch = 1);

} // namespace qs::onnx
