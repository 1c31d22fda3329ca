#pragma once

#include "core/exec/image_source.h"

#include <string>

namespace qs::stats {

/// Of the names of all images, in order: which images a calibration is from.
std::string hashOfNames(const exec::ImageSource& images);

} // namespace qs::stats
