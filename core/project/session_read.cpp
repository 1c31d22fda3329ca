#include "core/base/file.h"
#include "core/project/origin_json.h"
#include "core/project/session_file.h"
#include "core/quant/recipe_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace qs::project {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "quantoscope-session";

/// The place relative to the session file wins: a moved folder keeps working. The absolute one is what is reported.
Result<fs::path> pathFromJson(const json& document, const char* key, const fs::path& folder)
{
    const json value = document.value(key, json());
    if (value.is_null())
        return fs::path();
    if (!value.is_object() || !value.contains("path") || !value["path"].is_string())
        return fail(ErrorCode::Malformed, "not a path", key);
    std::error_code ignored;
    if (value.contains("relative") && value["relative"].is_string()) {
        const fs::path near = (folder / value["relative"].get<std::string>()).lexically_normal();
        if (fs::exists(near, ignored))
            return near;
    }
    return fs::path(value["path"].get<std::string>());
}

double number(const json& from, const char* key, double fallback)
{
    const auto found = from.find(key);
    return found != from.end() && found->is_number() ? found->get<double>() : fallback;
}
std::optional<double> optional(const json& from, const char* key)
{
    const auto found = from.find(key);
    return found != from.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}
std::size_t count(const json& from, const char* key)
{
    return static_cast<std::size_t>(std::clamp(number(from, key, 0), 0.0, 1e15));
}

std::shared_ptr<const quant::Evaluation> figuresFromJson(const json& value)
{
    if (!value.is_object())
        return nullptr;
    auto e = std::make_shared<quant::Evaluation>();
    e->isFloat = false;
    e->images = count(value, "images");
    e->labelled = count(value, "labelled");
    e->agreement = number(value, "agreement", 1);
    e->logitSqnrDb = number(value, "logit_sqnr_db", std::numeric_limits<double>::infinity());
    e->klDivergence = number(value, "kl", 0);
    e->meanWeightBits = number(value, "mean_weight_bits", 32);
    e->meanActivationBits = number(value, "mean_activation_bits", 32);
    e->modelBytes = count(value, "model_bytes");
    e->bops = number(value, "bops", 0);
    e->seconds = number(value, "seconds", 0);
    e->imagesPerSecond = number(value, "images_per_second", 0);
    e->threads = static_cast<int>(std::clamp(number(value, "threads", 1), 1.0, 65536.0));
    e->coverage = value.value("coverage", json()) == "full" ? graph::Coverage::Full : graph::Coverage::MatMul;
    e->preset = value.value("preset", json()).is_string() ? value["preset"].get<std::string>() : std::string();
    e->top1 = optional(value, "top1");
    e->top5 = optional(value, "top5");
    e->floatTop1 = optional(value, "float_top1");
    e->floatTop5 = optional(value, "float_top5");
    if (value.contains("lost") && value.contains("gained")) {
        e->lost = count(value, "lost");
        e->gained = count(value, "gained");
    }
    return e;
}

Kept<quant::Evaluation> keptFromJson(const json& value)
{
    return {figuresFromJson(value), value.is_object() ? originFromJson(value.value("origin", json())) : Origin{}};
}

Result<void> statesFromJson(const json& list, SessionFile& session)
{
    if (!list.is_array() || list.empty())
        return fail(ErrorCode::Malformed, "needs at least one state", "history/states");
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string where = "history/states/" + std::to_string(i);
        if (!list[i].is_object() || !list[i].contains("recipe"))
            return fail(ErrorCode::Malformed, "no recipe", where);
        auto recipe = quant::recipeFromJson(list[i]["recipe"].dump());
        if (!recipe)
            return fail(recipe.error().code, recipe.error().message, where + "/recipe/" + recipe.error().where);
        const json text = list[i].value("text", json(""));
        session.states.push_back({text.is_string() ? text.get<std::string>() : std::string(), std::move(*recipe),
                                  keptFromJson(list[i].value("probe", json())),
                                  keptFromJson(list[i].value("evaluation", json()))});
    }
    return {};
}

Kept<std::vector<SiteSensitivity>> sensitivityFromJson(const json& value)
{
    const json list = value.is_object() ? value.value("sites", json()) : json();
    if (!list.is_array())
        return {};
    auto sites = std::make_shared<std::vector<SiteSensitivity>>();
    const auto numberOf = [](const json& v) {
        return v.is_number() ? v.get<double>() : std::numeric_limits<double>::infinity();
    };
    for (const json& item : list)
        if (item.is_array() && item.size() == 3 && item[0].is_string())
            sites->push_back({item[0].get<std::string>(), numberOf(item[1]), numberOf(item[2])});
    return {std::move(sites), originFromJson(value.value("origin", json()))};
}

Result<std::shared_ptr<const KeptComparison>> comparisonOf(const json& value)
{
    if (!value.is_object())
        return fail(ErrorCode::Malformed, "not a comparison", "comparison");
    auto kept = std::make_shared<KeptComparison>();
    QS_ASSIGN(kept->table, report::comparisonFromJson(value.value("table", json()).dump()));
    if (const json recipes = value.value("recipes", json()); recipes.is_object())
        for (const auto& [method, text] : recipes.items()) {
            QS_ASSIGN(kept->recipes[method], quant::recipeFromJson(text.dump()));
        }
    return std::shared_ptr<const KeptComparison>(std::move(kept));
}

/// Lines and searches can be made again: where they cannot be read the rest of the session is still worth opening.
void resultsFromJson(const json& value, SessionFile& session)
{
    if (const json found = value.value("comparison", json()); !found.is_null()) {
        auto kept = comparisonOf(found);
        if (kept)
            session.comparison = std::move(*kept);
        else
            session.warnings.push_back("the comparison cannot be read: " + kept.error().text());
    }
    if (const json found = value.value("search", json()); !found.is_null())
        session.search = found.dump();
    if (const json found = value.value("hybrid", json()); !found.is_null())
        session.hybrid = found.dump();
}

/// Height and width in pixels, or null.
Result<std::optional<onnx::ImageSize>> imageSizeFrom(const json& value)
{
    if (value.is_null())
        return std::nullopt;
    const auto isSize = [](const json& v) { return v.is_number_integer() && v > 0 && v <= 16384; };
    if (!value.is_array() || value.size() != 2 || !isSize(value[0]) || !isSize(value[1]))
        return fail(ErrorCode::Malformed, "must be [height, width] in pixels", "image_size");
    return onnx::ImageSize{value[0].get<int64_t>(), value[1].get<int64_t>()};
}

} // namespace

Result<SessionFile> sessionFromJson(std::string_view text, const fs::path& folder)
{
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded() || !value.is_object() || value.value("format", json()) != kFormat)
        return fail(ErrorCode::Malformed, "not a Quantoscope session");
    const json version = value.value("version", json());
    if (!version.is_number_integer())
        return fail(ErrorCode::Malformed, "no version", "version");
    if (version.get<int64_t>() > SessionFile::kVersion)
        return fail(ErrorCode::Unsupported,
                    "written by a newer Quantoscope (session version " + version.dump() + ")");

    SessionFile session;
    QS_ASSIGN(session.model, pathFromJson(value, "model", folder));
    if (!session.model.empty() && value["model"].contains("hash") && value["model"]["hash"].is_string())
        session.modelHash = value["model"]["hash"].get<std::string>();
    QS_ASSIGN(session.calibrationFolder, pathFromJson(value, "calibration_images", folder));
    QS_ASSIGN(session.testFolder, pathFromJson(value, "test_images", folder));
    QS_ASSIGN(session.calibrationFile, pathFromJson(value, "calibration", folder));
    if (!session.calibrationFile.empty() && value["calibration"].value("hash", json()).is_string())
        session.calibrationHash = value["calibration"]["hash"].get<std::string>();
    session.calibrationCount = std::max<std::size_t>(1, count(value, "calibration_count"));
    QS_ASSIGN(session.preprocess, images::preprocessFromJson(value.value("preprocess", json())));
    if (const json savedAs = value.value("saved_as", json()); savedAs.is_string())
        session.savedAs = savedAs.get<std::string>();
    session.labelOffset = static_cast<int>(std::clamp(number(value, "label_offset", 0), -100000.0, 100000.0));
    QS_ASSIGN(session.imageSize, imageSizeFrom(value.value("image_size", json())));
    if (const json output = value.value("output", json()); output.is_string())
        session.output = output.get<std::string>();
    const json history = value.value("history", json());
    if (!history.is_object())
        return fail(ErrorCode::Malformed, "missing", "history");
    QS_CHECK(statesFromJson(history.value("states", json()), session));
    session.index = static_cast<int>(
        std::clamp(number(history, "index", 0), 0.0, static_cast<double>(session.states.size() - 1)));
    if (const json names = value.value("selection", json()); names.is_array())
        for (const json& name : names)
            if (name.is_string())
                session.selection.push_back(name.get<std::string>());
    if (const json window = value.value("window", json()); window.is_string())
        session.window = window.get<std::string>();
    session.sensitivity = sensitivityFromJson(value.value("sensitivity", json()));
    resultsFromJson(value, session);
    return session;
}

Result<SessionFile> readSession(const fs::path& path)
{
    QS_ASSIGN(const std::string text, readText(path));
    std::error_code ignored;
    auto session = sessionFromJson(text, fs::absolute(path, ignored).parent_path());
    if (!session) {
        Error error = session.error();
        error.where = error.where.empty() ? path.string() : path.string() + ": " + error.where;
        return tl::unexpected<Error>(std::move(error));
    }
    return session;
}

} // namespace qs::project
