#pragma once

#include "tests/support/image_files.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qs::test {

/// A PNG of one channel of 1, 2, 4, 8 or 16 bits, grey or (with `palette`, RGB triples) of indices; `more`: chunks
/// before the pixels.
inline std::string rawPng(int width, int height, int bits, const std::vector<uint16_t>& samples,
                          std::string_view palette = {}, std::string_view more = {})
{
    std::vector<uint8_t> rows;
    const auto columns = static_cast<std::size_t>(width);
    for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
        unsigned pending = 0;
        int filled = 0;
        for (std::size_t x = 0; x < columns; ++x) {
            const unsigned v = samples[y * columns + x];
            if (bits == 16)
                rows.push_back(static_cast<uint8_t>(v >> 8));
            if (bits >= 8) {
                rows.push_back(static_cast<uint8_t>(v));
                continue;
            }
            pending = pending << bits | v;
            filled += bits;
            if (filled == 8 || x + 1 == columns) {
                rows.push_back(static_cast<uint8_t>(pending << (8 - filled)));
                pending = 0;
                filled = 0;
            }
        }
    }
    const int rowBytes = (width * bits + 7) / 8;
    std::string file = png(rowBytes, height, 1, rows);
    std::string header =
        detail::bigEndian(static_cast<uint32_t>(width)) + detail::bigEndian(static_cast<uint32_t>(height));
    header += std::string{static_cast<char>(bits), static_cast<char>(palette.empty() ? 0 : 3), 0, 0, 0};
    std::string chunks = detail::pngChunk("IHDR", header);
    if (!palette.empty())
        chunks += detail::pngChunk("PLTE", palette);
    return file.replace(8, 25, chunks + std::string(more));
}

} // namespace qs::test
