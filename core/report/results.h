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

} // namespace qs::report
