#include "core/base/file.h"
#include "core/images/codec_messages.h"
#include "core/images/image_header.h"
#include "core/images/preprocess.h"

#include <exception>
#include <new>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

namespace qs::images {

namespace {

constexpr int64_t kMaxPixels = 100'000'000;

Pixels fromBgr(const cv::Mat& bgr)
{
    Pixels pixels{bgr.cols, bgr.rows, {}};
    pixels.rgb.resize(static_cast<std::size_t>(bgr.cols) * bgr.rows * 3);
    uint8_t* out = pixels.rgb.data();
    for (int y = 0; y < bgr.rows; ++y) {
        const uint8_t* in = bgr.ptr<uint8_t>(y);
        for (int x = 0; x < bgr.cols; ++x, in += 3, out += 3) {
            out[0] = in[2];
            out[1] = in[1];
            out[2] = in[0];
        }
    }
    return pixels;
}

/// BGR of the file, of the whole size or of an eighth of it.
Result<cv::Mat> decode(const std::filesystem::path& path, int flags)
{
    const std::string where = path.string();
    try {
        // A copy, not a mapping: a file cut short while libjpeg reads a mapping would end the process.
        QS_ASSIGN(const std::string bytes, readText(path));
        auto header = readImageHeader(std::as_bytes(std::span(bytes)));
        if (!header)
            return fail(header.error().code, header.error().message, where);
        if (header->width > kMaxPixels / header->height)
            return fail(ErrorCode::TooLarge,
                        std::to_string(header->width) + " × " + std::to_string(header->height) +
                            " pixels are more than 100 megapixels",
                        where);
        const cv::Mat view(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
        if (header->width < 8 || header->height < 8)
            flags = cv::IMREAD_COLOR; // an eighth of it would be nothing
        const CodecSilence silence;
        cv::Mat bgr = cv::imdecode(view, flags | cv::IMREAD_IGNORE_ORIENTATION);
        if (bgr.empty() || bgr.type() != CV_8UC3)
            return fail(ErrorCode::Malformed,
                        "the " + std::string(header->format) + " image is damaged or ends early" +
                            (codecMessage().empty() ? "" : " (" + codecMessage() + ")"),
                        where);
        return bgr;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to decode the image", where);
    } catch (const std::exception& e) { // cv::Exception among others
        return fail(ErrorCode::Malformed, std::string("the image cannot be decoded: ") + e.what(), where);
    }
}

} // namespace

Result<Pixels> decodeImage(const std::filesystem::path& path)
{
    QS_ASSIGN(const cv::Mat bgr, decode(path, cv::IMREAD_COLOR));
    try {
        return fromBgr(bgr);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to decode the image", path.string());
    }
}

Result<std::string> checkImage(const std::filesystem::path& path)
{
    QS_CHECK(decode(path, cv::IMREAD_REDUCED_COLOR_8));
    return codecMessage();
}

} // namespace qs::images
