#pragma once

#include <string>
#include <string_view>

namespace qs::onnx {

/// What to do about a file that has an operator which the engine does not compute: why it cannot, and the way round.
/// "" where there is nothing better to say than its name.
std::string adviceFor(std::string_view domain, std::string_view op);

} // namespace qs::onnx
