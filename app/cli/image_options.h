#pragma once

#include "app/cli/run.h"
#include "core/exec/image_source.h"
#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "core/onnx/import.h"
#include "core/quant/resolve.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace qs::cli {

/// Of options that count something.
CLI::Range atLeastOne();

/// How images are read: the options that all commands share.
struct PreprocessOptions {
    std::string preset;       ///< see images::preprocessPresets(); empty: ImageNet's
    std::string mean, stddev; ///< "R,G,B"; empty: the preset's
    std::string resize;       ///< pixels or "none"; empty: the preset's
    std::string mode;    ///< what the resize is the size of: shorter, longer, both, letterbox; empty: the preset's
    std::string padding; ///< "R,G,B" from 0 to 255, or "mean"; empty: the preset's
    std::string place;   ///< centre, top-left; empty: the preset's
    int multiple = 0;    ///< pixels; 0: the preset's
    std::string interpolation;
    int crop = 0;                       ///< pixels; 0: the model's input
    std::optional<std::size_t> mostBad; ///< see images::DamagedLimit
    void addTo(CLI::App& app);
    /// Errors: InvalidArgument naming the option.
    Result<images::Preprocess> resolve(const onnx::ModelInfo& model) const;

private:
    /// --resize, --resize-mode, --resize-multiple, --pad, --pad-at.
    Result<void> resolveGeometry(images::Preprocess& p) const;
};

/// A folder of images, its labels, and how much of it is used.
struct FolderChoice {
    std::string folder;
    std::size_t count = 0;   ///< 0: all
    bool labelled = false;   ///< labels are of use
    std::string labels = {}; ///< file; "none": a labels.csv is not looked at
    std::string classes = {};
    int labelOffset = 0;
    bool anyClass = false; ///< labels need not be classes of the model: of features, say
    /// --labels, --classes, --label-offset.
    void addLabelsTo(CLI::App& app);
};

/// Opens a folder as the model needs it, without damaged images; what is doubtful is said.
/// Errors: those of images::openFolder, fitLabels and withoutDamaged.
Result<images::ImageFolder> openImages(const FolderChoice& choice, const PreprocessOptions& preprocess,
                                       const onnx::ModelInfo& model, Run& run);
/// The same, as they come to the model.
Result<std::shared_ptr<const exec::ImageSource>>
openSource(const FolderChoice& choice, const PreprocessOptions& preprocess, const onnx::ModelInfo& model, Run& run);

} // namespace qs::cli
