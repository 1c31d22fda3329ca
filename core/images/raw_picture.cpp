// Based on: PNG (ISO 15948). OpenCV turns palette indices into colours; so the decoder is given the same pixels under
// a header that calls them grey, without the palette and whatever else would change values. Deviations: none known in
// the samples; checked against hand-made files in tests/images/truth_pictures_test.cpp.

#include "core/images/raw_picture.h"

#include "core/base/file.h"
#include "core/images/codec_messages.h"
#include "core/images/image_header.h"

#include <array>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

namespace qs::images {

namespace {

constexpr int64_t kMaxPixels = 100'000'000;
constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kFrameBytes = 12; ///< of a chunk around its data: length, type, checksum
constexpr std::size_t kHeaderData = kSignatureBytes + 8;
constexpr std::size_t kHeaderEnd = kHeaderData + 13 + 4;
constexpr std::size_t kDepthAt = kHeaderData + 8;
constexpr std::size_t kColourTypeAt = kHeaderData + 9;
constexpr char kGrey = 0;
constexpr char kPalette = 3;

uint32_t bigEndian(std::string_view bytes)
{
    uint32_t value = 0;
    for (const char c : bytes.substr(0, 4))
        value = value << 8 | static_cast<uint8_t>(c);
    return value;
}

/// The checksum of a chunk (ISO 15948, annex D), over type and data.
std::string checksum(std::string_view bytes)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc ^= static_cast<uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc % 2 != 0 ? 0xEDB88320U : 0U);
    }
    crc = ~crc;
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(crc >> shift & 0xFFU);
    return text;
}

/// The file as a grey PNG of its header and its pixels alone. nullopt: the chunks end early.
std::optional<std::string> asGreyPng(std::string_view file)
{
    std::string header(file.substr(kSignatureBytes + 4, 4 + 13)); // IHDR and its data
    header[kColourTypeAt - kSignatureBytes - 4] = kGrey;
    std::string result(file.substr(0, kSignatureBytes + 4));
    result.append(header).append(checksum(header));
    for (std::size_t at = kHeaderEnd; at + kFrameBytes <= file.size();) {
        const std::size_t length = bigEndian(file.substr(at));
        const std::string_view type = file.substr(at + 4, 4);
        if (length > file.size() - at - kFrameBytes)
            return std::nullopt;
        if (type == "IDAT" || type == "IEND")
            result.append(file.substr(at, length + kFrameBytes));
        if (type == "IEND")
            return result;
        at += length + kFrameBytes;
    }
    return std::nullopt;
}

/// The samples of a decoded picture. 1, 2 and 4 bits were stretched to 8: 1 became 255, 85 or 17.
RawPicture samplesOf(const cv::Mat& grey, int bits)
{
    RawPicture picture{grey.cols, grey.rows, bits, {}};
    picture.samples.reserve(static_cast<std::size_t>(grey.cols) * static_cast<std::size_t>(grey.rows));
    const int stretch = bits < 8 ? 255 / ((1 << bits) - 1) : 1;
    for (int y = 0; y < grey.rows; ++y)
        for (int x = 0; x < grey.cols; ++x)
            picture.samples.push_back(bits == 16 ? grey.at<uint16_t>(y, x)
                                                 : static_cast<uint16_t>(grey.at<uint8_t>(y, x) / stretch));
    return picture;
}

Result<RawPicture> decode(std::string_view file)
{
    QS_ASSIGN(const ImageHeader header, readImageHeader(std::as_bytes(std::span(file))));
    if (header.format != "PNG")
        return fail(ErrorCode::Unsupported,
                    "is a " + std::string(header.format) + " image: only PNG keeps values of pixels as they are");
    if (header.width > kMaxPixels / header.height)
        return fail(ErrorCode::TooLarge, std::to_string(header.width) + " × " + std::to_string(header.height) +
                                             " pixels are more than 100 megapixels");
    const auto damaged = [] { return fail(ErrorCode::Malformed, "the PNG image is damaged or ends early"); };
    if (file.size() < kHeaderEnd)
        return damaged();
    if (file[kColourTypeAt] != kGrey && file[kColourTypeAt] != kPalette)
        return fail(ErrorCode::Unsupported, "is a picture of colours or with alpha: values are read from PNGs of one "
                                            "channel, grey or with a palette");
    const int bits = static_cast<uint8_t>(file[kDepthAt]);
    const auto grey = asGreyPng(file);
    if (!grey)
        return damaged();
    const cv::Mat view(1, static_cast<int>(grey->size()), CV_8UC1, const_cast<char*>(grey->data()));
    const CodecSilence silence;
    const cv::Mat decoded = cv::imdecode(view, cv::IMREAD_UNCHANGED);
    if (decoded.empty() || decoded.type() != (bits == 16 ? CV_16UC1 : CV_8UC1))
        return damaged();
    return samplesOf(decoded, bits);
}

} // namespace

Result<RawPicture> readRawPng(const std::filesystem::path& path)
{
    const std::string where = path.string();
    try {
        QS_ASSIGN(const std::string file, readText(path));
        Result<RawPicture> picture = decode(file);
        if (!picture)
            picture.error().where = where;
        return picture;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to decode the image", where);
    } catch (const std::exception& e) { // cv::Exception among others
        return fail(ErrorCode::Malformed, std::string("the image cannot be decoded: ") + e.what(), where);
    }
}

Result<PictureSize> pictureSize(const std::filesystem::path& path)
{
    QS_ASSIGN(const std::string file, readText(path));
    const auto header = readImageHeader(std::as_bytes(std::span(file)));
    if (!header)
        return fail(header.error().code, header.error().message, path.string());
    constexpr int64_t kMost = std::numeric_limits<int>::max();
    if (header->width > kMost || header->height > kMost)
        return fail(ErrorCode::TooLarge, "has a side of over 2^31 pixels", path.string());
    return PictureSize{static_cast<int>(header->width), static_cast<int>(header->height)};
}

} // namespace qs::images
