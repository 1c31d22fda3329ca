#pragma once

#include "checks.h"

#include "core/quant/plan.h"

#include <cstddef>
#include <filesystem>

namespace qs::random_tests {

/// An export, read again: every weight, scale and bias bit by bit (verifyExport; its Error where one differs), then
/// what the interpreter computes of it beside the interpreter's simulation, within the tolerance of judgedOutput.
/// Returns the number of its sites.
Result<std::size_t> checkReloaded(QuantizedChecks& checks, const onnx::Model& model, const quant::Plan& plan,
                                  const std::filesystem::path& path, const Tensor& input);

} // namespace qs::random_tests
