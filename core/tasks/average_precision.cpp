#include "core/tasks/average_precision.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::tasks {

void RankedScores::add(float score, bool there, std::size_t image)
{
    m_entries.push_back({score, static_cast<uint32_t>(image), there});
}

void RankedScores::sort()
{
    std::ranges::stable_sort(m_entries, std::greater<>(), &Entry::score);
}

double RankedScores::precision(std::span<const int> times) const
{
    double seen = 0, hits = 0, sum = 0;
    for (std::size_t first = 0; first < m_entries.size();) {
        double here = 0;
        std::size_t last = first;
        for (; last < m_entries.size() && m_entries[last].score == m_entries[first].score; ++last) {
            const double count = times.empty() ? 1 : times[m_entries[last].image];
            seen += count;
            here += m_entries[last].there ? count : 0;
        }
        hits += here;
        if (seen > 0)
            sum += here * hits / seen;
        first = last;
    }
    return hits > 0 ? sum / hits : std::numeric_limits<double>::quiet_NaN();
}

double meanPrecision(std::span<const RankedScores> classes, std::span<const int> times)
{
    double sum = 0;
    int count = 0;
    for (const RankedScores& one : classes)
        if (const double precision = one.precision(times); std::isfinite(precision)) {
            sum += precision;
            ++count;
        }
    return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

} // namespace qs::tasks
