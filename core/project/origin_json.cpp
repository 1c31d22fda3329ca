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
    visit("task", origin.task);
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

Origin originFrom(const JsonReader& json)
{
    Origin origin;
    origin.count = json["count"].count(0);
    eachHash(origin, [&](const char* key, std::string& hash) { hash = json[std::string_view(key)].text(); });
    return origin;
}

} // namespace qs::project
