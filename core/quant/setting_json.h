#pragma once

#include "core/base/json_reader.h"
#include "core/quant/settings.h"

#include <nlohmann/json_fwd.hpp>

namespace qs::quant {

// The parts of a recipe file that say how a site is quantized, by the table of settings (setting_table.h).

/// An object of the choices that the patch makes.
nlohmann::ordered_json patchJson(const SitePatch& patch);
/// Unknown keys and words, and values out of range, are errors of the reader.
SitePatch readPatch(const JsonReader& json);

} // namespace qs::quant
