#pragma once

#include "core/base/json_reader.h"
#include "core/images/task_choice.h"

#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace qs::project {

/// How truths are read, without where they lie: {"kind": "masks", "ignored": 255, "reduce_zero": true, ...}; what
/// does not concern the kind is left out.
nlohmann::json readingJson(const images::TruthRequest& truths);

/// {"name": "segmentation", "characters": path, "truths": {"files": path, the above}}: a task as a session file has
/// it, each part only where it was chosen; null where nothing was. Paths: path_json.h.
nlohmann::json taskChoiceJson(const images::TaskChoice& choice, const std::filesystem::path& folder);
/// Errors of the reader: a kind of truths that there is not, values outside of TruthOptions' limits.
images::TaskChoice taskChoiceFrom(const JsonReader& json, const std::filesystem::path& folder);

} // namespace qs::project
