// Based on: pycocotools 2.0 (cocoeval.py: evaluateImg; maskApi.c: bbIou). Deviations: boxes are corners, where
// pycocotools adds width to corner.
#include "core/tasks/coco_match.h"

#include <algorithm>
#include <numeric>

namespace qs::tasks {

double boxOverlap(const Detection& found, const TrueBox& truth)
{
    const double width = static_cast<double>(std::min(found.x1, truth.x1)) - std::max(found.x0, truth.x0);
    const double height = static_cast<double>(std::min(found.y1, truth.y1)) - std::max(found.y0, truth.y0);
    if (!(width > 0) || !(height > 0))
        return 0;
    const double both = width * height;
    return both / (truth.crowd ? boxArea(found) : boxArea(found) + boxArea(truth) - both);
}

BoxSides::BoxSides(std::span<const Detection* const> detections, std::span<const TrueBox* const> truth)
    : ignored(truth.size(), false), found(detections.size())
{
    for (const Detection* one : detections)
        for (const TrueBox* box : truth)
            overlaps.push_back(boxOverlap(*one, *box));
    for (const TrueBox* box : truth)
        crowd.push_back(box->crowd);
}

std::vector<int> matchBoxes(const BoxSides& sides, double atLeast)
{
    const std::size_t truths = sides.crowd.size();
    std::vector<std::size_t> order(truths);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](std::size_t g) { return !sides.ignored[g]; });

    std::vector<bool> taken(truths, false);
    std::vector<int> result;
    for (std::size_t d = 0; d < sides.found; ++d) {
        double best = std::min(atLeast, 1 - 1e-10);
        int match = -1;
        for (const std::size_t g : order) {
            if (taken[g] && !sides.crowd[g])
                continue;
            if (match >= 0 && !sides.ignored[static_cast<std::size_t>(match)] && sides.ignored[g])
                break;
            if (const double value = sides.overlaps[d * truths + g]; value >= best) {
                best = value;
                match = static_cast<int>(g);
            }
        }
        if (match >= 0)
            taken[static_cast<std::size_t>(match)] = true;
        result.push_back(match);
    }
    return result;
}

} // namespace qs::tasks
