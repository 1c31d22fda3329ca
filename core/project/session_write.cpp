#include "core/project/origin_json.h"
#include "core/project/session_file.h"
#include "core/quant/recipe_json.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace qs::project {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json pathToJson(const fs::path& path, const fs::path& folder)
{
    if (path.empty())
        return nullptr;
    std::error_code ignored;
    const fs::path absolute = fs::absolute(path, ignored);
    json value{{"path", absolute.lexically_normal().string()}};
    if (const fs::path relative = absolute.lexically_relative(fs::absolute(folder, ignored)); !relative.empty())
        value["relative"] = relative.string();
    return value;
}

json number(double value)
{
    return std::isfinite(value) ? json(value) : json();
}

/// The figures, without the results of single images.
json figuresToJson(const quant::Evaluation& e)
{
    json value{{"images", e.images},
               {"labelled", e.labelled},
               {"agreement", e.agreement},
               {"logit_sqnr_db", number(e.logitSqnrDb)},
               {"kl", number(e.klDivergence)},
               {"mean_weight_bits", e.meanWeightBits},
               {"mean_activation_bits", e.meanActivationBits},
               {"model_bytes", e.modelBytes},
               {"bops", e.bops},
               {"seconds", e.seconds},
               {"images_per_second", e.imagesPerSecond},
               {"threads", e.threads},
               {"coverage", e.coverage == graph::Coverage::Full ? "full" : "matmul"},
               {"preset", e.preset}};
    const auto add = [&value](const char* key, const std::optional<double>& figure) {
        if (figure)
            value[key] = *figure;
    };
    add("top1", e.top1);
    add("top5", e.top5);
    add("float_top1", e.floatTop1);
    add("float_top5", e.floatTop5);
    if (e.lost && e.gained) {
        value["lost"] = *e.lost;
        value["gained"] = *e.gained;
    }
    return value;
}

json keptToJson(const Kept<quant::Evaluation>& kept)
{
    json value = figuresToJson(*kept);
    if (kept.origin.known())
        value["origin"] = kept.origin;
    return value;
}

json stateToJson(const State& state)
{
    json value{{"text", state.text}, {"recipe", json::parse(quant::recipeToJson(state.recipe))}};
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
        recipes[method] = json::parse(quant::recipeToJson(recipe));
    return {{"table", json::parse(report::comparisonToJson(kept.table))}, {"recipes", recipes}};
}

json sensitivityToJson(const Kept<std::vector<SiteSensitivity>>& kept)
{
    json sites = json::array();
    for (const SiteSensitivity& site : *kept)
        sites.push_back({site.site, number(site.kl), number(site.sqnrDb)});
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
    json value{{"format", "quantoscope-session"},
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
    if (!session.output.empty())
        value["output"] = session.output;
    if (session.sensitivity)
        value["sensitivity"] = sensitivityToJson(session.sensitivity);
    if (session.comparison && !session.comparison->table.rows.empty())
        value["comparison"] = comparisonJson(*session.comparison);
    if (!session.search.empty())
        value["search"] = json::parse(session.search, nullptr, false);
    if (!session.hybrid.empty())
        value["hybrid"] = json::parse(session.hybrid, nullptr, false);
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace qs::project
