#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qs::test {

/// Binary PPM of RGB bytes [height, width, 3].
inline std::string ppm(int width, int height, const std::vector<uint8_t>& rgb)
{
    return "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n" +
           std::string(rgb.begin(), rgb.end());
}

/// One colour, as PPM: the shortest way to an image file.
inline std::string plainPpm(int width, int height, uint8_t r, uint8_t g, uint8_t b)
{
    std::vector<uint8_t> rgb;
    for (int i = 0; i < width * height; ++i)
        rgb.insert(rgb.end(), {r, g, b});
    return ppm(width, height, rgb);
}

namespace detail {

inline std::string bigEndian(uint32_t value)
{
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> shift & 0xFF);
    return text;
}

inline std::string pngChunk(std::string_view type, std::string_view data)
{
    const std::string body = std::string(type) + std::string(data);
    uint32_t crc = 0xFFFFFFFF;
    for (const char c : body) {
        crc ^= static_cast<uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0U);
    }
    return bigEndian(static_cast<uint32_t>(data.size())) + body + bigEndian(~crc);
}

} // namespace detail

/// 8-bit PNG (stored, not compressed) of bytes [height, width, channels]; channels 1 grey, 2 grey and alpha, 3 RGB, 4
/// RGBA. The header may claim another size than the data has.
inline std::string png(int width, int height, int channels, const std::vector<uint8_t>& bytes)
{
    const std::size_t rowBytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
    std::string rows;
    for (std::size_t at = 0; rowBytes > 0 && at + rowBytes <= bytes.size(); at += rowBytes) {
        rows += '\0'; // filter: none
        rows.append(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + rowBytes));
    }
    uint32_t a = 1;
    uint32_t b = 0;
    for (const char c : rows) { // Adler-32
        a = (a + static_cast<uint8_t>(c)) % 65521;
        b = (b + a) % 65521;
    }
    std::string stream = "\x78\x01";
    for (std::size_t at = 0;; at += 65535) {
        const std::string_view block = std::string_view(rows).substr(at, 65535);
        const auto size = static_cast<uint32_t>(block.size());
        const bool last = at + block.size() >= rows.size();
        for (const uint32_t v : {last ? 1U : 0U, size & 0xFF, size >> 8, ~size & 0xFF, ~size >> 8 & 0xFF})
            stream += static_cast<char>(v);
        stream.append(block);
        if (last)
            break;
    }
    stream += detail::bigEndian(b << 16 | a);
    constexpr std::array<char, 5> kColourType{0, 0, 4, 2, 6};
    std::string header =
        detail::bigEndian(static_cast<uint32_t>(width)) + detail::bigEndian(static_cast<uint32_t>(height));
    header += std::string{8, kColourType[static_cast<std::size_t>(channels)], 0, 0, 0};
    return "\x89PNG\r\n\x1A\n" + detail::pngChunk("IHDR", header) + detail::pngChunk("IDAT", stream) +
           detail::pngChunk("IEND", "");
}

} // namespace qs::test
