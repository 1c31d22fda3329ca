#pragma once

#include "core/base/error.h"
#include "core/quant/json_values.h"
#include "core/quant/settings.h"

#include <string>

namespace qs::quant {

// The parts of a recipe file that say how a site is quantized, by the table of settings (setting_table.h).

/// An object of the choices that the patch makes.
Json patchJson(const SitePatch& patch);
/// Errors: InvalidArgument at the path of the value (unknown keys and words, values out of range).
Result<SitePatch> readPatch(const Json& json, const std::string& path);

} // namespace qs::quant
