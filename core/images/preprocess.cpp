// Based on: timm.data.transforms_factory.transforms_imagenet_eval and torchvision's Resize, CenterCrop, ToTensor and
// Normalize, as documented.
// Deviations: none for square inputs; for others the presets resize so that the shorter side covers the longer side
// of the crop, where timm keeps one ratio per axis.

#include "core/images/preprocess.h"

#include "core/images/geometry.h"
#include "core/images/resample.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace qs::images {

namespace {

constexpr int kMaxSide = 16384;
constexpr int kMaxMultiple = 1024;
constexpr float kMaxStatistic = 1000.0F; // with kMinStddev: results stay finite
constexpr float kMinStddev = 1e-6F;

/// The luminance of ITU-R 601-2 in 16-bit fixed point, as Pillow's convert("L").
uint8_t luminance(const uint8_t* rgb)
{
    return static_cast<uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

/// Every channel is the luminance.
Pixels asGrey(Pixels pixels)
{
    for (std::size_t i = 0; i + 2 < pixels.rgb.size(); i += 3)
        std::fill_n(pixels.rgb.begin() + static_cast<std::ptrdiff_t>(i), 3, luminance(&pixels.rgb[i]));
    return pixels;
}

/// The colour of the padding; that nearest to the mean where the padding is the mean.
std::array<uint8_t, 3> paddingColour(const Preprocess& p)
{
    if (!p.padding.mean)
        return p.padding.colour;
    std::array<uint8_t, 3> colour{};
    for (std::size_t c = 0; c < colour.size(); ++c)
        colour[c] = static_cast<uint8_t>(std::lround(std::clamp(p.mean[c] * 255.0F, 0.0F, 255.0F)));
    return colour;
}

/// What the transform keeps of the photograph, resized: kept.width × kept.height pixels.
Result<Pixels> resizedPart(const Preprocess& p, const Geometry& g, const Pixels& src)
{
    if (src.rgb.size() != static_cast<std::size_t>(src.width) * static_cast<std::size_t>(src.height) * 3)
        return fail(ErrorCode::ShapeMismatch, "the image has not width × height × 3 values");
    return resizeRegion(src, g.resizedWidth, g.resizedHeight, p.interpolation, g.kept);
}

Result<Geometry> layOut(const Preprocess& p, const Pixels& src)
{
    if (src.width < 1 || src.height < 1)
        return fail(ErrorCode::ShapeMismatch, "the image has no pixels");
    return geometryOf(p, src.width, src.height);
}

/// An alpha of one, normalised where all channels are normalised in the same way.
float opaque(const Preprocess& p)
{
    const bool same =
        p.mean[0] == p.mean[1] && p.mean[1] == p.mean[2] && p.stddev[0] == p.stddev[1] && p.stddev[1] == p.stddev[2];
    return same ? (1 - p.mean[0]) / p.stddev[0] : 1;
}

} // namespace

Result<void> checkPreprocess(const Preprocess& p)
{
    if (p.cropHeight < 1 || p.cropWidth < 1 || p.cropHeight > kMaxSide || p.cropWidth > kMaxSide)
        return fail(ErrorCode::InvalidArgument, "the crop must be 1 to 16384 pixels a side", "crop");
    if (p.resize && (*p.resize < 1 || *p.resize > kMaxSide))
        return fail(ErrorCode::InvalidArgument, "must be 1 to 16384 pixels", "resize");
    if (p.multiple < 1 || p.multiple > kMaxMultiple)
        return fail(ErrorCode::InvalidArgument, "must be 1 to 1024 pixels", "multiple");
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
    QS_ASSIGN(const Geometry g, layOut(p, src));
    QS_ASSIGN(Pixels inner, resizedPart(p, g, src));
    if (inner.width == p.cropWidth && inner.height == p.cropHeight)
        return inner;

    Pixels padded{p.cropWidth, p.cropHeight, {}};
    padded.rgb.resize(static_cast<std::size_t>(p.cropWidth) * p.cropHeight * 3);
    const std::array<uint8_t, 3> colour = paddingColour(p);
    if (colour != std::array<uint8_t, 3>{})
        for (std::size_t i = 0; i < padded.rgb.size(); ++i)
            padded.rgb[i] = colour[i % 3];
    const std::size_t rowBytes = static_cast<std::size_t>(g.placed.width) * 3;
    for (int row = 0; row < g.placed.height; ++row)
        std::copy_n(inner.rgb.data() + static_cast<std::size_t>(row) * rowBytes, rowBytes,
                    padded.rgb.data() + (static_cast<std::size_t>(g.placed.y + row) * p.cropWidth + g.placed.x) * 3);
    return padded;
}

Result<void> apply(const Preprocess& preprocess, const Pixels& src, std::span<float> dst)
{
    QS_CHECK(checkPreprocess(preprocess));
    const std::size_t width = static_cast<std::size_t>(preprocess.cropWidth);
    const std::size_t area = width * static_cast<std::size_t>(preprocess.cropHeight);
    const std::size_t channels = dst.size() == area ? 1 : dst.size() == area * 4 ? 4 : 3;
    if (dst.size() != area * channels)
        return fail(ErrorCode::ShapeMismatch, "room for " + std::to_string(dst.size()) +
                                                  " values, the transform gives " + std::to_string(area * 3));
    QS_ASSIGN(const Geometry g, layOut(preprocess, src));
    QS_ASSIGN(const Pixels pixels, resizedPart(preprocess, g, channels == 1 ? asGrey(src) : src));
    std::array<uint8_t, 3> colour = preprocess.padding.colour;
    if (channels == 1)
        colour[0] = luminance(colour.data());
    if (channels == 4)
        std::fill_n(dst.data() + 3 * area, area, opaque(preprocess));
    for (std::size_t c = 0; c < std::min<std::size_t>(channels, 3); ++c) {
        // ToTensor and Normalize, each step rounded to float: a byte has 256 answers.
        std::array<float, 256> normalised;
        for (std::size_t v = 0; v < normalised.size(); ++v)
            normalised[v] = (static_cast<float>(v) / 255.0F - preprocess.mean[c]) / preprocess.stddev[c];
        float* plane = dst.data() + c * area;
        if (pixels.rgb.size() < area * 3)
            std::fill_n(plane, area, preprocess.padding.mean ? 0.0F : normalised[colour[c]]);
        const uint8_t* in = pixels.rgb.data() + c;
        for (int row = 0; row < g.placed.height; ++row) {
            float* out = plane + static_cast<std::size_t>(g.placed.y + row) * width + g.placed.x;
            for (int x = 0; x < g.placed.width; ++x, in += 3)
                *out++ = normalised[*in];
        }
    }
    return {};
}

} // namespace qs::images
