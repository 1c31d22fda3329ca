#include "core/quant/recipe_json.h"

#include "core/base/file.h"
#include "core/quant/setting_json.h"
#include "core/quant/setting_names.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::string_view kFormat = "quantoscope-recipe";

Result<Selector> readSelector(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path, {"kind", "role", "block", "name"}));
    Selector selector;
    if (json.contains("kind")) {
        QS_ASSIGN(selector.kind, readWord(json["kind"], child(path, "kind"), kKinds));
    }
    if (json.contains("role")) {
        QS_ASSIGN(const std::string name, readText(json["role"], child(path, "role")));
        selector.role = graph::roleFromName(name);
        if (!selector.role)
            return wrong("there is no role \"" + name + "\"", child(path, "role"));
    }
    if (json.contains("block")) {
        QS_ASSIGN(selector.block, readInteger(json["block"], child(path, "block")));
    }
    if (json.contains("name")) {
        QS_ASSIGN(selector.name, readText(json["name"], child(path, "name")));
    }
    return selector;
}

Result<void> readRules(const Json& json, Recipe& recipe)
{
    if (!json.is_array())
        return wrong("must be a list", "rules");
    for (std::size_t i = 0; i < json.size(); ++i) {
        const std::string at = "rules[" + std::to_string(i) + "]";
        QS_CHECK(checkKeys(json[i], at, {"match", "set"}));
        Rule rule;
        for (const char* key : {"match", "set"})
            if (!json[i].contains(key))
                return wrong("is missing", child(at, key));
        QS_ASSIGN(rule.match, readSelector(json[i]["match"], child(at, "match")));
        QS_ASSIGN(rule.set, readPatch(json[i]["set"], child(at, "set")));
        recipe.rules.push_back(std::move(rule));
    }
    return {};
}

Result<Recipe> readRecipe(const Json& json)
{
    QS_CHECK(checkKeys(json, "",
                       {"format", "version", "preset", "guard", "coverage", "weight", "activation", "rules",
                        "overrides", "locked"}));
    if (!json.contains("format") || json["format"] != kFormat)
        return wrong("must be \"" + std::string(kFormat) + "\"", "format");
    if (!json.contains("version"))
        return wrong("is missing", "version");
    QS_ASSIGN(const int version, readInteger(json["version"], "version"));
    if (version < 1)
        return wrong("must be 1 or more", "version");
    if (version > Recipe::kVersion)
        return fail(ErrorCode::Unsupported,
                    "the recipe is of version " + std::to_string(version) + ", this program knows up to " +
                        std::to_string(Recipe::kVersion),
                    "version");
    Recipe recipe;
    if (json.contains("preset")) {
        QS_ASSIGN(recipe.preset, readText(json["preset"], "preset"));
    }
    if (json.contains("guard")) {
        QS_ASSIGN(recipe.guard, readFlag(json["guard"], "guard"));
    }
    if (json.contains("coverage")) {
        QS_ASSIGN(recipe.coverage, readWord(json["coverage"], "coverage", kCoverages));
    }
    if (json.contains("weight")) {
        QS_ASSIGN(const SitePatch patch, readPatch(json["weight"], "weight"));
        patch.applyTo(recipe.weight);
    }
    if (json.contains("activation")) {
        QS_ASSIGN(const SitePatch patch, readPatch(json["activation"], "activation"));
        patch.applyTo(recipe.activation);
    }
    if (json.contains("rules"))
        QS_CHECK(readRules(json["rules"], recipe));
    if (json.contains("overrides")) {
        if (!json["overrides"].is_object())
            return wrong("must be an object", "overrides");
        for (const auto& [name, value] : json["overrides"].items()) {
            QS_ASSIGN(recipe.overrides[name], readPatch(value, "overrides[\"" + name + "\"]"));
        }
    }
    if (json.contains("locked")) {
        if (!json["locked"].is_array())
            return wrong("must be a list", "locked");
        for (std::size_t i = 0; i < json["locked"].size(); ++i) {
            QS_ASSIGN(std::string name, readText(json["locked"][i], "locked[" + std::to_string(i) + "]"));
            recipe.locked.insert(std::move(name));
        }
    }
    return recipe;
}

/// Keys of the objects that are open while a document is parsed: nlohmann keeps the last of equal keys silently.
class RepeatedKey {
public:
    bool operator()(int /*depth*/, Json::parse_event_t event, Json& parsed)
    {
        if (event == Json::parse_event_t::object_start)
            m_open.emplace_back();
        else if (event == Json::parse_event_t::object_end)
            m_open.pop_back();
        else if (event == Json::parse_event_t::key && m_found.empty() &&
                 !m_open.back().insert(parsed.get<std::string>()).second)
            m_found = parsed.get<std::string>();
        return true;
    }
    const std::string& found() const { return m_found; }

private:
    std::vector<std::set<std::string>> m_open;
    std::string m_found;
};

Json selectorJson(const Selector& selector)
{
    Json json = Json::object();
    if (selector.kind)
        json["kind"] = namedOf(kKinds, *selector.kind).name;
    if (selector.role)
        json["role"] = graph::roleName(*selector.role);
    if (selector.block)
        json["block"] = *selector.block;
    if (selector.name)
        json["name"] = *selector.name;
    return json;
}

} // namespace

std::string recipeToJson(const Recipe& recipe)
{
    Json json{{"format", kFormat},
              {"version", Recipe::kVersion},
              {"preset", recipe.preset},
              {"guard", recipe.guard},
              {"coverage", namedOf(kCoverages, recipe.coverage).name},
              {"weight", patchJson(wholePatch(recipe.weight))},
              {"activation", patchJson(wholePatch(recipe.activation))},
              {"rules", Json::array()},
              {"overrides", Json::object()},
              {"locked", recipe.locked}};
    for (const Rule& rule : recipe.rules)
        json["rules"].push_back({{"match", selectorJson(rule.match)}, {"set", patchJson(rule.set)}});
    for (const auto& [name, patch] : recipe.overrides)
        json["overrides"][name] = patchJson(patch);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> saveRecipe(const Recipe& recipe, const std::filesystem::path& path)
{
    return writeAtomically(path, recipeToJson(recipe));
}

Result<Recipe> recipeFromJson(std::string_view text)
{
    RepeatedKey repeated;
    Json json;
    try {
        json = Json::parse(text, std::ref(repeated));
    } catch (const Json::parse_error& error) {
        return fail(ErrorCode::Malformed, "not JSON: error at byte " + std::to_string(error.byte));
    } catch (const Json::exception& error) {
        return fail(ErrorCode::Malformed, std::string("not JSON: ") + error.what());
    }
    if (!repeated.found().empty())
        return wrong("the key is given twice", repeated.found());
    return readRecipe(json);
}

Result<Recipe> loadRecipe(const std::filesystem::path& path)
{
    QS_ASSIGN(const std::string text, qs::readText(path));
    auto recipe = recipeFromJson(text);
    if (!recipe) {
        Error error = std::move(recipe.error());
        error.where = path.string() + (error.where.empty() ? "" : ": " + error.where);
        return tl::unexpected<Error>(std::move(error));
    }
    return recipe;
}

} // namespace qs::quant
