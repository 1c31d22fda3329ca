#pragma once

#include <string>
#include <string_view>

namespace qs::onnx {

/// What to do about a file that has an operator which the engine does not compute: why it cannot, and the way round.
/// "" where there is nothing better to say than its name.
std::string adviceFor(std::string_view domain, std::string_view op);

/// Of indices that are no constants: "its indices " + this.
constexpr std::string_view kChosenByImage =
    "depend on the image: export the network before it chooses by its own scores (top-k of queries, grouping, "
    "post-processing)";

} // namespace qs::onnx
