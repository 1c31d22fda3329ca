#pragma once

#include "core/base/json_reader.h"

#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace qs::project {

/// {"path": absolute, "relative": to `folder`}, where the file that names it lies; null for an empty one.
nlohmann::json pathToJson(const std::filesystem::path& path, const std::filesystem::path& folder);
/// The place relative to `folder` wins where it leads to something: a moved folder keeps working. The absolute one is
/// what is reported. Nothing: an empty path.
std::filesystem::path pathFrom(const JsonReader& value, const std::filesystem::path& folder);

} // namespace qs::project
