#include "widgets/model/search_feed.h"

#include <utility>

namespace qs::ui {

void SearchFeed::add(const search::Trace& trace, const search::Step& step)
{
    const std::lock_guard lock(m_mutex);
    if (m_head.units.empty()) {
        m_head.mode = trace.mode;
        m_head.units = trace.units;
        m_head.startBits = trace.startBits;
        m_head.start = trace.start;
    }
    m_head.fillFrom = trace.fillFrom;
    m_head.evaluations = trace.evaluations;
    m_head.seconds = trace.seconds;
    m_fresh.push_back(step);
}

bool SearchFeed::moveTo(search::Trace& trace)
{
    const std::lock_guard lock(m_mutex);
    if (m_fresh.empty())
        return false;
    std::vector<search::Step> steps = std::move(trace.steps);
    trace = m_head;
    trace.steps = std::move(steps);
    trace.steps.insert(trace.steps.end(), m_fresh.begin(), m_fresh.end());
    m_fresh.clear();
    return true;
}

} // namespace qs::ui
