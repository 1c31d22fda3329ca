#pragma once

#include "core/base/tensor.h"
#include "core/stats/histogram.h"
#include "core/stats/lane_histograms.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qs::stats {

/// What is kept of the values that flow into one activation site, whatever the number of images.
struct SiteStatistics {
    std::string site;             ///< Site::name
    uint64_t values = 0;          ///< how many were seen, masked ones aside
    uint64_t masked = 0;          ///< -inf on the way into a softmax: counted here, in nothing else. See below
    std::vector<float> minimum;   ///< by channel
    std::vector<float> maximum;   ///< by channel
    std::vector<double> mean;     ///< by channel
    std::vector<double> variance; ///< by channel, population
    Histogram histogram;          ///< of all channels together
    /// A histogram a lane, where a change of scale and offset by lane makes sense: inputs of linear layers (lane =
    /// channel) and right operands of A·V (lane = head · dimensions + dimension). Empty elsewhere. Of at most
    /// kLaneRows rows, spread evenly over the images.
    LaneHistograms lanes;
    /// Rows picked evenly from all images (row = all channels at one place), [rows, channels]: for output-error
    /// searches. The choice depends on the seed only, never on threads.
    Tensor sample;
    std::vector<uint32_t> sampleImage; ///< the image each row is from

    float low() const;  ///< smallest value
    float high() const; ///< largest value
    double meanAll() const;
    double stddevAll() const;
    /// Excess kurtosis (0 for a Gaussian), from the histogram.
    double kurtosis() const;
    /// max|x| / stddev.
    double tailWeight() const;
};

/// Rows that lane histograms count at most, about.
constexpr std::size_t kLaneRows = 2048;

} // namespace qs::stats
