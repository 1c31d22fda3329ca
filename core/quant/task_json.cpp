#include "core/quant/task_json.h"

#include "core/base/json_write.h"
#include "core/quant/evaluation_json.h"

#include <cmath>
#include <utility>

namespace qs::quant {

using Json = nlohmann::ordered_json;

Json figureJson(const tasks::Figure& figure)
{
    Json json{{"name", figure.key}, {"title", figure.title}, {"value", jsonNumber(figure.value)}};
    if (figure.interval && std::isfinite(figure.interval->low) && std::isfinite(figure.interval->high)) {
        json["low"] = figure.interval->low;
        json["high"] = figure.interval->high;
    }
    json["unit"] = figure.unit;
    json["higher_is_better"] = figure.higherIsBetter;
    return json;
}

tasks::Figure figureFrom(const JsonReader& json)
{
    tasks::Figure figure;
    figure.key = json["name"].text();
    figure.title = json["title"].text(figure.key);
    figure.value = json["value"].anyNumber(0);
    if (json["low"].present() && json["high"].present())
        figure.interval = stats::Interval{json["low"].number(0), json["high"].number(0)};
    figure.unit = json["unit"].text();
    figure.higherIsBetter = json["higher_is_better"].flag(true);
    return figure;
}

void addTaskJson(const Evaluation& evaluation, Json& json)
{
    if (evaluation.task.empty())
        return;
    json["task"] = evaluation.task;
    if (const tasks::Figure* headline = evaluation.headline())
        json["headline"] = figureJson(*headline);
    json["figures"] = Json::array();
    for (const tasks::Figure& figure : evaluation.figures)
        json["figures"].push_back(figureJson(figure));
    json["outputs"] = Json::array();
    for (const tasks::OutputDifference& output : evaluation.outputs)
        json["outputs"].push_back({{"name", output.name},
                                   {"sqnr_db", sqnrJson(output.sqnrDb)},
                                   {"cosine", jsonNumber(output.cosine)},
                                   {"max_abs", jsonNumber(output.maxAbs)}});
    if (!evaluation.scores && !evaluation.isFloat)
        json["task_loss"] = jsonNumber(evaluation.taskLoss);
}

void readTask(const JsonReader& json, Evaluation& evaluation)
{
    constexpr std::size_t kMost = 1000;
    evaluation.task = json["task"].text();
    for (const JsonReader& figure : json["figures"].items(kMost))
        evaluation.figures.push_back(figureFrom(figure));
    for (const JsonReader& output : json["outputs"].items(kMost))
        evaluation.outputs.push_back({output["name"].text(), sqnrFrom(output["sqnr_db"]),
                                      output["cosine"].anyNumber(1), output["max_abs"].anyNumber(0)});
    evaluation.taskLoss = json["task_loss"].anyNumber(0);
}

} // namespace qs::quant
