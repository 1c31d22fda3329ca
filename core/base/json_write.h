#pragma once

#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace qs {

// JSON has no NaN and no infinity, and its texts are UTF-8: what the program writes keeps to both, whatever it is
// given (names of files are bytes).

/// The number; "nan", "inf" or "-inf" where JSON has none. JsonReader::anyNumber reads it back.
inline nlohmann::ordered_json jsonNumber(double value)
{
    if (std::isfinite(value))
        return value;
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/// The document as text, indented by `indent` and with a newline at its end, or (-1) in one line without. Bytes that
/// are no UTF-8 become U+FFFD.
template <class Json>
std::string jsonText(const Json& json, int indent = 2)
{
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + (indent < 0 ? "" : "\n");
}

} // namespace qs
