// Based on: timm.data.transforms_factory.transforms_imagenet_eval and torchvision's Resize, CenterCrop, ToTensor and
// Normalize, as documented.
// Deviations: none for square inputs; for others the presets resize so that the shorter side covers the longer side
// of the crop, where timm keeps one ratio per axis.

#include "core/images/preprocess.h"

#include "core/images/resample.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace qs::images {

namespace {

constexpr int kMaxSide = 16384;
constexpr int64_t kMaxPixels = 100'000'000;
constexpr float kMaxStatistic = 1000.0F; // with kMinStddev: results stay finite
constexpr float kMinStddev = 1e-6F;

/// round((size - crop) / 2) with halves to even; size >= crop.
int cropOffset(int size, int crop)
{
    const int twice = size - crop;
    const int half = twice / 2;
    return twice % 2 != 0 && half % 2 != 0 ? half + 1 : half;
}

/// One axis of the crop: `count` pixels from `from` on in the resized image go to `to` on in the result.
struct Span1d {
    int from = 0;
    int to = 0;
    int count = 0;
};

Span1d cropSpan(int size, int crop)
{
    if (size >= crop)
        return {cropOffset(size, crop), 0, crop};
    return {0, (crop - size) / 2, size};
}

/// The size after the resize step. As torchvision: the shorter side becomes `resize`, the other
/// int(resize·long/short).
Result<std::pair<int, int>> resizedSize(const Preprocess& p, const Pixels& src)
{
    if (!p.resize)
        return std::pair{src.width, src.height};
    if (p.squash)
        return std::pair{*p.resize, *p.resize};
    const int64_t shorter = std::min(src.width, src.height);
    const int64_t longer = std::max(src.width, src.height);
    const int64_t other = *p.resize * longer / shorter; // equals int() of the quotient: both are exact
    if (other * *p.resize > kMaxPixels)
        return fail(ErrorCode::TooLarge, "resized to more than 100 megapixels: the image is too narrow");
    const int wide = static_cast<int>(other);
    return src.width <= src.height ? std::pair{*p.resize, wide} : std::pair{wide, *p.resize};
}

} // namespace

namespace {

/// Every channel is the luminance of ITU-R 601-2 in 16-bit fixed point, as Pillow's convert("L").
Pixels luminance(Pixels pixels)
{
    for (std::size_t i = 0; i + 2 < pixels.rgb.size(); i += 3) {
        const unsigned l =
            (pixels.rgb[i] * 19595u + pixels.rgb[i + 1] * 38470u + pixels.rgb[i + 2] * 7471u + 0x8000u) >> 16;
        std::fill_n(pixels.rgb.begin() + static_cast<std::ptrdiff_t>(i), 3, static_cast<uint8_t>(l));
    }
    return pixels;
}

} // namespace

Result<void> checkPreprocess(const Preprocess& p)
{
    if (p.cropHeight < 1 || p.cropWidth < 1 || p.cropHeight > kMaxSide || p.cropWidth > kMaxSide)
        return fail(ErrorCode::InvalidArgument, "the crop must be 1 to 16384 pixels a side", "crop");
    if (p.resize && (*p.resize < 1 || *p.resize > kMaxSide))
        return fail(ErrorCode::InvalidArgument, "must be 1 to 16384 pixels", "resize");
    for (const float m : p.mean)
        if (!(std::abs(m) <= kMaxStatistic))
            return fail(ErrorCode::InvalidArgument, "must be numbers of at most 1000 in size", "mean");
    for (const float s : p.stddev)
        if (!(s >= kMinStddev && s <= kMaxStatistic))
            return fail(ErrorCode::InvalidArgument, "must be numbers from 1e-6 to 1000", "std");
    return {};
}

Result<Pixels> resizeAndCrop(const Preprocess& p, const Pixels& src)
{
    QS_CHECK(checkPreprocess(p));
    if (src.width < 1 || src.height < 1 ||
        src.rgb.size() != static_cast<std::size_t>(src.width) * static_cast<std::size_t>(src.height) * 3)
        return fail(ErrorCode::ShapeMismatch, "the image has no pixels, or not width × height × 3 of them");
    QS_ASSIGN(const auto size, resizedSize(p, src));
    const Span1d x = cropSpan(size.first, p.cropWidth);
    const Span1d y = cropSpan(size.second, p.cropHeight);
    Pixels inner = resizeRegion(src, size.first, size.second, p.interpolation, {x.from, y.from, x.count, y.count});
    if (inner.width == p.cropWidth && inner.height == p.cropHeight)
        return inner;

    Pixels padded{p.cropWidth, p.cropHeight, {}};
    padded.rgb.resize(static_cast<std::size_t>(p.cropWidth) * p.cropHeight * 3);
    const std::size_t rowBytes = static_cast<std::size_t>(x.count) * 3;
    for (int row = 0; row < y.count; ++row)
        std::copy_n(inner.rgb.data() + static_cast<std::size_t>(row) * rowBytes, rowBytes,
                    padded.rgb.data() + (static_cast<std::size_t>(y.to + row) * p.cropWidth + x.to) * 3);
    return padded;
}

Result<void> apply(const Preprocess& preprocess, const Pixels& src, std::span<float> dst)
{
    QS_CHECK(checkPreprocess(preprocess));
    const std::size_t area = static_cast<std::size_t>(preprocess.cropHeight) * preprocess.cropWidth;
    const std::size_t channels = dst.size() == area ? 1 : 3;
    if (dst.size() != area * channels)
        return fail(ErrorCode::ShapeMismatch, "room for " + std::to_string(dst.size()) +
                                                  " values, the transform gives " + std::to_string(area * 3));
    QS_ASSIGN(const Pixels pixels, resizeAndCrop(preprocess, channels == 1 ? luminance(src) : src));
    for (std::size_t c = 0; c < channels; ++c) {
        // ToTensor and Normalize, each step rounded to float: a byte has 256 answers.
        std::array<float, 256> normalised;
        for (std::size_t v = 0; v < normalised.size(); ++v)
            normalised[v] = (static_cast<float>(v) / 255.0F - preprocess.mean[c]) / preprocess.stddev[c];
        float* plane = dst.data() + c * area;
        for (std::size_t i = 0; i < area; ++i)
            plane[i] = normalised[pixels.rgb[i * 3 + c]];
    }
    return {};
}

} // namespace qs::images
