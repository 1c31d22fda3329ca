#pragma once

#include "core/search/mixed_precision.h"

#include <mutex>
#include <vector>

namespace qs::ui {

/// Steps of a search on their way from its thread to the UI thread, which takes them in batches. Neither waits for
/// more than the copy of a step or a batch.
class SearchFeed {
public:
    /// From the thread of the search.
    void add(const search::Trace& trace, const search::Step& step);
    /// Appends to `trace` what is new; false where nothing is.
    bool moveTo(search::Trace& trace);

private:
    std::mutex m_mutex;
    search::Trace m_head; ///< all but the steps
    std::vector<search::Step> m_fresh;
};

} // namespace qs::ui
