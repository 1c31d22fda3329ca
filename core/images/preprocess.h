#pragma once

#include "core/base/error.h"
#include "core/base/shape.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace qs::images {

/// 8-bit image, RGB interleaved [height, width, 3].
struct Pixels {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgb;
};

enum class Interpolation { Bilinear, Bicubic };

/// The evaluation transform of timm and torchvision:
///   decode -> RGB -> resize the shorter side to `resize` (antialiased, as Pillow) -> centre crop `crop`
///   (offset round((size - crop) / 2), half to even as Python; zero padding where the image is smaller)
///   -> (pixel / 255 - mean) / std, planar.
/// Source: timm.data.transforms_factory.transforms_imagenet_eval, torchvision CenterCrop, Pillow Resample.c.
struct Preprocess {
    std::optional<int> resize;                          ///< shorter side, pixels; nullopt: no resize
    bool squash = false;                                ///< resize to resize × resize, ignoring the aspect ratio
    Interpolation interpolation = Interpolation::Bicubic;
    int cropHeight = 224;                               ///< pixels; the model's input height
    int cropWidth = 224;                                ///< pixels; the model's input width
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F};  ///< per channel R, G, B, in [0, 1]
    std::array<float, 3> stddev{0.229F, 0.224F, 0.225F};

    friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

void to_json(nlohmann::json& json, const Preprocess& value);
/// Errors: InvalidArgument with the JSON key in `where`.
Result<Preprocess> preprocessFromJson(const nlohmann::json& json);

/// A named, common transform: "imagenet" (mean/std of ImageNet, resize crop/0.9 bicubic), "inception" (0.5/0.5),
/// "clip", "unit" ([0,1], no mean), "cifar" (ImageNet mean/std, squash to the input size, bilinear), "crop-only".
struct PreprocessPreset {
    std::string_view name;
    std::string_view description;
};
std::span<const PreprocessPreset> preprocessPresets();
/// The preset for a model whose input is [.., 3, height, width]. Errors: NotFound.
Result<Preprocess> preprocessPreset(std::string_view name, int height, int width);

/// Decodes JPEG, PNG, BMP, WebP, TIFF, PPM; grey becomes RGB, alpha is dropped, EXIF orientation is ignored (as timm).
/// Errors: NotFound, Io, Malformed (not an image, truncated, zero size), TooLarge (over 100 megapixels).
Result<Pixels> decodeImage(const std::filesystem::path& path);

/// Pillow's antialiased resize, bit for bit up to 1 grey level: separable, support scaled by the reduction factor,
/// bicubic a = -0.5, 8-bit intermediate between the horizontal and the vertical pass, fixed point of 22 bits.
Pixels resize(const Pixels& src, int width, int height, Interpolation interpolation);

/// The whole transform after decoding, into dst [3, cropHeight, cropWidth]. Errors: InvalidArgument, ShapeMismatch.
Result<void> apply(const Preprocess& preprocess, const Pixels& src, std::span<float> dst);

} // namespace qs::images
