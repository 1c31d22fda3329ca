#pragma once

#include "core/exec/simulation.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/float_constants.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace qs::quant {

/// Output error of quantizing an activation, for searches that try many candidates:
///   error(Q) = sum over sample rows x, readers W of |(x - Q(x)) W|²
/// by the smaller of the products with W (k × n) and with the Gram matrix W Wᵀ (k × k). Const and thread-safe.
class OutputMetric {
public:
    /// A reader: W as rows of [k, n], row-major.
    struct Reader {
        std::span<const float> weight;
        std::size_t n = 0;
    };
    /// rows: [m, k].
    OutputMetric(std::span<const float> rows, std::size_t k, std::span<const Reader> readers);
    ~OutputMetric();
    OutputMetric(OutputMetric&&) noexcept;

    double squaredError(const exec::ElementMap& map) const;
    double squaredSignal() const; ///< of the float values
    std::span<const float> rows() const;
    std::size_t channels() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// Of a site whose readers are all linear layers with constant weights; null for others, or without sample rows.
std::unique_ptr<OutputMetric> outputMetric(const FloatConstants& constants, const graph::Site& site,
                                           const stats::SiteStatistics& statistics);

// sum (y - y_q)² / sum y² of the products that a site feeds, on the sampled rows; the bias is left out of y.
// NaN where there are no rows, or where no reader is a Linear or a 1 × 1 convolution without groups.

/// The activation is quantized by `map`, the weights are float.
double activationOutputError(const FloatConstants& constants, const graph::Site& site,
                             const stats::SiteStatistics& statistics, const exec::ElementMap& map);
/// The weight is `quantized`, its input float. `input` may be null.
double weightOutputError(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics* input,
                         std::span<const float> quantized);

} // namespace qs::quant
