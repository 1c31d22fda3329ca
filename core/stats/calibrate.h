#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/graph/network.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <memory>
#include <string>

namespace qs::stats {

struct CalibrationOptions {
    std::size_t sampleRows = 256; ///< rows kept a site
    std::size_t firstImage = 0;
    std::size_t images = SIZE_MAX; ///< at most so many
    std::string modelHash;         ///< copied into the Calibration
    std::string preprocess;        ///< JSON of images::Preprocess, copied into the Calibration
};

/// One streaming pass of the float network over the images. Memory: sites × (bins + channels + sample), times threads
/// for the parts that are merged; it does not grow with the number of images. The result does not depend on threads.
/// A cancelled pass returns Cancelled; nothing is kept.
/// Errors: the image's; NotFinite naming the site, the node that reads it and the image where a value is NaN or
/// infinite, but for masks.
Result<std::shared_ptr<const Calibration>> calibrate(const graph::Network& network, const exec::ImageSource& images,
                                                     const CalibrationOptions& options, const Context& context);

} // namespace qs::stats
