#pragma once

#include "core/base/error.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace qs::quant {

/// Keeps the order in which keys were written.
using Json = nlohmann::ordered_json;

// Values of a JSON document with their checks. `path` says where a value stands ("rules[0].set.bits") and is the
// error's `where`; every error is InvalidArgument.

tl::unexpected<Error> wrong(std::string message, const std::string& path);
/// "path.key"; the key alone at the top.
std::string child(const std::string& path, std::string_view key);

/// Whether it is an object without other keys than these.
Result<void> checkKeys(const Json& json, const std::string& path, const std::vector<std::string_view>& known);

Result<std::string> readText(const Json& json, const std::string& path);
Result<double> readNumber(const Json& json, const std::string& path); ///< finite
Result<int> readInteger(const Json& json, const std::string& path);   ///< 32 bits
Result<bool> readFlag(const Json& json, const std::string& path);

/// The value of one of the words of `names` (an array of Named, setting_names.h).
template <class Names>
auto readWord(const Json& json, const std::string& path, const Names& names) -> Result<decltype(names[0].value)>
{
    std::string known;
    for (const auto& named : names) {
        if (json.is_string() && json.get_ref<const std::string&>() == named.name)
            return named.value;
        known += (known.empty() ? "\"" : ", \"") + std::string(named.name) + "\"";
    }
    return wrong("must be one of " + known, path);
}

} // namespace qs::quant
