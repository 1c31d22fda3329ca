#pragma once

#include "core/base/error.h"
#include "core/graph/sites.h"
#include "core/project/hybrid_found.h"

#include <string>
#include <string_view>

namespace qs::project {

/// A search by Q-HyViT's method as the session file keeps it: JSON, sites by name, the errors of all candidates. The
/// errors are kept to six digits: they are looked at, not searched again.
std::string hybridToJson(const HybridFound& found, const graph::SiteTable& sites);
/// Errors: those of JsonReader, with the place; NotFound (a site that the model lacks).
Result<std::shared_ptr<const HybridFound>> hybridFromJson(std::string_view json, const graph::SiteTable& sites);

} // namespace qs::project
