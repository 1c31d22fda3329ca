#include "core/project/origin_json.h"

#include <nlohmann/json.hpp>

namespace qs::project {

namespace {

/// The hashes of an origin under their names, for both directions.
template <class OriginOrConst, class Visit>
void eachHash(OriginOrConst& origin, const Visit& visit)
{
    visit("model", origin.model);
    visit("images", origin.images);
    visit("labels", origin.labels);
    visit("preprocess", origin.preprocess);
    visit("calibration", origin.calibration);
    visit("recipe", origin.recipe);
}

} // namespace

void to_json(nlohmann::json& json, const Origin& origin)
{
    json = {{"count", origin.count}};
    eachHash(origin, [&](const char* key, const std::string& hash) {
        if (!hash.empty())
            json[key] = hash;
    });
}

Origin originFromJson(const nlohmann::json& json)
{
    Origin origin;
    if (!json.is_object())
        return origin;
    if (const auto count = json.find("count"); count != json.end() && count->is_number_unsigned())
        origin.count = count->get<std::size_t>();
    eachHash(origin, [&](const char* key, std::string& hash) {
        if (const auto found = json.find(key); found != json.end() && found->is_string())
            hash = found->get<std::string>();
    });
    return origin;
}

} // namespace qs::project
