#pragma once

#include "core/project/provenance.h"
#include "core/quant/recipe.h"
#include "core/search/mixed_precision.h"

#include <optional>

namespace qs::project {

/// The last search of the session, as far as it is known: its trace grows while it runs and stays after a cancel.
struct SearchRun {
    search::Options options;
    quant::Recipe start; ///< what it was started from; steps are loaded into this
    Origin origin;       ///< of its losses; see figureOrigin() with `start`
    search::Trace trace; ///< without units before the first step
    bool running = false;
    bool cancelled = false;
    bool met = false;           ///< finished within the budget
    std::optional<double> loss; ///< measured at the end

    bool hasTrace() const { return !trace.units.empty(); }
    std::size_t steps() const { return trace.steps.size(); }
    /// Figures after so many steps; 0: the start.
    const search::Step& at(std::size_t steps) const { return steps == 0 ? trace.start : trace.steps[steps - 1]; }
};

} // namespace qs::project
