#pragma once

#include "core/base/error.h"
#include "core/graph/sites.h"
#include "core/stats/calibration.h"

#include <filesystem>
#include <memory>
#include <string>

namespace qs::stats {

/// File form (.qcal): CBOR, versioned, written atomically. Errors of load: NotFound, Io, Malformed, Unsupported (of
/// another version: older ones lack what newer searches need, so calibrate again).
Result<void> saveCalibration(const Calibration& calibration, const std::filesystem::path& path);
Result<std::shared_ptr<const Calibration>> loadCalibration(const std::filesystem::path& path);
/// Whether a calibration belongs to a model: InvalidArgument with the reason if not.
Result<void> checkCalibration(const Calibration& calibration, const std::string& modelHash,
                              const graph::SiteTable& sites);

} // namespace qs::stats
