#pragma once

#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

namespace qs::quant {

/// What a site's quantization alone does to the outputs of the operators that read it, from a calibration's samples:
///   sum over readers of  sum |y - y_q|² / sum |y|²,   y of the float network (biases left out)
/// so that two ways to quantize a site, smoothed or not, can be compared. By reader:
///   Linear, 1 × 1 Conv    exactly, on the sample rows
///   other Conv            errors of neighbours taken as independent: channel c weighs |W[:, c]|²
///   MatMul                on the product's sample (stats/product_samples.h), the other operand in float
///   LayerNormalization, Softmax, Gelu, Silu, HardSwish     exactly, on the sample rows
///   all else, and products without a sample                y = x
/// Samples are small: where the histogram of all values knows of more clipping than the sample shows, the error is
/// scaled up to it. Const and thread-safe.
class SiteErrors {
public:
    /// All for the object's life.
    SiteErrors(const graph::Network& network, const stats::Calibration& calibration)
        : m_network(network), m_calibration(calibration)
    {
    }

    /// Of an activation with `plan`'s map (noise included). `statistics`, `constants`: of the network in which the
    /// plan quantizes, smoothed or not.
    double ofActivation(const graph::Site& site, const SitePlan& plan, const stats::SiteStatistics& statistics,
                        const FloatConstants& constants) const;
    /// Of a weight with `plan`'s values. `input`: the statistics of what it is multiplied with; null: by the weights
    /// alone.
    double ofWeight(const graph::Site& site, const SitePlan& plan, const stats::SiteStatistics* input,
                    const FloatConstants& constants) const;

private:
    struct Rows;
    double atReader(const graph::Site& site, graph::Use use, const Rows& rows, const FloatConstants& constants) const;

    graph::Network m_network;
    const stats::Calibration& m_calibration;
};

} // namespace qs::quant
