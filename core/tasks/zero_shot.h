#pragma once

#include "core/base/error.h"
#include "core/tasks/figure.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace qs::tasks {

/// Classes of images by their features: the class whose text's features have the largest cosine with the image's, of
/// equal ones the first. Source: Radford et al., CLIP, ICML 2021, section 3.1.
class ZeroShot {
public:
    /// A vector a class, all of the images' length.
    explicit ZeroShot(std::span<const std::vector<float>> texts) : m_texts(texts) {}
    bool any() const { return !m_texts.empty(); }
    /// One image in the float and in the quantized network. Errors: InvalidArgument (a label without a text).
    Result<void> add(std::span<const float> before, std::span<const float> now, const std::optional<int>& label);
    /// Top-1 of the labelled images (and float's), and how many have the class that they had.
    void addTo(Measured& measured) const;

private:
    std::size_t nearest(std::span<const float> image) const;

    std::span<const std::vector<float>> m_texts;
    std::size_t m_images = 0, m_same = 0, m_labelled = 0, m_right = 0, m_floatRight = 0;
};

} // namespace qs::tasks
