#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qs::tasks {

/// Scores of one class over images, for its average precision:
///   AP = sum over hits k of precision(k) / hits,   precision(k) = hits among the first k / k
/// in the order of the scores, best first, equal ones as one step. NaN where no image has the class.
/// Source: Salton, McGill 1983; the same as scikit-learn's average_precision_score.
class RankedScores {
public:
    void add(float score, bool there, std::size_t image);
    void sort();
    /// times: how often each image counts; empty: once. After sort().
    double precision(std::span<const int> times) const;

private:
    struct Entry {
        float score;
        uint32_t image;
        bool there;
    };
    std::vector<Entry> m_entries;
};

/// Mean over the classes that any image has; NaN where none has.
double meanPrecision(std::span<const RankedScores> classes, std::span<const int> times);

} // namespace qs::tasks
