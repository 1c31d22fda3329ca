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
/// Errors: those of JsonReader, with the place; NotFound (a site that the model lacks).
Result<SearchRun> searchFromJson(std::string_view json, const graph::SiteTable& sites);

} // namespace qs::project
