#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace qs::tasks {

/// Mean intersection over union of classes over the pixels of all images:
///   IoU_c = sum TP_c / sum (TP_c + FP_c + FN_c),   mean over the classes that occur in either
/// and the share of pixels that agree. Memory: two counts for each class that an image has.
class MeanIou {
public:
    explicit MeanIou(std::size_t classes) : m_classes(classes) {}
    /// Pixels of one image; those whose truth is not a class (>= classes) are left out.
    void add(std::span<const uint16_t> truth, std::span<const uint16_t> found);
    /// times: how often each image counts; empty: once. NaN where no pixel has a class.
    double iou(std::span<const int> times = {}) const;
    double pixelAccuracy(std::span<const int> times = {}) const;
    std::size_t images() const { return m_images.size(); }

private:
    struct Counts {
        uint16_t category;
        uint32_t both, either;
    };
    struct Image {
        std::vector<Counts> counts;
        uint32_t right = 0, pixels = 0;
    };
    std::size_t m_classes;
    std::vector<Image> m_images;
};

} // namespace qs::tasks
