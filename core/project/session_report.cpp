#include "core/project/session_report.h"
#include "core/report/html.h"

#include "core/base/file.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/task_json.h"
#include "core/report/results.h"

#include <nlohmann/json.hpp>

namespace qs::project {

namespace {

using Json = nlohmann::ordered_json;

/// Hash of the model's file as it is now; that of the session where it cannot be read.
std::string presentHash(const SessionFile& session, Json& notes)
{
    if (session.model.empty())
        return session.modelHash;
    const auto file = FileBytes::read(session.model);
    if (!file) {
        notes.push_back(session.model.string() + " cannot be read: whether the figures are those of the model as it "
                                                 "is now is not known");
        return session.modelHash;
    }
    std::string hash = contentHash(file->bytes());
    if (hash != session.modelHash)
        notes.push_back(session.model.string() + " changed since the session was saved");
    return hash;
}

/// The differences as one text: "not current: the model, the preprocessing".
std::string noteOf(const Origin& then, const Origin& now)
{
    if (!then.known())
        return "what it was computed from is not known";
    std::string note;
    for (const std::string& what : differences(then, now))
        note += (note.empty() ? "not current: " : ", ") + what;
    return note;
}

Json stateJson(const State& state, const SessionFile& session, const std::string& modelHash)
{
    const Kept<quant::Evaluation>& kept = state.evaluation ? state.evaluation : state.probe;
    Json json = quant::evaluationJson(*kept);
    json["state"] = state.text;
    Origin now = kept.origin; // images, labels, count and calibration cannot be compared without opening them
    now.model = modelHash;
    now.preprocess = preprocessKey(session.preprocess);
    now.recipe = recipeKey(state.recipe);
    std::string note = noteOf(kept.origin, now);
    if (!state.evaluation)
        note = "probe on the first images" + (note.empty() ? "" : "; " + note);
    json["note"] = note;
    return json;
}

Json rowJson(const report::ComparisonRow& row, const report::Comparison& table, const std::string& modelHash)
{
    quant::Evaluation e;
    e.isFloat = false;
    e.images = table.images;
    e.coverage = row.coverage;
    e.preset = row.method;
    e.labelled = row.labelled;
    e.top1 = row.top1;
    e.floatTop1 = table.floatTop1;
    e.agreement = row.agreement;
    e.klDivergence = row.klDivergence;
    e.logitSqnrDb = row.logitSqnrDb;
    e.meanWeightBits = row.meanWeightBits;
    e.meanActivationBits = row.meanActivationBits;
    e.modelBytes = row.modelBytes;
    e.fileBytes = row.fileBytes;
    e.scores = row.scores;
    Json json = quant::evaluationJson(e);
    if (row.headline) {
        json["headline"] = quant::figureJson(*row.headline);
        json["figures"] = Json::array({json["headline"]});
    }
    json["state"] = "Comparison: " + row.method;
    json["note"] = table.modelHash == modelHash ? "" : "not current: the model";
    return json;
}

} // namespace

Json sessionResults(const SessionFile& session)
{
    Json notes = Json::array();
    const std::string hash = presentHash(session, notes);
    notes.push_back("As the session keeps it; nothing was computed again, and the images were not looked for.");
    Json evaluations = Json::array();
    const auto add = [&](const State& state) {
        if (state.evaluation || state.probe)
            evaluations.push_back(stateJson(state, session, hash));
    };
    const auto present = static_cast<std::size_t>(session.index);
    if (present < session.states.size())
        add(session.states[present]);
    for (std::size_t i = 0; i < session.states.size(); ++i)
        if (i != present)
            add(session.states[i]);
    if (session.comparison)
        for (const report::ComparisonRow& row : session.comparison->table.rows)
            if (row.failure.empty())
                evaluations.push_back(rowJson(row, session.comparison->table, hash));
    return {{"model", {{"file", session.model.filename().string()}, {"hash", session.modelHash}}},
            {"evaluations", std::move(evaluations)},
            {"notes", std::move(notes)}};
}

Result<std::string> sessionReport(const SessionFile& session)
{
    Json results = sessionResults(session);
    if (results["evaluations"].empty())
        return fail(ErrorCode::InvalidArgument,
                    "the session has no figures yet: evaluate in the window and save it, or use evaluate --json");
    return report::htmlReport(JsonReader::of(std::move(results)));
}

} // namespace qs::project
