#pragma once

#include "core/base/error.h"
#include "core/project/session_file.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace qs::project {

/// What a session knows, as report::htmlReport() reads it: the figures of every state of its history that has any
/// (the evaluation, else the probe, which is said), the present state first, and lines of the comparison after them.
/// Nothing is computed. A figure whose origin is not that of the session as it is now has a note with the
/// difference: another model file (the file at the session's path is hashed), another preprocessing, another recipe,
/// an unknown origin. The images are not looked for; a note says so.
nlohmann::ordered_json sessionResults(const SessionFile& session);

/// The page of it. Errors: InvalidArgument where the session has no figures at all.
Result<std::string> sessionReport(const SessionFile& session);

} // namespace qs::project
