#pragma once

#include "core/quant/estimator.h"
#include "core/quant/grid_error.h"
#include "core/quant/level_grids.h"
#include "core/stats/histogram.h"

#include <vector>

namespace qs::quant {

/// Expected squared error of many quantizers on one histogram: the integrals of 1, x and x² are summed up once, so
/// that a quantizer costs its levels, not the bins. Values are taken as uniform inside a bin, as in expectedError.
class HistogramMoments {
public:
    explicit HistogramMoments(const stats::Histogram& histogram);

    /// Mean squared error a value, of what lies in [begin, end] (rounding) and outside (clipping).
    GridError error(const LevelCells& cells) const;

private:
    /// Integrals from the left end to x.
    struct Sums {
        double count = 0;
        double first = 0;
        double second = 0;
    };
    Sums upTo(double x) const;
    static double around(const Sums& from, const Sums& to, double level);

    double m_low = 0;
    double m_width = 1;
    std::vector<double> m_density; ///< values per unit of x, of all values 1
    std::vector<Sums> m_sums;      ///< up to the left border of each bin, and to the right end
};

} // namespace qs::quant
