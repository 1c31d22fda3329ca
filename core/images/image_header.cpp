#include "core/images/image_header.h"

#include <cctype>
#include <cstdlib>
#include <optional>

namespace qs::images {

namespace {

/// Bounds-checked reading: past the end everything is 0 and `ok()` turns false.
class Reader {
public:
    Reader(std::span<const std::byte> bytes, bool bigEndian) : m_bytes(bytes), m_bigEndian(bigEndian) {}

    std::size_t size() const { return m_bytes.size(); }
    bool ok() const { return m_ok; }

    uint32_t u8(std::size_t at)
    {
        if (at >= m_bytes.size()) {
            m_ok = false;
            return 0;
        }
        return static_cast<uint32_t>(m_bytes[at]);
    }
    uint32_t u16(std::size_t at) { return m_bigEndian ? u8(at) << 8 | u8(at + 1) : u8(at) | u8(at + 1) << 8; }
    uint32_t u24(std::size_t at) { return u8(at) | u8(at + 1) << 8 | u8(at + 2) << 16; }
    uint32_t u32(std::size_t at) { return m_bigEndian ? u16(at) << 16 | u16(at + 2) : u16(at) | u16(at + 2) << 16; }

private:
    std::span<const std::byte> m_bytes;
    bool m_bigEndian;
    bool m_ok = true;
};

tl::unexpected<Error> endsEarly(std::string_view format)
{
    return fail(ErrorCode::Malformed, "the " + std::string(format) + " file ends early");
}

Result<ImageHeader> readJpeg(std::span<const std::byte> bytes)
{
    Reader in(bytes, true);
    ImageHeader header{"JPEG", 0, 0};
    bool scanSeen = false;
    std::size_t at = 2;
    while (at + 1 < in.size()) {
        if (in.u8(at) != 0xFF) { // entropy-coded data, or rubbish between segments
            ++at;
            continue;
        }
        const uint32_t marker = in.u8(at + 1);
        if (marker == 0xFF) { // fill byte
            ++at;
            continue;
        }
        if (marker == 0xD9) { // EOI
            if (!scanSeen)
                return fail(ErrorCode::Malformed, "the JPEG file holds no image");
            return header;
        }
        if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) { // stuffing, TEM, RST, SOI
            at += 2;
            continue;
        }
        const bool isFrame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (isFrame && header.width == 0) {
            header.height = in.u16(at + 5);
            header.width = in.u16(at + 7);
            if (in.ok() && (header.width == 0 || header.height == 0))
                return fail(ErrorCode::Malformed, "the JPEG image has no pixels");
        }
        scanSeen = scanSeen || (marker == 0xDA && header.width > 0);
        at += 2 + in.u16(at + 2);
    }
    return endsEarly("JPEG");
}

Result<ImageHeader> readBmp(std::span<const std::byte> bytes)
{
    Reader in(bytes, false);
    ImageHeader header{"BMP", 0, 0};
    if (in.u32(14) == 12) { // BITMAPCOREHEADER
        header.width = in.u16(18);
        header.height = in.u16(20);
    } else {
        header.width = static_cast<int32_t>(in.u32(18));
        header.height = std::abs(int64_t{static_cast<int32_t>(in.u32(22))}); // negative: top row first
    }
    return in.ok() ? Result<ImageHeader>(header) : endsEarly("BMP");
}

Result<ImageHeader> readPng(std::span<const std::byte> bytes)
{
    Reader in(bytes, true);
    const ImageHeader header{"PNG", in.u32(16), in.u32(20)};
    return in.ok() ? Result<ImageHeader>(header) : endsEarly("PNG");
}

Result<ImageHeader> readWebp(std::span<const std::byte> bytes)
{
    Reader in(bytes, false);
    ImageHeader header{"WebP", 0, 0};
    switch (in.u32(12)) {
    case 0x20385056: // "VP8 ": frame tag, start code, then 14 bits each
        header.width = in.u16(26) & 0x3FFF;
        header.height = in.u16(28) & 0x3FFF;
        break;
    case 0x4C385056: { // "VP8L": signature, then 14 bits each, minus one
        const uint32_t bits = in.u32(21);
        header.width = (bits & 0x3FFF) + 1;
        header.height = (bits >> 14 & 0x3FFF) + 1;
        break;
    }
    case 0x58385056: // "VP8X": flags, canvas of 24 bits each, minus one
        if (in.u8(20) & 0x02)
            return fail(ErrorCode::Unsupported, "an animated WebP: only still images are read");
        header.width = int64_t{in.u24(24)} + 1;
        header.height = int64_t{in.u24(27)} + 1;
        break;
    default:
        return fail(ErrorCode::Malformed, "the WebP file holds no image");
    }
    return in.ok() && int64_t{in.u32(4)} + 8 <= static_cast<int64_t>(in.size()) ? Result<ImageHeader>(header)
                                                                                : endsEarly("WebP");
}

Result<ImageHeader> readTiff(std::span<const std::byte> bytes, bool bigEndian)
{
    Reader in(bytes, bigEndian);
    ImageHeader header{"TIFF", 0, 0};
    const auto twice = [] { return fail(ErrorCode::Malformed, "the TIFF file gives its size twice"); };
    const std::size_t directory = in.u32(4);
    const uint32_t entries = in.u16(directory);
    for (uint32_t i = 0; i < entries && in.ok(); ++i) {
        const std::size_t at = directory + 2 + std::size_t{12} * i;
        const int64_t value = in.u16(at + 2) == 3 ? in.u16(at + 8) : in.u32(at + 8); // SHORT or LONG
        int64_t* const size = in.u16(at) == 256 ? &header.width : in.u16(at) == 257 ? &header.height : nullptr;
        if (size && *size != 0)
            return twice(); // readers differ in which they take
        if (size)
            *size = value;
    }
    return in.ok() ? Result<ImageHeader>(header) : endsEarly("TIFF");
}

/// The next number of a PNM header; comments run from '#' to the end of the line.
std::optional<int64_t> pnmNumber(Reader& in, std::size_t& at)
{
    while (at < in.size() && (std::isspace(static_cast<int>(in.u8(at))) || in.u8(at) == '#')) {
        if (in.u8(at) == '#')
            while (at < in.size() && in.u8(at) != '\n')
                ++at;
        else
            ++at;
    }
    int64_t value = 0;
    const std::size_t first = at;
    for (; at < in.size() && at < first + 10 && std::isdigit(static_cast<int>(in.u8(at))); ++at)
        value = value * 10 + (in.u8(at) - '0');
    return at > first ? std::optional(value) : std::nullopt;
}

Result<ImageHeader> readPnm(std::span<const std::byte> bytes)
{
    Reader in(bytes, false);
    std::size_t at = 2;
    const auto width = pnmNumber(in, at);
    const auto height = width ? pnmNumber(in, at) : std::nullopt;
    if (!width || !height)
        return fail(ErrorCode::Malformed, "the PNM file has no image size");
    return ImageHeader{"PNM", *width, *height};
}

bool startsWith(std::span<const std::byte> bytes, std::string_view magic)
{
    if (bytes.size() < magic.size())
        return false;
    for (std::size_t i = 0; i < magic.size(); ++i)
        if (bytes[i] != static_cast<std::byte>(magic[i]))
            return false;
    return true;
}

/// What a file is that another name may hide: "GIF", ...; "" where nothing is known of it.
std::string_view unreadKind(std::span<const std::byte> bytes)
{
    using namespace std::string_view_literals;
    if (startsWith(bytes, "GIF8"sv))
        return "GIF";
    if (startsWith(bytes, "\0\0\0\x0CjP  \r\n"sv) || startsWith(bytes, "\xFF\x4F\xFF\x51"sv))
        return "JPEG 2000";
    if (startsWith(bytes, "\xFF\x0A"sv) || startsWith(bytes, "\0\0\0\x0CJXL "sv))
        return "JPEG XL";
    if (bytes.size() >= 12 && startsWith(bytes.subspan(4), "ftyp"sv)) {
        const auto brand = bytes.subspan(8);
        if (startsWith(brand, "avif"sv) || startsWith(brand, "avis"sv))
            return "AVIF";
        if (startsWith(brand, "hei"sv) || startsWith(brand, "hev"sv) || startsWith(brand, "mif1"sv))
            return "HEIF";
    }
    return {};
}

Result<ImageHeader> readAny(std::span<const std::byte> bytes)
{
    using namespace std::string_view_literals;
    if (bytes.empty())
        return fail(ErrorCode::Malformed, "the file is empty");
    if (startsWith(bytes, "\xFF\xD8\xFF"sv))
        return readJpeg(bytes);
    if (startsWith(bytes, "\x89PNG\r\n\x1A\n"sv))
        return readPng(bytes);
    if (startsWith(bytes, "BM"sv))
        return readBmp(bytes);
    if (startsWith(bytes, "RIFF"sv) && bytes.size() >= 12 && startsWith(bytes.subspan(8), "WEBP"sv))
        return readWebp(bytes);
    if (startsWith(bytes, "II*\0"sv) || startsWith(bytes, "MM\0*"sv))
        return readTiff(bytes, bytes[0] == std::byte{'M'});
    if (bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] >= std::byte{'1'} && bytes[1] <= std::byte{'6'} &&
        std::isspace(static_cast<int>(bytes[2])))
        return readPnm(bytes);
    if (const std::string_view kind = unreadKind(bytes); !kind.empty())
        return fail(ErrorCode::Unsupported,
                    "a file of " + std::string(kind) + ", which is not read: convert it to PNG or JPEG");
    return fail(ErrorCode::Malformed, "not a JPEG, PNG, BMP, WebP, TIFF or PNM image");
}

} // namespace

Result<ImageHeader> readImageHeader(std::span<const std::byte> bytes)
{
    QS_ASSIGN(const ImageHeader header, readAny(bytes));
    if (header.width <= 0 || header.height <= 0)
        return fail(ErrorCode::Malformed, "the " + std::string(header.format) + " image has no pixels");
    return header;
}

} // namespace qs::images
