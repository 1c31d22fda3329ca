#pragma once

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/onnx/export.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace qs::report {

/// Everything that a results file says: what was evaluated, site by site errors of one plan, what an export will run.
struct Results {
    const onnx::Model* model = nullptr;
    std::vector<quant::Evaluation> evaluations;
    const quant::Plan* plan = nullptr; ///< sites are listed where given
    std::optional<onnx::ExportReport> exported;
    std::optional<onnx::VerifyReport> verified;
};

/// {"format": "quantoscope-results", "version": 1, "model": {...}, "evaluations": [...], "sites": [...], "export":
/// {...}}
nlohmann::json resultsToJson(const Results& results);

/// A page of its own (no scripts, no outside files; light and dark) from a results file or from one evaluation as
/// `evaluate --json` writes it; of a session see project/session_report.h. Figures say how many images and which
/// coverage they stand on. Beside the keys of resultsToJson(): "notes" (texts, below the figures), and of an
/// evaluation "state" (its title) and "note" (beside it).
/// Errors: those of JsonReader, with the place; InvalidArgument (JSON of another kind).
Result<std::string> htmlReport(std::string_view json);
Result<std::string> htmlReport(const JsonReader& json);

} // namespace qs::report
