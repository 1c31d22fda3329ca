#pragma once

#include "core/onnx/export.h"
#include "core/quant/evaluate.h"

#include <optional>
#include <vector>

namespace qs::cli {

/// What will run in int8, and why the rest will not; then what the verification found. `scores`:
/// the network gives class scores, so that the largest of them means something.
void printExport(const onnx::ExportReport& report, const std::optional<onnx::VerifyReport>& verified, bool scores);

/// One line a network: bits, top-1 and agreement, or the task's headline and its last figure against float, size,
/// speed.
void printEvaluations(const std::vector<quant::Evaluation>& evaluations);

} // namespace qs::cli
