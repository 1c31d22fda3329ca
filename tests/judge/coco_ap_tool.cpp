// coco_ap CASES: figures of CocoAp for tests/judge/coco_ap.py. CASES: a JSON list of cases, each a list of images:
//   {"found": [[x0, y0, x1, y1, class, score], ...], "truth": [[x0, y0, x1, y1, class, area, crowd], ...]}
// Prints a list of [ap, ap50, ap75, small, medium, large] by case; null: there is none.
#include "core/tasks/coco_ap.h"

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>

#include <nlohmann/json.hpp>

namespace {

using namespace qs::tasks;
using nlohmann::json;

std::vector<Detection> detections(const json& rows)
{
    std::vector<Detection> found;
    for (const json& row : rows)
        found.push_back({row[0], row[1], row[2], row[3], row[4], row[5]});
    return found;
}

std::vector<TrueBox> trueBoxes(const json& rows)
{
    std::vector<TrueBox> boxes;
    for (const json& row : rows)
        boxes.push_back({row[0], row[1], row[2], row[3], row[4], row[5], row[6].get<int>() != 0});
    return boxes;
}

json figures(const json& images)
{
    CocoAp precision;
    for (const json& image : images)
        precision.add(detections(image["found"]), trueBoxes(image["truth"]));
    const CocoAp::Figures found = precision.figures();
    json result = json::array();
    for (const double value : {found.ap, found.ap50, found.ap75, found.small, found.medium, found.large})
        result.push_back(std::isnan(value) ? json() : json(value));
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
        for (const json& images : json::parse(file))
            result.push_back(figures(images));
        std::printf("%s\n", result.dump().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
    return 0;
}
