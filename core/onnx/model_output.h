#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// One output of a file, as inspect lists it.
struct OutputInfo {
    std::string name;
    DType dtype = DType::Float32;
    Shape shape;         ///< for one run of the graph
    std::string meaning; ///< guessed from the shape: "class scores", "map", "sequence", "features", "tensor"
};

/// Which outputs count, by their numbers: those of `wanted`, in its order, or, where it is empty, the first float one
/// that is a row of numbers an image ([batch, classes], also with sizes of 1 behind), otherwise all float ones that
/// depend on the image. Boxes [batch, n, 4] beside scores [batch, n] are detections: these count, whole numbers of n
/// (classes) and of 1 (how many) among them. Errors: InvalidArgument (no such output: the names that there are; one
/// named twice), Unsupported (none of numbers; images are not the first axis of one though a run has several),
/// Malformed (one that does not depend on the image).
Result<std::vector<std::size_t>> chooseOutputs(const graph::GraphData& data, std::span<const std::string> names,
                                               std::span<const std::string> wanted);
/// `names`: the file's, one an output (an output may be a value that has another name too).
std::vector<OutputInfo> describeOutputs(const graph::GraphData& data, std::span<const std::string> names);

} // namespace qs::onnx
