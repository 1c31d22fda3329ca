#pragma once

#include "core/base/error.h"
#include "core/base/json_reader.h"

#include <string>
#include <string_view>

namespace qs::report {

/// A page of its own (no scripts, no outside files; light and dark) from a results file or from one evaluation as
/// `evaluate --json` writes it; of a session see project/session_report.h. Figures say how many images and which
/// coverage they stand on. Beside the keys of resultsToJson(): "notes" (texts, below the figures), and of an
/// evaluation "state" (its title) and "note" (beside it).
/// Errors: those of JsonReader, with the place; InvalidArgument (JSON of another kind).
Result<std::string> htmlReport(std::string_view json);
Result<std::string> htmlReport(const JsonReader& json);

} // namespace qs::report
