#pragma once

#include "core/quant/level_grids.h"
#include "core/quant/quantizer.h"
#include "core/stats/histogram.h"

#include <vector>

namespace qs::quant {

/// Cells of a grid with one scale: borders halfway between levels.
LevelCells cellsOf(const UniformGrid& grid);

/// What uniform noise does to the squared error of a value on average, N ~ U(shift - n, shift + n):
///   change(x) = E_N[(Q(x + N) - x - N)²] - (Q(x) - x)²
/// exactly, by the integral of the squared error over the cells: for every n >= 0, for levels that end, and for
/// uneven ones. Where levels lie 2 b apart, shift = 0 and n <= 2 b - |x| (x from the middle between two levels) this
/// is theorem 1 of NoisyQuant (arXiv 2211.16056), noiseErrorChange() in noise.h. Units: those of the levels, squared.
class NoiseGain {
public:
    /// cells: at least one level.
    NoiseGain(LevelCells cells, double n, double shift = 0);

    double errorWithout(double x) const; ///< (Q(x) - x)²
    double errorWith(double x) const;    ///< E_N[(Q(x + N) - x - N)²]
    double change(double x) const { return errorWith(x) - errorWithout(x); }

private:
    std::size_t cellAt(double x) const;
    double integral(double x) const; ///< of the squared error, up to x

    LevelCells m_cells;
    std::vector<double> m_before; ///< of the integral: its value where each cell begins; of cell 0: at its level
    double m_range;
    double m_shift;
};

/// The same over the values of a histogram, taken at four points of each bin.
struct NoiseGains {
    std::vector<double> change; ///< mean of a value, by bin; below 0: the bin wins
    double errorWithout = 0;    ///< mean squared error of a value without noise
    double errorWith = 0;       ///< with it
    double winning = 0;         ///< share of the values that lie in bins that win, in [0, 1]
    double losing = 0;          ///< likewise
};
NoiseGains noiseGains(const stats::Histogram& histogram, const NoiseGain& gain);

} // namespace qs::quant
