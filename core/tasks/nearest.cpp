#include "core/tasks/nearest.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qs::tasks {

void Vectors::add(std::span<const float> vector)
{
    m_length = vector.size();
    double squares = 0;
    for (const float v : vector)
        squares += static_cast<double>(v) * v;
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (const float v : vector)
        m_values.push_back(static_cast<float>(v * scale));
}

std::vector<std::size_t> Vectors::nearest(std::size_t of, std::size_t k) const
{
    std::vector<std::pair<float, std::size_t>> others;
    const std::span<const float> query = at(of);
    for (std::size_t i = 0; i < count(); ++i) {
        if (i == of)
            continue;
        float product = 0;
        for (std::size_t d = 0; d < m_length; ++d)
            product += query[d] * at(i)[d];
        others.emplace_back(-product, i);
    }
    k = std::min(k, others.size());
    std::ranges::partial_sort(others, others.begin() + static_cast<std::ptrdiff_t>(k));
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < k; ++i)
        found.push_back(others[i].second);
    return found;
}

} // namespace qs::tasks
