#pragma once

#include "core/tasks/detections.h"

#include <span>

namespace qs::tasks {

/// How far one image's candidates (queries, anchors, boxes) are from the float network's, r: float, z: quantized.
///   L = class part + box part
/// Candidates weigh as the float network is sure of them, or the many of background would drown the few objects; half
/// of the weight of classes goes to all alike, or objects out of nothing would cost nothing:
///   u_a = c_a / sum c,   w_a = u_a / 2 + 1 / 2A     (A candidates; sum c = 0: u_a = 1 / A)
///   c_a: confidenceOf (detection_match.h)
/// Class part:
///   DetrSoftmax: sum_a w_a KL(softmax(r_a) ‖ softmax(z_a))
///   logits, each class for itself: sum_a w_a sum_c KL(Bernoulli(σ(r_ac)) ‖ Bernoulli(σ(z_ac)))
///   probabilities, scores: sum_a w_a sum_c (z - r)² / sum_a w_a sum_c r²   (a divisor 0: 1)
///   final detections: + sum_a u_a [classes differ], whose derivative is 0
/// Box part: fractions of the image: 5 sum_a u_a sum_k |z_ak - r_ak|; pixels: relative squares as above, by u_a.
/// Where the network chooses its candidates by its own scores, z_a is the one that matchCandidates gives; its choice
/// is taken as fixed in the derivative.
/// 0 with gradient 0 where both are equal; the derivative of |x| at 0 is 0. Nats, roughly.
/// gradient: empty, or of the row's size, to which dL/dz is added. reader: settled.
/// Source: the matched losses of Carion et al., DETR, ECCV 2020, section 3.1 (λ_L1 = 5).
double detectionLoss(const DetectionReader& reader, std::span<const float> reference, std::span<const float> row,
                     std::span<float> gradient);

} // namespace qs::tasks
