// Based on: the data configurations of timm (timm.data.constants, default_cfgs), of OpenAI's CLIP, and the
// preprocessor_config.json of the families in transformers.
// Deviations: networks that take any size (DETR, SAM, Depth Anything) get the one size of the model's input.

#include "core/images/preprocess.h"
#include "core/images/resample.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace qs::images {

namespace {

constexpr std::array<PreprocessPreset, 15> kPresets{{
    {"imagenet", "ImageNet mean and std, shorter side to crop / 0.9 (bicubic), centre crop: timm's default"},
    {"inception",
     "mean and std 0.5, shorter side to crop / 0.9 (bicubic), centre crop: ViT and MLP models of Google"},
    {"clip", "mean and std of CLIP, shorter side to crop (bicubic), centre crop"},
    {"dinov2", "ImageNet mean and std, shorter side to crop · 256 / 224 (bicubic), centre crop"},
    {"unit", "pixels in [0, 1], shorter side to crop / 0.9 (bicubic), centre crop: MobileViT"},
    {"bytes",
     "pixels from 0 to 255, shorter side to crop / 0.9 (bicubic), centre crop: models that normalise inside"},
    {"cifar", "ImageNet mean and std, squashed to the input size (bilinear)"},
    {"crop-only", "ImageNet mean and std, centre crop without resize: images that were resized before"},
    {"siglip", "mean and std 0.5, squashed to the input (bicubic)"},
    {"detr",
     "ImageNet mean and std, the whole image fitted into the input (bilinear), padded at the right and bottom "
     "with the mean: DETR, YOLOS (their 800 × at most 1333 is no fixed size)"},
    {"rtdetr", "pixels in [0, 1], squashed to the input (bilinear): RT-DETR"},
    {"yolo", "pixels in [0, 1], letterbox: the whole image in the middle of the input (bilinear) on grey 114"},
    {"segformer", "ImageNet mean and std, squashed to the input (bilinear): SegFormer, BEiT, MaskFormer"},
    {"sam",
     "ImageNet mean and std, longer side to the input's (bilinear), padded at the right and bottom with the mean"},
    {"depth-anything",
     "ImageNet mean and std, shorter side to the input's, sides in multiples of 14 (bicubic), centre "
     "crop: Depth Anything, DPT with DINOv2"},
}};

void unitRange(Preprocess& value)
{
    value.mean = {0.0F, 0.0F, 0.0F};
    value.stddev = {1.0F, 1.0F, 1.0F};
}

/// The presets of detectors and dense networks; side: the input's longer one. False: none is called so.
bool ofFamily(std::string_view name, int side, Preprocess& value)
{
    value.resize = side;
    value.to = ResizeTo::Input;
    value.interpolation = Interpolation::Bilinear;
    if (name == "siglip") {
        value.mean = value.stddev = {0.5F, 0.5F, 0.5F};
        value.squash = true;
        value.interpolation = Interpolation::Bicubic;
    } else if (name == "detr") {
        value.padding = {.mean = true, .place = Padding::Place::TopLeft};
    } else if (name == "rtdetr") {
        unitRange(value);
        value.squash = true;
    } else if (name == "yolo") {
        unitRange(value);
        value.padding.colour = {114, 114, 114};
    } else if (name == "segformer") {
        value.squash = true;
    } else if (name == "sam") {
        if (value.cropHeight == value.cropWidth) // else the longer side could be too long for the other
            value.to = ResizeTo::Longer;
        value.padding = {.mean = true, .place = Padding::Place::TopLeft};
    } else if (name == "depth-anything") {
        value.to = ResizeTo::Shorter;
        value.multiple = 14;
        value.interpolation = Interpolation::Bicubic;
    } else {
        return false;
    }
    return true;
}

} // namespace

std::span<const PreprocessPreset> preprocessPresets()
{
    return kPresets;
}

Result<Preprocess> preprocessPreset(std::string_view name, int height, int width)
{
    Preprocess value;
    value.cropHeight = height;
    value.cropWidth = width;
    const int side = std::max(height, width); // the shorter side after the resize covers the crop
    value.resize = static_cast<int>(std::floor(side / 0.9));
    if (name == "imagenet") {
        // the defaults
    } else if (name == "inception" || name == "half") {
        value.mean = value.stddev = {0.5F, 0.5F, 0.5F};
    } else if (name == "clip") {
        value.resize = side;
        value.mean = {0.48145466F, 0.4578275F, 0.40821073F};
        value.stddev = {0.26862954F, 0.26130258F, 0.27577711F};
    } else if (name == "dinov2") {
        value.resize = side * 256 / 224;
    } else if (name == "bytes") {
        value.mean = {0.0F, 0.0F, 0.0F};
        value.stddev = {1.0F / 255.0F, 1.0F / 255.0F, 1.0F / 255.0F};
    } else if (name == "unit" || name == "none") {
        unitRange(value);
    } else if (name == "cifar") {
        value.resize = side;
        value.squash = true;
        value.interpolation = Interpolation::Bilinear;
    } else if (name == "crop-only") {
        value.resize.reset();
    } else if (!ofFamily(name, side, value)) {
        std::string known;
        for (const PreprocessPreset& preset : kPresets)
            known.append(known.empty() ? "" : ", ").append(preset.name);
        return fail(ErrorCode::NotFound, "unknown preprocessing; there are " + known, std::string(name));
    }
    QS_CHECK(checkPreprocess(value));
    return value;
}

} // namespace qs::images
