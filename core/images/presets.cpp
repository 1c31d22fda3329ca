// Based on: the data configurations of timm (timm.data.constants, default_cfgs) and of OpenAI's CLIP.

#include "core/images/preprocess.h"
#include "core/images/resample.h"

#include <algorithm>
#include <charconv>
#include <cmath>
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

tl::unexpected<Error> badValue(const std::string& key, const char* expected)
{
    return fail(ErrorCode::InvalidArgument, std::string("must be ") + expected, key);
}

Result<int> integer(const nlohmann::json& json, const std::string& key, const char* expected)
{
    if (!json.is_number_integer() || json < 1 || json > 1'000'000)
        return badValue(key, expected);
    return json.get<int>();
}

Result<std::array<float, 3>> triple(const nlohmann::json& json, const std::string& key)
{
    std::array<float, 3> values{};
    if (!json.is_array() || json.size() != values.size())
        return badValue(key, "a list of 3 numbers");
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!json[i].is_number())
            return badValue(key, "a list of 3 numbers");
        values[i] = json[i].get<float>();
    }
    return values;
}

Result<void> readKey(const std::string& key, const nlohmann::json& json, Preprocess& value)
{
    if (key == "resize") {
        value.resize.reset();
        if (!json.is_null()) {
            QS_ASSIGN(value.resize, integer(json, key, "null or a number of pixels"));
        }
    } else if (key == "squash") {
        if (!json.is_boolean())
            return badValue(key, "true or false");
        value.squash = json.get<bool>();
    } else if (key == "interpolation") {
        if (json != "bilinear" && json != "bicubic")
            return badValue(key, "\"bilinear\" or \"bicubic\"");
        value.interpolation = json == "bilinear" ? Interpolation::Bilinear : Interpolation::Bicubic;
    } else if (key == "crop") {
        if (!json.is_array() || json.size() != 2)
            return badValue(key, "[height, width] in pixels");
        QS_ASSIGN(value.cropHeight, integer(json[0], key, "[height, width] in pixels"));
        QS_ASSIGN(value.cropWidth, integer(json[1], key, "[height, width] in pixels"));
    } else if (key == "mean") {
        QS_ASSIGN(value.mean, triple(json, key));
    } else if (key == "std") {
        QS_ASSIGN(value.stddev, triple(json, key));
    } else {
        return fail(ErrorCode::InvalidArgument, "unknown setting of the preprocessing", key);
    }
    return {};
}

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

Result<Preprocess> preprocessFromJson(const nlohmann::json& json)
{
    if (!json.is_object())
        return fail(ErrorCode::InvalidArgument, "the preprocessing must be a JSON object");
    Preprocess value;
    for (const auto& [key, item] : json.items())
        QS_CHECK(readKey(key, item, value));
    QS_CHECK(checkPreprocess(value));
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
