#pragma once

#include "core/quant/level_grids.h"
#include "core/quant/quantizer.h"
#include "core/stats/histogram.h"

#include <span>
#include <vector>

namespace qs::ui {

// What histograms look like on a given number of pixels. Nothing here knows Qt.

/// Largest count of the bins that touch each of `columns` equal slices of [low, high]: a single outlier stays visible
/// however many bins share a pixel, and every height is the true count of one bin. 0 where there are no bins.
std::vector<double> columnMaxima(const stats::Histogram& histogram, double low, double high, int columns);

/// Bins of equal width over [low(), low() + kBins * width()] cut to the bins that hold values, as heights in [0, 1]
/// on a logarithmic scale: (1 + log10 count) / (1 + log10 largest). Empty for an empty histogram.
std::vector<float> miniHistogram(const stats::Histogram& histogram, int columns);

/// How many values each level of a one-channel grid gets; values are taken as uniform inside a bin. The first and
/// last level get what is clipped. Sum: histogram.total().
std::vector<double> levelOccupancy(const stats::Histogram& histogram, const quant::UniformGrid& grid);
std::vector<double> levelOccupancy(const stats::Histogram& histogram, const quant::LevelCells& cells);

/// Borders of the bins that hold values: [first, last). {0, 0} for an empty histogram.
struct Extent {
    double low = 0;
    double high = 0;
};
Extent occupied(const stats::Histogram& histogram);
/// Largest count of a bin.
double largestCount(const stats::Histogram& histogram);

} // namespace qs::ui
