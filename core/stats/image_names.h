#pragma once

#include "core/exec/image_source.h"

#include <cstddef>
#include <string>

namespace qs::stats {

/// Of the names of the first `count` images (at most all), in order: which images a calibration or a figure is from.
std::string hashOfNames(const exec::ImageSource& images, std::size_t count = static_cast<std::size_t>(-1));

} // namespace qs::stats
