#pragma once

#include "core/base/error.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace qs::images {

/// A value for each pixel of a picture, as its file has them.
struct MapFile {
    int64_t width = 0;
    int64_t height = 0;
    std::vector<float> values; ///< row-major
};

/// Reads a map: .npy of numbers [height, width], sizes of 1 aside; any other file as a PNG of one channel. Errors:
/// those of readNpy() and readRawPng(), ShapeMismatch (an array of another form), with the path.
Result<MapFile> readMapFile(const std::filesystem::path& path);

} // namespace qs::images
