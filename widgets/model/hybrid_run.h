#pragma once

#include <memory>

namespace qs::ui {

struct HybridFound; // hybrid_found.h

/// The last search by Q-HyViT's method of the session. One that is cancelled leaves nothing, and what an earlier one
/// found stays.
struct HybridRun {
    std::shared_ptr<const HybridFound> found; ///< null: none yet
    bool running = false;
    bool cancelled = false; ///< the last start was
};

} // namespace qs::ui
