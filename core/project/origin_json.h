#pragma once

#include "core/project/provenance.h"

#include <nlohmann/json_fwd.hpp>

namespace qs::project {

/// {"model": ..., "images": ..., "labels": ..., "preprocess": ..., "count": 64, "calibration": ..., "recipe": ...}
void to_json(nlohmann::json& json, const Origin& origin);
/// What is not there or of another type is unknown.
Origin originFromJson(const nlohmann::json& json);

} // namespace qs::project
