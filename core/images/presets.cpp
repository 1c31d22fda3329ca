// Based on: the data configurations of timm (timm.data.constants, default_cfgs) and of OpenAI's CLIP.

#include "core/images/preprocess.h"
#include "core/images/resample.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

namespace qs::images {

namespace {

constexpr std::array<PreprocessPreset, 8> kPresets{{
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
}};

/// The double that prints as the shortest decimal of the float: 0.485, not 0.48500001430511475.
double shortest(float value)
{
    std::array<char, 32> text{};
    const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
    double result = value;
    std::from_chars(text.data(), written.ptr, result);
    return static_cast<float>(result) == value ? result : value;
}

constexpr int kMostPixels = 1'000'000;

std::array<float, 3> triple(const JsonReader& json)
{
    std::array<float, 3> values{};
    if (!json.isList() || json.size() != values.size())
        json.fail("must be a list of 3 numbers");
    for (std::size_t i = 0; i < values.size(); ++i) {
        constexpr double kMost = std::numeric_limits<float>::max();
        values[i] = static_cast<float>(json[i].number(0, -kMost, kMost));
    }
    return values;
}

constexpr std::array kInterpolations{JsonWord{Interpolation::Bilinear, "bilinear"},
                                     JsonWord{Interpolation::Bicubic, "bicubic"}};

} // namespace

void to_json(nlohmann::json& json, const Preprocess& value)
{
    const auto list = [](const std::array<float, 3>& v) {
        return nlohmann::json{shortest(v[0]), shortest(v[1]), shortest(v[2])};
    };
    json = nlohmann::json{
        {"resize", value.resize ? nlohmann::json(*value.resize) : nlohmann::json()},
        {"squash", value.squash},
        {"interpolation", value.interpolation == Interpolation::Bilinear ? "bilinear" : "bicubic"},
        {"crop", {value.cropHeight, value.cropWidth}},
        {"mean", list(value.mean)},
        {"std", list(value.stddev)},
    };
}

Preprocess preprocessFrom(const JsonReader& json)
{
    json.required().onlyKeys({"resize", "squash", "interpolation", "crop", "mean", "std"});
    Preprocess value;
    if (const JsonReader resize = json["resize"]; resize.isNull())
        value.resize.reset();
    else if (resize.given())
        value.resize = resize.integer(1, 1, kMostPixels);
    value.squash = json["squash"].flag(value.squash);
    value.interpolation = json["interpolation"].oneOf(kInterpolations, value.interpolation);
    if (const JsonReader crop = json["crop"]; crop.given()) {
        if (!crop.isList() || crop.size() != 2)
            crop.fail("must be [height, width] in pixels");
        value.cropHeight = crop[0].integer(value.cropHeight, 1, kMostPixels);
        value.cropWidth = crop[1].integer(value.cropWidth, 1, kMostPixels);
    }
    if (const JsonReader mean = json["mean"]; mean.given())
        value.mean = triple(mean);
    if (const JsonReader deviation = json["std"]; deviation.given())
        value.stddev = triple(deviation);
    if (auto valid = checkPreprocess(value); !valid)
        (valid.error().where.empty() ? json : json[valid.error().where]).fail(valid.error().message);
    return value;
}

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
        value.mean = {0.0F, 0.0F, 0.0F};
        value.stddev = {1.0F, 1.0F, 1.0F};
    } else if (name == "cifar") {
        value.resize = side;
        value.squash = true;
        value.interpolation = Interpolation::Bilinear;
    } else if (name == "crop-only") {
        value.resize.reset();
    } else {
        std::string known;
        for (const PreprocessPreset& preset : kPresets)
            known.append(known.empty() ? "" : ", ").append(preset.name);
        return fail(ErrorCode::NotFound, "unknown preprocessing; there are " + known, std::string(name));
    }
    QS_CHECK(checkPreprocess(value));
    return value;
}

} // namespace qs::images
