#include "core/base/json_write.h"
#include "core/project/origin_json.h"
#include "core/project/path_json.h"
#include "core/project/session_file.h"
#include "core/project/task_choice_json.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/recipe_json.h"

namespace qs::project {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json keptToJson(const Kept<quant::Evaluation>& kept)
{
    json value(quant::evaluationJson(*kept));
    if (kept.origin.known())
        value["origin"] = kept.origin;
    return value;
}

json stateToJson(const State& state)
{
    json value{{"text", state.text}, {"recipe", quant::recipeValue(state.recipe)}};
    if (state.probe)
        value["probe"] = keptToJson(state.probe);
    if (state.evaluation)
        value["evaluation"] = keptToJson(state.evaluation);
    return value;
}

json comparisonJson(const KeptComparison& kept)
{
    json recipes = json::object();
    for (const auto& [method, recipe] : kept.recipes)
        recipes[method] = quant::recipeValue(recipe);
    return {{"table", report::comparisonValue(kept.table)}, {"recipes", recipes}};
}

json sensitivityToJson(const Kept<std::vector<SiteSensitivity>>& kept)
{
    json sites = json::array();
    for (const SiteSensitivity& site : *kept)
        sites.push_back({site.site, jsonNumber(site.kl), jsonNumber(site.sqnrDb)});
    return {{"origin", kept.origin}, {"sites", std::move(sites)}};
}

} // namespace

std::string sessionToJson(const SessionFile& session, const fs::path& folder)
{
    json states = json::array();
    for (const State& state : session.states)
        states.push_back(stateToJson(state));
    json model = pathToJson(session.model, folder);
    if (model.is_object())
        model["hash"] = session.modelHash;
    json calibration = pathToJson(session.calibrationFile, folder);
    if (calibration.is_object() && !session.calibrationHash.empty())
        calibration["hash"] = session.calibrationHash;
    json value{{"format", SessionFile::kFormat},
               {"version", SessionFile::kVersion},
               {"model", model},
               {"calibration_images", pathToJson(session.calibrationFolder, folder)},
               {"calibration_count", session.calibrationCount},
               {"test_images", pathToJson(session.testFolder, folder)},
               {"label_offset", session.labelOffset},
               {"preprocess", session.preprocess},
               {"calibration", calibration},
               {"history", {{"index", session.index}, {"states", states}}},
               {"selection", session.selection},
               {"window", session.window}};
    if (session.imageSize)
        value["image_size"] = {session.imageSize->height, session.imageSize->width};
    if (!session.savedAs.empty())
        value["saved_as"] = session.savedAs.string();
    if (!session.classNames.empty())
        value["class_names"] = session.classNames;
    if (!session.outputs.empty())
        value["outputs"] = session.outputs;
    if (session.task != images::TaskChoice{})
        value["task"] = taskChoiceJson(session.task, folder);
    if (session.sensitivity)
        value["sensitivity"] = sensitivityToJson(session.sensitivity);
    if (session.comparison && !session.comparison->table.rows.empty())
        value["comparison"] = comparisonJson(*session.comparison);
    for (const auto& [key, text] : {std::pair{"search", &session.search}, std::pair{"hybrid", &session.hybrid}})
        if (const auto part = JsonReader::parse(*text))
            value[key] = part->json();
    return jsonText(value);
}

} // namespace qs::project
