#include "core/quant/json_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace qs::quant {

tl::unexpected<Error> wrong(std::string message, const std::string& path)
{
    return fail(ErrorCode::InvalidArgument, std::move(message), path);
}

std::string child(const std::string& path, std::string_view key)
{
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

Result<void> checkKeys(const Json& json, const std::string& path, const std::vector<std::string_view>& known)
{
    if (!json.is_object())
        return wrong("must be an object", path);
    for (const auto& [key, value] : json.items())
        if (std::ranges::find(known, key) == known.end())
            return wrong("unknown key", child(path, key));
    return {};
}

Result<std::string> readText(const Json& json, const std::string& path)
{
    if (!json.is_string())
        return wrong("must be a text", path);
    return json.get<std::string>();
}

Result<double> readNumber(const Json& json, const std::string& path)
{
    if (!json.is_number() || !std::isfinite(json.get<double>()))
        return wrong("must be a number", path);
    return json.get<double>();
}

Result<int> readInteger(const Json& json, const std::string& path)
{
    if (!json.is_number_integer() || json.get<double>() < INT32_MIN || json.get<double>() > INT32_MAX)
        return wrong("must be an integer", path);
    return json.get<int>();
}

Result<bool> readFlag(const Json& json, const std::string& path)
{
    if (!json.is_boolean())
        return wrong("must be true or false", path);
    return json.get<bool>();
}

} // namespace qs::quant
