#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace qs::images {

/// Samples of a picture of one channel as its file has them: indices where it has a palette, not the colours.
struct RawPicture {
    int width = 0;
    int height = 0;
    int bits = 8;                  ///< of a sample in the file: 1, 2, 4, 8 or 16
    std::vector<uint16_t> samples; ///< row-major, in [0, 2^bits)
};

/// Reads a PNG of one channel: grey of 1 to 16 bits, or indices into a palette. Gamma, transparency and colour
/// profile are ignored. Errors, all with the path: NotFound, Io; Malformed (no image, damaged, ends early);
/// Unsupported (not a PNG; a colour picture or one with alpha); TooLarge (over 100 megapixels, or a file over 256
/// MiB); OutOfMemory.
Result<RawPicture> readRawPng(const std::filesystem::path& path);

/// Width and height of an image file in pixels, without decoding it. Errors: as readImageHeader(), NotFound, Io,
/// TooLarge (a side over 2^31), with the path.
struct PictureSize {
    int width = 0;
    int height = 0;
};
Result<PictureSize> pictureSize(const std::filesystem::path& path);

} // namespace qs::images
