#pragma once

#include "core/base/json_reader.h"
#include "core/project/provenance.h"

#include <nlohmann/json_fwd.hpp>

namespace qs::project {

/// {"model": ..., "images": ..., "labels": ..., "preprocess": ..., "count": 64, "calibration": ..., "recipe": ...}
void to_json(nlohmann::json& json, const Origin& origin);
/// What is not there is unknown; values of another type are errors of the reader.
Origin originFrom(const JsonReader& json);

} // namespace qs::project
