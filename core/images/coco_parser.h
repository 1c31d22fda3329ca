#pragma once

#include "core/base/context.h"
#include "core/base/error.h"

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace qs::images {

/// The part of a COCO file that is looked at: an object whose members of other names (polygons, licences, ...) are
/// null. Errors: Malformed with the path (no JSON, with line and column; no object; nested deeper than 64),
/// Cancelled.
Result<nlohmann::json> parseCoco(const std::string& text, const std::filesystem::path& path, const Context& context);

} // namespace qs::images
