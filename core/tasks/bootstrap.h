#pragma once

#include "core/stats/proportion.h"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace qs::tasks {

/// 95 % percentile interval of a statistic over images, by drawing as many images with replacement `draws` times.
/// `statistic` is given how often each image was drawn. The same for the same number of images, whatever the number
/// of threads (the draws have a fixed seed). One image, or none: no interval can be said, [-inf, inf].
/// Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
stats::Interval bootstrap(std::size_t images, const std::function<double(std::span<const int> times)>& statistic,
                          int draws = 400);

/// Of a mean of one value an image; values that are not finite are left out.
stats::Interval meanInterval(std::span<const double> values);
double meanOf(std::span<const double> values); ///< of the finite ones; NaN where there are none

} // namespace qs::tasks
