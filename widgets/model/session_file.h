#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/onnx/import.h"
#include "core/project/session_file.h"
#include "core/stats/calibration.h"
#include "widgets/model/hybrid_run.h"

#include <filesystem>
#include <memory>

namespace qs::ui {

struct ImageSet;

/// What a session file says, and (after loadSession) what it names.
struct SessionDocument : project::SessionFile {
    std::shared_ptr<const onnx::Model> loadedModel;
    std::shared_ptr<const ImageSet> loadedCalibrationImages, loadedTestImages;
    std::shared_ptr<const stats::Calibration> loadedCalibration;
    std::shared_ptr<const HybridFound> hybridFound; ///< `hybrid` with the model's sites; null: none
};

/// Writes the session and its calibration, see project::writeSession.
Result<project::WrittenSession> saveSession(const SessionDocument& document, const std::filesystem::path& path);

/// Reads the file and everything it names. Missing images or a calibration that does not fit become warnings.
/// Errors: project::readSession's, and the importer's for the model.
Result<SessionDocument> loadSession(const std::filesystem::path& path, const Context& context);

} // namespace qs::ui
