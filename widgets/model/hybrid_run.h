#pragma once

#include <memory>

namespace qs::project {
struct HybridFound; // core/project/hybrid_found.h
}

namespace qs::ui {

using project::HybridFound;

/// The last search by Q-HyViT's method of the session. One that is cancelled leaves nothing, and what an earlier one
/// found stays.
struct HybridRun {
    std::shared_ptr<const HybridFound> found; ///< null: none yet
    bool running = false;
    bool cancelled = false; ///< the last start was
};

} // namespace qs::ui
