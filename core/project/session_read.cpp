#include "core/base/file.h"
#include "core/base/json_write.h"
#include "core/project/origin_json.h"
#include "core/project/path_json.h"
#include "core/project/session_file.h"
#include "core/project/task_choice_json.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/recipe_json.h"

#include <algorithm>
#include <limits>

namespace qs::project {

namespace {

namespace fs = std::filesystem;

Kept<quant::Evaluation> figuresFrom(const JsonReader& value)
{
    if (!value.present())
        return {};
    return {std::make_shared<const quant::Evaluation>(quant::evaluationFrom(value)), originFrom(value["origin"])};
}

void readStates(const JsonReader& list, SessionFile& session)
{
    for (const JsonReader& item : list.required().items()) {
        State state;
        state.text = item["text"].text();
        state.recipe = quant::recipeFrom(item["recipe"]);
        state.probe = figuresFrom(item["probe"]);
        state.evaluation = figuresFrom(item["evaluation"]);
        session.states.push_back(std::move(state));
    }
    if (session.states.empty())
        list.fail("needs at least one state");
}

Kept<std::vector<SiteSensitivity>> sensitivityFrom(const JsonReader& value)
{
    if (!value.present())
        return {};
    auto sites = std::make_shared<std::vector<SiteSensitivity>>();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const JsonReader& item : value["sites"].items())
        sites->push_back({item[0].required().text(), item[1].anyNumber(infinite), item[2].anyNumber(infinite)});
    return {std::move(sites), originFrom(value["origin"])};
}

/// With a reader of its own: what is wrong in it must not end the reading of the session.
Result<std::shared_ptr<const KeptComparison>> comparisonFrom(const JsonReader& value)
{
    const JsonReader own = JsonReader::of(value.json());
    auto kept = std::make_shared<KeptComparison>();
    kept->table = report::comparisonFrom(own["table"]);
    for (const auto& [method, recipe] : own["recipes"].members())
        kept->recipes[method] = quant::recipeFrom(recipe);
    return own.finish(std::shared_ptr<const KeptComparison>(std::move(kept)));
}

/// The text of a part that is read with the model's sites.
std::string textOf(const JsonReader& value)
{
    return value.present() ? jsonText(value.json(), -1) : std::string();
}

/// Height and width in pixels.
std::optional<onnx::ImageSize> imageSizeFrom(const JsonReader& value)
{
    if (!value.present())
        return std::nullopt;
    if (value.items(2).size() != 2)
        value.fail("must be [height, width] in pixels");
    return onnx::ImageSize{value[0].integer(1, 1, 16384), value[1].integer(1, 1, 16384)};
}

} // namespace

Result<SessionFile> sessionFromJson(std::string_view text, const fs::path& folder)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    if (!file.isObject() || !file["format"].isText() || file["format"].text() != SessionFile::kFormat)
        return fail(ErrorCode::Malformed, "not a Quantoscope session");
    const int version = file["version"].required().integer(1, 1);
    QS_CHECK(file.check());
    if (version > SessionFile::kVersion)
        return fail(ErrorCode::Unsupported,
                    "written by a newer Quantoscope (session version " + std::to_string(version) + ")");

    SessionFile session;
    session.model = pathFrom(file["model"], folder);
    session.modelHash = file["model"]["hash"].text();
    session.imageSize = imageSizeFrom(file["image_size"]);
    if (file["output"].present()) // files of version 1 and 2
        session.outputs = {file["output"].text()};
    for (const JsonReader& output : file["outputs"].items(1000))
        session.outputs.push_back(output.text());
    session.task = taskChoiceFrom(file["task"], folder);
    session.savedAs = file["saved_as"].text();
    session.calibrationFolder = pathFrom(file["calibration_images"], folder);
    session.testFolder = pathFrom(file["test_images"], folder);
    session.calibrationFile = pathFrom(file["calibration"], folder);
    session.calibrationHash = file["calibration"]["hash"].text();
    session.calibrationCount = std::max<std::size_t>(1, file["calibration_count"].count(session.calibrationCount));
    session.labelOffset = file["label_offset"].integer(0, -100000, 100000);
    for (const JsonReader& name : file["class_names"].items())
        session.classNames.push_back(name.text());
    session.preprocess = images::preprocessFrom(file["preprocess"]);
    const JsonReader history = file["history"].required();
    readStates(history["states"], session);
    QS_CHECK(file.check());
    const auto last = static_cast<double>(session.states.size() - 1); // one beyond it is the last
    session.index = static_cast<int>(std::clamp(history["index"].number(0), 0.0, last));
    for (const JsonReader& name : file["selection"].items())
        session.selection.push_back(name.text());
    session.window = file["window"].text();
    session.sensitivity = sensitivityFrom(file["sensitivity"]);
    session.search = textOf(file["search"]);
    session.hybrid = textOf(file["hybrid"]);
    QS_CHECK(file.check());
    // Lines can be made again: where they cannot be read the rest of the session is still worth opening.
    if (file["comparison"].present()) {
        auto kept = comparisonFrom(file["comparison"]);
        if (kept)
            session.comparison = std::move(*kept);
        else
            session.warnings.push_back("the comparison cannot be read: " + kept.error().text());
    }
    return session;
}

Result<SessionFile> readSession(const fs::path& path)
{
    QS_ASSIGN(const std::string text, readText(path));
    std::error_code ignored;
    auto session = sessionFromJson(text, fs::absolute(path, ignored).parent_path());
    if (!session)
        return tl::unexpected<Error>(inFile(std::move(session.error()), path.string()));
    return session;
}

} // namespace qs::project
