#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "core/onnx/import.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"
#include "widgets/model/history.h"
#include "widgets/model/hybrid_run.h"
#include "widgets/model/kept_comparison.h"

#include <QByteArray>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qs::ui {

struct ImageSet;

/// What a session file says, and (after loadSession) what it names.
///
/// The file is JSON, "format": "quantoscope-session", "version": 1. Paths are absolute, with a second one relative to
/// the file, so that a folder with model, images and session can move. The calibration lies next to it as
/// <name>.qcal.
struct SessionDocument {
    static constexpr int kVersion = 1;

    std::filesystem::path model; ///< empty: no model was open
    std::string modelHash;
    std::filesystem::path calibrationFolder, testFolder; ///< empty: none
    images::Preprocess preprocess;
    std::size_t calibrationCount = 256;
    int labelOffset = 0;                      ///< added to the labels of all images
    std::optional<onnx::ImageSize> imageSize; ///< chosen where the model leaves it open
    std::string output;                       ///< chosen of the model's; "": as the importer does
    std::filesystem::path calibrationFile;    ///< empty: not calibrated
    std::vector<HistoryState> states;         ///< at least one
    std::vector<StateFigures> figures;        ///< of the states; without results of single images
    int index = 0;                            ///< of the present state
    std::vector<std::string> selection;
    QByteArray windowState;
    std::shared_ptr<const KeptComparison> comparison; ///< null: none
    std::string search;                               ///< JSON of search_file.h; "": none
    std::shared_ptr<const HybridFound> hybrid;        ///< null: none; written, and read by loadSession
    std::string hybridText;                           ///< as it was read: JSON of hybrid_file.h; "": none

    // The named things. saveSession writes the calibration; loadSession reads all of them.
    std::shared_ptr<const onnx::Model> loadedModel;
    std::shared_ptr<const ImageSet> loadedCalibrationImages, loadedTestImages;
    std::shared_ptr<const stats::Calibration> loadedCalibration;
    std::vector<std::string> warnings; ///< what could not be found again, but is not needed to go on
};

/// Writes the JSON and the calibration, both atomically.
Result<void> saveSession(const SessionDocument& document, const std::filesystem::path& path);

/// Reads the file and everything it names. Missing images or a calibration that does not fit become warnings.
/// Errors: Io, Malformed, Unsupported (a newer version), and the importer's for the model.
Result<SessionDocument> loadSession(const std::filesystem::path& path, const Context& context);

/// The JSON alone, without touching what it names (calibrationFile, if set, is written as it is).
std::string sessionToJson(const SessionDocument& document, const std::filesystem::path& folder);
Result<SessionDocument> sessionFromJson(std::string_view json, const std::filesystem::path& folder);

} // namespace qs::ui
