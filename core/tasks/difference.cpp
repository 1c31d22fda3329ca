#include "core/tasks/difference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace qs::tasks {

OutputDifferences::OutputDifferences(std::span<const graph::OutputSpan> layout)
    : m_layout(layout.begin(), layout.end()), m_sums(layout.size())
{
}

void OutputDifferences::add(std::span<const float> reference, std::span<const float> row)
{
    for (std::size_t o = 0; o < m_layout.size(); ++o) {
        const std::span<const float> a = m_layout[o].of(reference);
        const std::span<const float> b = m_layout[o].of(row);
        Sums& sums = m_sums[o];
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double x = a[i], y = b[i], d = x - y;
            sums.signal += x * x;
            sums.other += y * y;
            sums.product += x * y;
            sums.error += d * d;
            sums.largest = std::max(sums.largest, std::abs(d));
        }
    }
}

OutputDifference OutputDifferences::Sums::difference(std::string name) const
{
    const double sqnr = error > 0 ? 10 * std::log10(signal / error) : std::numeric_limits<double>::infinity();
    const double norms = std::sqrt(signal * other);
    return {std::move(name), sqnr, norms > 0 ? product / norms : error > 0 ? 0.0 : 1.0, largest};
}

OutputDifferences::Sums OutputDifferences::total() const
{
    Sums total;
    for (const Sums& sums : m_sums) {
        total.signal += sums.signal;
        total.other += sums.other;
        total.product += sums.product;
        total.error += sums.error;
        total.largest = std::max(total.largest, sums.largest);
    }
    return total;
}

std::vector<OutputDifference> OutputDifferences::finish() const
{
    std::vector<OutputDifference> found;
    for (std::size_t o = 0; o < m_layout.size(); ++o)
        found.push_back(m_sums[o].difference(m_layout[o].name));
    return found;
}

OutputDifference OutputDifferences::all() const
{
    return total().difference({});
}

double OutputDifferences::relativeError() const
{
    const Sums sums = total();
    return sums.signal > 0 ? sums.error / sums.signal : 0;
}

} // namespace qs::tasks
