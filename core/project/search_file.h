#pragma once

#include "core/base/error.h"
#include "core/graph/sites.h"
#include "core/project/search_run.h"

#include <string>
#include <string_view>

namespace qs::project {

/// A search as the session file keeps it: JSON, sites by name, figures of every step, the recipe it started from. A
/// search that runs is kept as far as it is, as one that was cancelled.
std::string searchToJson(const SearchRun& run, const graph::SiteTable& sites);
/// Errors: Malformed with the place (not JSON, numbers that make no sense), NotFound (a site that the model lacks).
Result<SearchRun> searchFromJson(std::string_view json, const graph::SiteTable& sites);

} // namespace qs::project
