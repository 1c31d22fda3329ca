// task_figures CASES: what tasks measure, for tests/judge/task_figures.py. CASES: a JSON list of cases:
//   {"task": "dense", "options": {"boxes": "corners", ...}, "characters": [...], "text_features": [[...]],
//    "height": 64, "width": 64, "outputs": [["logits", [21, 16, 16]], ...],
//    "reference": [[row of an image], ...], "rows": [[...], ...],
//    "truths": [null | {"class": 3} | {"classes": [0, 2]} | {"text": "word"} | {"boxes": [[x0, y0, x1, y1, class,
//    area,
//               crowd], ...]} | {"mask": [height, width, [classes]]} | {"map": [height, width, [values]]}, ...]}
// Prints a list, one a case: {"figures": {key: value}, "changed": [...]}, of detectors "detections" too: by image
// what is read in "rows" as the first reference says, [x0, y0, x1, y1, class, score]; or {"error": message}.
#include "core/tasks/detections.h"
#include "core/tasks/task.h"

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>

#include <nlohmann/json.hpp>

namespace {

using namespace qs;
using namespace qs::tasks;
using nlohmann::json;

Outputs outputsOf(const json& item)
{
    Outputs outputs{{}, item["height"], item["width"]};
    std::size_t first = 0;
    for (const json& output : item["outputs"]) {
        const auto sizes = output[1].get<std::vector<int64_t>>();
        Shape shape;
        for (const int64_t size : sizes)
            shape.push_back(size);
        const auto size = static_cast<std::size_t>(shape.elements());
        outputs.layout.push_back({output[0], shape, first, size});
        first += size;
    }
    return outputs;
}

Truth truthOf(const json& item)
{
    if (item.is_null())
        return {};
    if (item.contains("class"))
        return item["class"].get<int>();
    if (item.contains("classes"))
        return item["classes"].get<std::vector<int>>();
    if (item.contains("text"))
        return item["text"].get<std::string>();
    if (item.contains("mask"))
        return TrueMask{item["mask"][0], item["mask"][1], item["mask"][2].get<std::vector<uint8_t>>()};
    if (item.contains("map")) {
        TrueMap map{item["map"][0], item["map"][1], {}};
        for (const json& value : item["map"][2])
            map.values.push_back(value.is_null() ? NAN : value.get<float>());
        return map;
    }
    std::vector<TrueBox> boxes;
    for (const json& row : item["boxes"])
        boxes.push_back({row[0], row[1], row[2], row[3], row[4], row[5], row[6].get<int>() != 0});
    return boxes;
}

json number(double value)
{
    return std::isfinite(value) ? json(value) : json(std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

json measured(const json& item)
{
    TaskSettings settings;
    settings.characters = item.value("characters", std::vector<std::string>{});
    const json options = item.value("options", json::object());
    for (const auto& [name, value] : options.items())
        settings.options[name] = value;
    if (item.contains("text_features"))
        for (const json& row : item["text_features"])
            settings.textFeatures.push_back(row.get<std::vector<float>>());
    const Outputs outputs = outputsOf(item);
    const auto chosen = makeTask(item["task"].get<std::string>(), outputs, settings);
    if (!chosen)
        return {{"error", chosen.error().text()}};
    const auto measurement = chosen->task->measure();
    json result{{"figures", json::object()}, {"changed", json::array()}, {"detections", json::array()}};
    std::vector<float> first;
    for (std::size_t i = 0; i < item["rows"].size(); ++i) {
        const auto reference = item["reference"][i].get<std::vector<float>>();
        const auto row = item["rows"][i].get<std::vector<float>>();
        if (const auto added = measurement->add(truthOf(item["truths"][i]), reference, row); !added)
            return {{"error", added.error().text()}};
        first = i == 0 ? reference : first;
        if (item["task"] != "detection")
            continue;
        json list = json::array();
        for (const Detection& one : detectionReader(*chosen->task)->settled(first).read(row))
            list.push_back({one.x0, one.y0, one.x1, one.y1, one.category, one.score});
        result["detections"].push_back(std::move(list));
    }
    const Measured all = measurement->finish();
    for (const Figure& figure : all.figures)
        result["figures"][figure.key] = number(figure.value);
    for (const double changed : all.changed)
        result["changed"].push_back(number(changed));
    return result;
}

} // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    try {
        std::ifstream file(arguments[1]);
        json result = json::array();
        for (const json& item : json::parse(file))
            result.push_back(measured(item));
        std::printf("%s\n", result.dump().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
    return 0;
}
