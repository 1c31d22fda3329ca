#pragma once

#include "core/graph/outputs.h"

#include <span>
#include <string>
#include <vector>

namespace qs::tasks {

/// How far an output of the quantized network is from the float network's, over all images.
struct OutputDifference {
    std::string name;
    double sqnrDb = 0; ///< 10 log10(sum r² / sum (r - z)²); +inf where equal
    double cosine = 1; ///< sum r z / sqrt(sum r² sum z²)
    double maxAbs = 0; ///< largest |r - z|
};

/// Sums of it, image by image.
class OutputDifferences {
public:
    explicit OutputDifferences(std::span<const graph::OutputSpan> layout);
    void add(std::span<const float> reference, std::span<const float> row);
    std::vector<OutputDifference> finish() const;
    /// Of all outputs together, as one row.
    OutputDifference all() const;
    double relativeError() const; ///< sum (r - z)² / sum r², of all outputs together

private:
    struct Sums {
        double signal = 0, other = 0, product = 0, error = 0, largest = 0;
        OutputDifference difference(std::string name) const;
    };
    Sums total() const;
    std::vector<graph::OutputSpan> m_layout;
    std::vector<Sums> m_sums;
};

} // namespace qs::tasks
