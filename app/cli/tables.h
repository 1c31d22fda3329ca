#pragma once

#include "core/onnx/export.h"
#include "core/quant/evaluate.h"

#include <optional>
#include <vector>

namespace qs::cli {

/// What will run in int8, and why the rest will not; then what the verification found.
void printExport(const onnx::ExportReport& report, const std::optional<onnx::VerifyReport>& verified);

/// One line a network: bits, top-1, agreement, size, speed.
void printEvaluations(const std::vector<quant::Evaluation>& evaluations);

} // namespace qs::cli
