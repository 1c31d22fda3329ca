#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace qs::cli {

/// What every command that computes has: threads, seed, progress on a terminal.
struct RunOptions {
    int threads = 0; ///< 0: all
    uint64_t seed = 0;
    Execution execution = Execution::Auto;
    void addTo(CLI::App& app);
};

/// A Context that lives as long as it: pool, progress line on stderr (terminals only), Ctrl+C as the wish to stop.
class Run {
public:
    explicit Run(const RunOptions& options);
    ~Run();
    const Context& context() const { return m_context; }

private:
    ThreadPool m_pool;
    Context m_context;
};

/// How images are read: the options that all commands share.
struct PreprocessOptions {
    std::string mean, stddev; ///< "R,G,B"; empty: ImageNet's
    std::string resize;       ///< pixels or "none"; empty: crop / 0.9
    std::string interpolation = "bicubic";
    int crop = 0; ///< pixels; 0: the model's input
    void addTo(CLI::App& app);
    /// Errors: InvalidArgument naming the option.
    Result<images::Preprocess> resolve(const onnx::ModelInfo& model) const;
};

/// A folder of images and how much of it is used.
struct FolderChoice {
    std::string folder;
    std::string labels;
    std::size_t count = 0; ///< 0: all
};
Result<std::shared_ptr<const exec::ImageSource>> openSource(const FolderChoice& choice,
                                                            const images::Preprocess& preprocess);

stats::CalibrationOptions calibrationOptions(const onnx::Model& model, const images::Preprocess& preprocess);

/// Where a calibration comes from: a file, or images.
struct CalibrationOptions {
    std::string file;
    std::string images;
    std::string resize; ///< overrides PreprocessOptions::resize for the calibration images
    std::size_t count = 0;
    void addTo(CLI::App& app);
    bool given() const { return !file.empty() || !images.empty(); }
    Result<std::shared_ptr<const stats::Calibration>>
    resolve(const onnx::Model& model, const PreprocessOptions& preprocess, const Context& context) const;
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

/// One line on stderr.
void warn(const std::string& line);
/// Warns where the plan has more error than plain min-max on the first images (quant/harm.h).
Result<void> warnOfHarm(const onnx::Model& model, const quant::Plan& plan, const exec::ImageSource& images,
                        const Context& context);

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
