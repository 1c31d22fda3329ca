#include "core/project/path_json.h"

#include <string>

#include <nlohmann/json.hpp>

namespace qs::project {

namespace fs = std::filesystem;

nlohmann::json pathToJson(const fs::path& path, const fs::path& folder)
{
    if (path.empty())
        return nullptr;
    std::error_code ignored;
    const fs::path absolute = fs::absolute(path, ignored);
    nlohmann::json value{{"path", absolute.lexically_normal().string()}};
    if (const fs::path relative = absolute.lexically_relative(fs::absolute(folder, ignored)); !relative.empty())
        value["relative"] = relative.string();
    return value;
}

fs::path pathFrom(const JsonReader& value, const fs::path& folder)
{
    if (!value.present())
        return {};
    const std::string absolute = value["path"].required().text();
    if (const std::string relative = value["relative"].text(); !relative.empty()) {
        std::error_code ignored;
        fs::path near = (folder / relative).lexically_normal();
        if (fs::exists(near, ignored))
            return near;
    }
    return absolute;
}

} // namespace qs::project
