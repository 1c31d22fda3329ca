#pragma once

#include "core/tasks/detections.h"

#include <span>

namespace qs::tasks {

/// How far one image's candidates (queries, anchors, boxes) are from the float network's, r: float, z: quantized.
///   L = class part + box part
/// Candidates weigh as the float network is sure of them, or the many of background would drown the few objects; half
/// of the weight of classes goes to all alike, or objects out of nothing would cost nothing:
///   u_a = c_a / sum c,   w_a = u_a / 2 + 1 / 2A     (A candidates; sum c = 0: u_a = 1 / A)
///   c_a = 1 - softmax(r_a)(nothing) | largest σ(r_ac) | objectness · largest probability | score
/// DETR forms, boxes as fractions of the image:
///   DetrSoftmax: sum_a w_a KL(softmax(r_a) ‖ softmax(z_a)) + 5 sum_a u_a sum_k |z_ak - r_ak|
///   DetrSigmoid: sum_a w_a sum_c KL(Bernoulli(σ(r_ac)) ‖ Bernoulli(σ(z_ac))) + the same of the boxes
///     (probabilities instead of logits: relative squares of them, as below)
/// Others, boxes in pixels, s: probabilities, objectness or score:
///   sum_a w_a sum_c (z - r)² / sum_a w_a sum_c r² + sum_a u_a sum_k (z - r)² / sum_a u_a sum_k r²   (a divisor 0: 1)
///   Suppressed: + sum_a u_a [classes differ], whose derivative is 0
/// 0 with gradient 0 where both are equal; the derivative of |x| at 0 is 0. Nats, roughly.
/// gradient: empty, or of the row's size, to which dL/dz is added. reader: settled.
/// Source: the matched losses of Carion et al., DETR, ECCV 2020, section 3.1 (λ_L1 = 5); candidates need no matching
/// here, as both networks have the same ones.
double detectionLoss(const DetectionReader& reader, std::span<const float> reference, std::span<const float> row,
                     std::span<float> gradient);

} // namespace qs::tasks
