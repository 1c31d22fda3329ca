#pragma once

#include "core/tasks/detections.h"
#include "core/tasks/truth.h"

#include <cstddef>
#include <span>
#include <vector>

namespace qs::tasks {

/// Width times height, pixels². Box: Detection or TrueBox.
template <class Box>
double boxArea(const Box& box)
{
    return (static_cast<double>(box.x1) - box.x0) * (static_cast<double>(box.y1) - box.y0);
}

/// Intersection over union, in [0, 1]; with a crowd: the share of the detection that lies inside. 0 where either has
/// no area. Source: pycocotools, common/maskApi.c, bbIou.
double boxOverlap(const Detection& found, const TrueBox& truth);

/// Detections and true boxes of one class in one image.
struct BoxSides {
    std::vector<double> overlaps; ///< [found, truth]
    std::vector<bool> crowd;      ///< by true box
    std::vector<bool> ignored;    ///< true boxes that do not count
    std::size_t found = 0;

    BoxSides(std::span<const Detection* const> found, std::span<const TrueBox* const> truth);
};

/// For each detection, in their order (best first), the true box that it matches; -1: none. Each takes the free box
/// of the largest overlap of at least `atLeast`, of equal ones the last; those that do not count only where no other
/// is left. Crowds stay free. Source: pycocotools, cocoeval.py, evaluateImg.
std::vector<int> matchBoxes(const BoxSides& sides, double atLeast);

} // namespace qs::tasks
