#pragma once

#include "core/base/json_reader.h"
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

/// How exact the preprocessing is, against Pillow and torchvision / timm:
///   - resize, crop, padding, normalisation: the same bits (tests/images/pillow_test.cpp). Pillow 13 takes the
///   vertical
///     pass first for images more than twice as high as wide; Pillow up to 12, and we, always the horizontal one.
///     There, and only there, Pillow 13 differs, by a few grey levels at hard edges.
///   - PNG, BMP, WebP (lossless), TIFF, PPM of 8 bits: the same bytes.
///   - JPEG: the same bytes on 890 ImageNet files (OpenCV 4.6 with libjpeg-turbo 2.1 against Pillow 13); other builds
///   of
///     the decoder may differ by a grey level or two.
///   - Not compared: CMYK JPEGs and samples of 16 bits.

namespace qs::images {

/// 8-bit image, RGB interleaved [height, width, 3].
struct Pixels {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgb;
};

enum class Interpolation { Bilinear, Bicubic };

/// What `Preprocess::resize` is the size of. (w, h: of the photograph.)
enum class ResizeTo {
    Shorter, ///< the shorter side; the other is int(resize · longer / shorter). Squashed: resize × resize
    Longer,  ///< the longer side; the other is int(resize · shorter / longer + 0.5). Squashed: resize × resize
    /// The longer side of a box of the model's input's proportions, of which the image fills as much as it can
    /// (letterbox; sides rounded, half to even). Squashed: all of it. A resize of the input's longer side is the
    /// input.
    Input,
};

/// What lies around an image that is smaller than the model's input, and where.
struct Padding {
    enum class Place {
        Centre, ///< odd pixels more go to the right and the bottom
        TopLeft ///< all of the padding at the right and the bottom
    };
    bool mean = false;                      ///< exactly 0 after the normalisation, as padding behind it gives
    std::array<uint8_t, 3> colour{0, 0, 0}; ///< R, G, B, where it is not the mean
    Place place = Place::Centre;

    friend bool operator==(const Padding&, const Padding&) = default;
};

/// The evaluation transform of timm and torchvision, of detectors and of dense networks:
///   decode -> RGB -> resize (antialiased, as Pillow) -> centre crop `crop`
///   (offset round((size - crop) / 2), half to even as Python; padding where the image is smaller)
///   -> (pixel / 255 - mean) / std, planar.
/// The network's input has one size: what is padded to a stride by other programs is padded to the input here.
/// Where the pixels go: geometry.h.
/// Source: timm.data.transforms_factory.transforms_imagenet_eval, torchvision CenterCrop, Pillow Resample.c;
/// letterbox: ultralytics LetterBox; longer side: segment_anything ResizeLongestSide.
struct Preprocess {
    std::optional<int> resize; ///< pixels; nullopt: no resize
    bool squash = false;       ///< ignoring the aspect ratio
    Interpolation interpolation = Interpolation::Bicubic;
    int cropHeight = 224;                              ///< pixels; the model's input height
    int cropWidth = 224;                               ///< pixels; the model's input width
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F}; ///< per channel R, G, B, in [0, 1]
    std::array<float, 3> stddev{0.229F, 0.224F, 0.225F};
    ResizeTo to = ResizeTo::Shorter;
    /// Sides after the resize are rounded to multiples of it (half to even; down where they would leave `resize` of
    /// the longer side or the box; at least one), so that no patch mixes image and padding.
    int multiple = 1;
    Padding padding{};

    friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

void to_json(nlohmann::json& json, const Preprocess& value);
/// Keys resize (null: none), squash, interpolation, crop [height, width], mean, std; to ("shorter", "longer",
/// "input"), multiple, pad ([R, G, B] or "mean"), pad_at ("centre", "top-left"), which are written only where they
/// are not the default. A missing one keeps its default; an unknown one, and a value that makes no sense, is an error
/// of the reader.
Preprocess preprocessFrom(const JsonReader& json);

/// A named, common transform: "imagenet" (mean/std of ImageNet, resize crop/0.9 bicubic), "inception" (0.5/0.5),
/// "clip", "dinov2", "unit" ([0,1], no mean), "bytes" (0 to 255), "cifar" (ImageNet mean/std, squash to the input
/// size, bilinear), "crop-only"; of families of detectors and dense networks "siglip", "detr", "rtdetr", "yolo",
/// "segformer", "sam", "depth-anything", each brought to the one size that the model's input has.
struct PreprocessPreset {
    std::string_view name;
    std::string_view description;
};
std::span<const PreprocessPreset> preprocessPresets();
/// The preset for a model whose input is [.., 3, height, width]; where they differ the resize covers the longer side.
/// "half" is another name of "inception", "none" of "unit".
/// Errors: NotFound; InvalidArgument (no size).
Result<Preprocess> preprocessPreset(std::string_view name, int height, int width);

/// Decodes JPEG, PNG, BMP, WebP, TIFF, PPM; grey becomes RGB, alpha is dropped, EXIF orientation is ignored (as
/// timm). Errors: NotFound, Io, Malformed (not an image, truncated, zero size), Unsupported (an animated WebP;
/// another kind of image by name), TooLarge (over 100 megapixels, known before decoding, or a file over 256 MiB),
/// OutOfMemory.
Result<Pixels> decodeImage(const std::filesystem::path& path);

/// Whether decodeImage() would give an image: its errors, in less time. Returns what the codec says of data that it
/// had to fill in ("Corrupt JPEG data: premature end of data segment"); empty: nothing.
Result<std::string> checkImage(const std::filesystem::path& path);

/// Pillow's antialiased resize, bit for bit: separable, support scaled by the reduction factor,
/// bicubic a = -0.5, 8-bit intermediate between the horizontal and the vertical pass, fixed point of 22 bits.
/// src: not empty; width, height >= 1.
Pixels resize(const Pixels& src, int width, int height, Interpolation interpolation);

/// The whole transform after decoding, into dst [3, cropHeight, cropWidth], or [1, cropHeight, cropWidth]: the
/// luminance of ITU-R 601-2, as Pillow's convert("L"), with the first mean and deviation; or [4, ...]: an opaque
/// alpha too, 1 or, where all channels have one mean and deviation, normalised with them. The results are finite.
/// Padding by colour is normalised as the pixels are.
/// Errors: InvalidArgument, ShapeMismatch, TooLarge (a narrow image resized to over 100 megapixels).
Result<void> apply(const Preprocess& preprocess, const Pixels& src, std::span<float> dst);

} // namespace qs::images
