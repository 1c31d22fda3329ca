#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qs::images {

/// What an image file says about itself before anything is decoded.
struct ImageHeader {
    std::string_view format; ///< "JPEG", "PNG", "BMP", "WebP", "TIFF", "PNM"
    int64_t width = 0;       ///< pixels, > 0
    int64_t height = 0;
};

/// Reads format and size from the first bytes (JPEG: from all markers, so that a file cut short is noticed here: the
/// decoder would fill the missing rows with grey and say nothing). A hostile size is thus known before it is
/// allocated. Errors (without `where`): Malformed (none of the formats, ends early, no pixels), Unsupported (an
/// animated WebP; GIF, AVIF, HEIF, JPEG 2000, JPEG XL by name). Sources: ITU T.81
/// annex B, PNG (ISO 15948) 11.2.2, BITMAPINFOHEADER, RFC 6386 and WebP container, TIFF 6.0, Netpbm.
Result<ImageHeader> readImageHeader(std::span<const std::byte> bytes);

} // namespace qs::images
