#pragma once

#include "core/tasks/detections.h"

#include <cstddef>
#include <span>
#include <vector>

namespace qs::tasks {

/// How sure a row is that candidate a is something: 1 - softmax(nothing) | largest σ | objectness · largest | score.
double confidenceOf(const DetectionReader& reader, std::span<const float> row, std::size_t candidate);

/// For each candidate of `reference` the candidate of `row` that stands for it; each is taken once. By place, but
/// where the network itself chooses which candidates there are and in which order (Outputs::placesChosen): then each,
/// the surest first, takes the free one of the least
///   5 · sum_k |b_k - b'_k| / side + |p(c) - p'(c)|     (b: boxes as fractions of the image, c: its best class;
///                                                       final detections: |score - score'|, + 1 where classes
///                                                       differ)
/// of equal ones its own place, then the first. O(candidates²). Source: the matching cost of Carion et al., DETR,
/// ECCV 2020, section 3.1. Deviations: greedy, without the term of overlaps.
std::vector<std::size_t> matchCandidates(const DetectionReader& reader, std::span<const float> reference,
                                         std::span<const float> row);

} // namespace qs::tasks
