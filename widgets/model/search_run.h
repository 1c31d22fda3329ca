#pragma once

#include "core/project/search_run.h"

namespace qs::ui {

/// Which images a search measures its losses on.
enum class SearchImages {
    Calibration, ///< the figures on the test images stay figures of images that nothing was fitted to
    Test,
};

using project::SearchRun;

} // namespace qs::ui
