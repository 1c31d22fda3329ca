#include "core/project/task_choice_json.h"

#include "core/project/path_json.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace qs::project {

namespace {

using images::TruthKind;

std::string nameOf(TruthKind kind)
{
    for (const images::TruthKindDef& def : images::truthKinds())
        if (def.kind == kind)
            return std::string(def.name);
    return {};
}

images::TruthRequest truthsFrom(const JsonReader& json, const std::filesystem::path& folder)
{
    images::TruthRequest truths;
    std::vector<JsonWord<TruthKind>> kinds;
    for (const images::TruthKindDef& def : images::truthKinds())
        kinds.push_back({def.kind, def.name});
    truths.kind = json["kind"].required().oneOf(kinds, truths.kind);
    truths.path = pathFrom(json["files"], folder);
    images::TruthOptions& options = truths.options;
    options.reduceZero = json["reduce_zero"].flag(options.reduceZero);
    options.ignored = json["ignored"].integer(options.ignored, 0, 255);
    options.categoryIds = json["category_ids"].flag(options.categoryIds);
    options.scale = json["scale"].optionalNumber();
    options.zeroUnknown = json["zero_unknown"].flag(options.zeroUnknown);
    return truths;
}

} // namespace

nlohmann::json readingJson(const images::TruthRequest& truths)
{
    const images::TruthOptions& options = truths.options;
    nlohmann::json json{{"kind", nameOf(truths.kind)}};
    if (truths.kind == TruthKind::Masks) {
        json["reduce_zero"] = options.reduceZero;
        json["ignored"] = options.ignored;
    } else if (truths.kind == TruthKind::Boxes) {
        json["category_ids"] = options.categoryIds;
    } else if (truths.kind == TruthKind::Maps) {
        json["zero_unknown"] = options.zeroUnknown;
        if (options.scale)
            json["scale"] = *options.scale;
    }
    return json;
}

nlohmann::json taskChoiceJson(const images::TaskChoice& choice, const std::filesystem::path& folder)
{
    nlohmann::json json;
    if (!choice.name.empty())
        json["name"] = choice.name;
    if (!choice.characters.empty())
        json["characters"] = pathToJson(choice.characters, folder);
    if (choice.truths) {
        json["truths"] = readingJson(*choice.truths);
        json["truths"]["files"] = pathToJson(choice.truths->path, folder);
    }
    return json;
}

images::TaskChoice taskChoiceFrom(const JsonReader& json, const std::filesystem::path& folder)
{
    images::TaskChoice choice;
    choice.name = json["name"].text();
    choice.characters = pathFrom(json["characters"], folder);
    if (json["truths"].present())
        choice.truths = truthsFrom(json["truths"], folder);
    return choice;
}

} // namespace qs::project
