#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qs::tasks {

/// Vectors of images, scaled to length 1, and who is nearest to whom by cosine. Memory: a vector an image.
class Vectors {
public:
    void add(std::span<const float> vector);
    std::size_t count() const { return m_length ? m_values.size() / m_length : 0; }
    /// The `k` nearest others of vector `of`, best first; equal ones by number.
    std::vector<std::size_t> nearest(std::size_t of, std::size_t k) const;

private:
    std::span<const float> at(std::size_t i) const { return std::span(m_values).subspan(i * m_length, m_length); }
    std::size_t m_length = 0;
    std::vector<float> m_values;
};

} // namespace qs::tasks
