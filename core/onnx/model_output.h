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

/// Which output counts: the one of this name or, where `name` is empty, the first float one that is a row of numbers
/// an image ([batch, classes], also with sizes of 1 behind), otherwise the first float one. Errors: InvalidArgument
/// (no such output: the names that there are), Unsupported (none of floats; one that does not depend on the image;
/// images are not its first axis though a run has several).
Result<std::size_t> chooseOutput(const graph::GraphData& data, std::span<const std::string> names,
                                 std::string_view name);
/// `names`: the file's, one an output (an output may be a value that has another name too).
std::vector<OutputInfo> describeOutputs(const graph::GraphData& data, std::span<const std::string> names);

} // namespace qs::onnx
