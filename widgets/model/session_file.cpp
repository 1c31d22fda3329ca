#include "widgets/model/session_file.h"

#include "core/base/file.h"
#include "core/quant/recipe_json.h"
#include "widgets/model/hybrid_file.h"
#include "widgets/model/session.h"

#include <nlohmann/json.hpp>

#include <QByteArray>

#include <cmath>

namespace qs::ui {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "quantoscope-session";

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

json number(double value)
{
    return std::isfinite(value) ? json(value) : json();
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
    return value;
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
    return e;
}

json stateToJson(const HistoryState& state, const StateFigures& figures)
{
    json value{{"text", state.text.toStdString()}, {"recipe", json::parse(quant::recipeToJson(state.recipe))}};
    if (figures.probe)
        value["probe"] = figuresToJson(*figures.probe);
    if (figures.evaluation)
        value["evaluation"] = figuresToJson(*figures.evaluation);
    return value;
}

Result<void> statesFromJson(const json& list, SessionDocument& document)
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
        document.states.push_back(
            {text.is_string() ? QString::fromStdString(text.get<std::string>()) : QString(), std::move(*recipe), {}});
        document.figures.push_back({figuresFromJson(list[i].value("probe", json())),
                                    figuresFromJson(list[i].value("evaluation", json())), nullptr});
    }
    return {};
}

json comparisonJson(const KeptComparison& kept)
{
    json recipes = json::object();
    for (const auto& [method, recipe] : kept.recipes)
        recipes[method] = json::parse(quant::recipeToJson(recipe));
    return {{"table", json::parse(report::comparisonToJson(kept.table))}, {"recipes", recipes}};
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
void resultsFromJson(const json& value, SessionDocument& document)
{
    if (const json found = value.value("comparison", json()); !found.is_null()) {
        auto kept = comparisonOf(found);
        if (kept)
            document.comparison = std::move(*kept);
        else
            document.warnings.push_back("the comparison cannot be read: " + kept.error().text());
    }
    if (const json found = value.value("search", json()); !found.is_null())
        document.search = found.dump();
    if (const json found = value.value("hybrid", json()); !found.is_null())
        document.hybridText = found.dump();
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

std::shared_ptr<const ImageSet> loadImages(const fs::path& root, bool forCalibration, SessionDocument& document,
                                           const Context& context)
{
    if (root.empty())
        return nullptr;
    auto images = readImageSet(
        root, {document.preprocess, document.loadedModel->info.classes, document.labelOffset, forCalibration},
        context);
    if (!images) {
        document.warnings.push_back(images.error().text());
        return nullptr;
    }
    return *images;
}

} // namespace

std::string sessionToJson(const SessionDocument& document, const fs::path& folder)
{
    json states = json::array();
    for (std::size_t i = 0; i < document.states.size(); ++i)
        states.push_back(
            stateToJson(document.states[i], i < document.figures.size() ? document.figures[i] : StateFigures{}));
    json model = pathToJson(document.model, folder);
    if (model.is_object())
        model["hash"] = document.modelHash;
    json value{{"format", kFormat},
               {"version", SessionDocument::kVersion},
               {"model", model},
               {"calibration_images", pathToJson(document.calibrationFolder, folder)},
               {"calibration_count", document.calibrationCount},
               {"test_images", pathToJson(document.testFolder, folder)},
               {"label_offset", document.labelOffset},
               {"preprocess", document.preprocess},
               {"calibration", pathToJson(document.calibrationFile, folder)},
               {"history", {{"index", document.index}, {"states", states}}},
               {"selection", document.selection},
               {"window", document.windowState.toBase64().toStdString()}};
    if (document.imageSize)
        value["image_size"] = {document.imageSize->height, document.imageSize->width};
    if (!document.output.empty())
        value["output"] = document.output;
    if (document.comparison && !document.comparison->table.rows.empty())
        value["comparison"] = comparisonJson(*document.comparison);
    if (!document.search.empty())
        value["search"] = json::parse(document.search, nullptr, false);
    if (document.hybrid && document.loadedModel)
        value["hybrid"] = json::parse(hybridToJson(*document.hybrid, document.loadedModel->sites), nullptr, false);
    return value.dump(2) + "\n";
}

Result<SessionDocument> sessionFromJson(std::string_view text, const fs::path& folder)
{
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded() || !value.is_object() || value.value("format", json()) != kFormat)
        return fail(ErrorCode::Malformed, "not a Quantoscope session");
    const json version = value.value("version", json());
    if (!version.is_number_integer())
        return fail(ErrorCode::Malformed, "no version", "version");
    if (version.get<int64_t>() > SessionDocument::kVersion)
        return fail(ErrorCode::Unsupported,
                    "written by a newer Quantoscope (session version " + version.dump() + ")");

    SessionDocument document;
    QS_ASSIGN(document.model, pathFromJson(value, "model", folder));
    if (!document.model.empty() && value["model"].contains("hash") && value["model"]["hash"].is_string())
        document.modelHash = value["model"]["hash"].get<std::string>();
    QS_ASSIGN(document.calibrationFolder, pathFromJson(value, "calibration_images", folder));
    QS_ASSIGN(document.testFolder, pathFromJson(value, "test_images", folder));
    QS_ASSIGN(document.calibrationFile, pathFromJson(value, "calibration", folder));
    document.calibrationCount = std::max<std::size_t>(1, count(value, "calibration_count"));
    QS_ASSIGN(document.preprocess, images::preprocessFromJson(value.value("preprocess", json())));
    document.labelOffset = static_cast<int>(std::clamp(number(value, "label_offset", 0), -100000.0, 100000.0));
    QS_ASSIGN(document.imageSize, imageSizeFrom(value.value("image_size", json())));
    if (const json output = value.value("output", json()); output.is_string())
        document.output = output.get<std::string>();
    const json history = value.value("history", json());
    if (!history.is_object())
        return fail(ErrorCode::Malformed, "missing", "history");
    QS_CHECK(statesFromJson(history.value("states", json()), document));
    document.index = static_cast<int>(
        std::clamp(number(history, "index", 0), 0.0, static_cast<double>(document.states.size() - 1)));
    if (const json names = value.value("selection", json()); names.is_array())
        for (const json& name : names)
            if (name.is_string())
                document.selection.push_back(name.get<std::string>());
    if (const json window = value.value("window", json()); window.is_string())
        document.windowState = QByteArray::fromBase64(QByteArray::fromStdString(window.get<std::string>()));
    resultsFromJson(value, document);
    return document;
}

Result<void> saveSession(const SessionDocument& document, const fs::path& path)
{
    SessionDocument written = document;
    if (document.loadedCalibration) {
        written.calibrationFile = fs::path(path).replace_extension(".qcal");
        QS_CHECK(stats::saveCalibration(*document.loadedCalibration, written.calibrationFile));
    }
    return writeAtomically(path, sessionToJson(written, fs::absolute(path).parent_path()));
}

Result<SessionDocument> loadSession(const fs::path& path, const Context& context)
{
    QS_ASSIGN(const std::string text, readText(path));
    auto parsed = sessionFromJson(text, fs::absolute(path).parent_path());
    if (!parsed) {
        Error error = parsed.error();
        error.where = error.where.empty() ? path.string() : path.string() + ": " + error.where;
        return tl::unexpected<Error>(std::move(error));
    }
    SessionDocument document = std::move(*parsed);
    if (document.model.empty())
        return document;
    context.progress("model", 0, 2);
    onnx::ImportOptions importing;
    importing.floatNetwork = true; // of a file that is already quantized
    importing.imageSize = document.imageSize;
    importing.output = document.output;
    QS_ASSIGN(onnx::Model model, onnx::importModel(document.model, importing));
    if (model.info.hash != document.modelHash)
        document.warnings.push_back(document.model.string() + ": the model changed since the session was saved");
    document.loadedModel = std::make_shared<const onnx::Model>(std::move(model));
    if (context.stopRequested())
        return cancelled();
    context.progress("images and calibration", 1, 2);
    document.loadedCalibrationImages = loadImages(document.calibrationFolder, true, document, context);
    document.loadedTestImages = loadImages(document.testFolder, false, document, context);
    if (!document.hybridText.empty()) {
        if (auto hybrid = hybridFromJson(document.hybridText, document.loadedModel->sites))
            document.hybrid = std::move(*hybrid);
        else
            document.warnings.push_back("the Q-HyViT search cannot be read: " + hybrid.error().text());
    }
    if (!document.calibrationFile.empty()) {
        auto calibration = stats::loadCalibration(document.calibrationFile);
        if (calibration) {
            if (auto fits = stats::checkCalibration(**calibration, document.loadedModel->info.hash,
                                                    document.loadedModel->sites);
                !fits)
                calibration = tl::unexpected<Error>(fits.error());
        }
        if (calibration)
            document.loadedCalibration = std::move(*calibration);
        else
            document.warnings.push_back(calibration.error().text() + " (calibrate again)");
    }
    return document;
}

} // namespace qs::ui
