#include "core/quant/recipe_json.h"

#include "core/base/file.h"
#include "core/base/json_write.h"
#include "core/base/write_file.h"
#include "core/quant/setting_json.h"
#include "core/quant/setting_names.h"

#include <string>
#include <utility>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "quantoscope-recipe";

Selector readSelector(const JsonReader& json)
{
    json.onlyKeys({"kind", "role", "block", "name"});
    Selector selector;
    if (const JsonReader kind = json["kind"]; kind.given())
        selector.kind = kind.required().oneOf(kKinds, graph::SiteKind::Weight);
    if (const JsonReader role = json["role"]; role.given()) {
        const std::string name = role.required().text();
        selector.role = graph::roleFromName(name);
        if (!selector.role)
            role.fail("there is no role \"" + name + "\"");
    }
    if (const JsonReader block = json["block"]; block.given())
        selector.block = block.required().integer(0);
    if (const JsonReader name = json["name"]; name.given())
        selector.name = name.required().text();
    return selector;
}

Rule readRule(const JsonReader& json)
{
    json.onlyKeys({"match", "set"});
    return {readSelector(json["match"].required()), readPatch(json["set"])};
}

bool ofThisVersion(const JsonReader& json)
{
    const int version = json["version"].required().integer(1, 1);
    if (version > Recipe::kVersion)
        json["version"].fail("the recipe is of version " + std::to_string(version) + ", this program knows up to " +
                                 std::to_string(Recipe::kVersion),
                             ErrorCode::Unsupported);
    return !json.failed();
}

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

Recipe recipeFrom(const JsonReader& json)
{
    Recipe recipe;
    json.required().onlyKeys(
        {"format", "version", "preset", "guard", "coverage", "weight", "activation", "rules", "overrides", "locked"});
    if (!json["format"].isText() || json["format"].text() != kFormat)
        json["format"].fail("must be \"" + std::string(kFormat) + "\"");
    if (!ofThisVersion(json))
        return recipe;
    if (const JsonReader preset = json["preset"]; preset.given())
        recipe.preset = preset.required().text();
    if (const JsonReader guard = json["guard"]; guard.given())
        recipe.guard = guard.required().flag(recipe.guard);
    if (const JsonReader coverage = json["coverage"]; coverage.given())
        recipe.coverage = coverage.required().oneOf(kCoverages, recipe.coverage);
    if (const JsonReader weight = json["weight"]; weight.given())
        readPatch(weight).applyTo(recipe.weight);
    if (const JsonReader activation = json["activation"]; activation.given())
        readPatch(activation).applyTo(recipe.activation);
    if (const JsonReader rules = json["rules"]; rules.given())
        for (const JsonReader& rule : rules.required().items())
            recipe.rules.push_back(readRule(rule));
    if (const JsonReader overrides = json["overrides"]; overrides.given())
        for (const auto& [name, patch] : overrides.required().members())
            recipe.overrides[name] = readPatch(patch);
    if (const JsonReader locked = json["locked"]; locked.given())
        for (const JsonReader& name : locked.required().items())
            recipe.locked.insert(name.required().text());
    return recipe;
}

Json recipeValue(const Recipe& recipe)
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
    return json;
}

std::string recipeToJson(const Recipe& recipe)
{
    return jsonText(recipeValue(recipe));
}

Result<void> saveRecipe(const Recipe& recipe, const std::filesystem::path& path)
{
    return writeAtomically(path, recipeToJson(recipe));
}

Result<Recipe> recipeFromJson(std::string_view text)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    return file.finish(recipeFrom(file));
}

Result<Recipe> loadRecipe(const std::filesystem::path& path)
{
    QS_ASSIGN(const std::string text, readText(path));
    auto recipe = recipeFromJson(text);
    if (!recipe)
        return tl::unexpected<Error>(inFile(std::move(recipe.error()), path.string()));
    return recipe;
}

} // namespace qs::quant
