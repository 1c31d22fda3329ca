#pragma once

#include "app/cli/image_options.h"
#include "app/cli/run.h"
#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace qs::cli {

stats::CalibrationOptions calibrationOptions(const onnx::Model& model, const images::Preprocess& preprocess);

/// Where a calibration comes from: a file, or images.
struct CalibrationOptions {
    std::string file;
    std::string images;
    std::string resize; ///< overrides PreprocessOptions::resize for the calibration images
    std::size_t count = 0;
    void addTo(CLI::App& app);
    bool given() const { return !file.empty() || !images.empty(); }
    Result<std::shared_ptr<const stats::Calibration>> resolve(const onnx::Model& model,
                                                              const PreprocessOptions& preprocess, Run& run) const;
};

/// Preset or recipe file, and bits.
struct RecipeOptions {
    std::string preset, file, coverage;
    int weightBits = 8, activationBits = 8;
    bool fullRangeWeights = false;
    void addTo(CLI::App& app);
    /// nullopt: the float model was asked for.
    Result<std::optional<quant::Recipe>> resolve(const graph::SiteTable& sites) const;
};

/// Warns where the plan has more error than plain min-max on the first images (quant/harm.h).
Result<void> warnOfHarm(const onnx::Model& model, const quant::Plan& plan, const exec::ImageSource& images, Run& run);

/// A command: adds itself to the application; the returned function runs it once the arguments are parsed.
using Command = std::function<Result<void>()>;
using AddCommand = Command (*)(CLI::App& app);

Command addInspect(CLI::App& app);
Command addCalibrate(CLI::App& app);
Command addEvaluate(CLI::App& app);
Command addSearch(CLI::App& app);
Command addHybrid(CLI::App& app);
Command addCompare(CLI::App& app);
Command addExport(CLI::App& app);
Command addReport(CLI::App& app);
Command addDemo(CLI::App& app);

} // namespace qs::cli
