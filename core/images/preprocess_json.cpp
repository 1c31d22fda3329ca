// The preprocessing as JSON, for files of sessions and hashes.

#include "core/images/preprocess.h"
#include "core/images/resample.h"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include <nlohmann/json.hpp>

namespace qs::images {

namespace {

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

constexpr std::array kInterpolations{JsonWord{Interpolation::Bilinear, "bilinear"},
                                     JsonWord{Interpolation::Bicubic, "bicubic"}};
constexpr std::array kResizeTo{JsonWord{ResizeTo::Shorter, "shorter"}, JsonWord{ResizeTo::Longer, "longer"},
                               JsonWord{ResizeTo::Input, "input"}};
constexpr std::array kPlaces{JsonWord{Padding::Place::Centre, "centre"},
                             JsonWord{Padding::Place::TopLeft, "top-left"}};

template <class T, std::size_t N>
std::string_view nameOf(T wanted, const std::array<JsonWord<T>, N>& names)
{
    for (const JsonWord<T>& one : names)
        if (one.value == wanted)
            return one.name;
    return {};
}

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

void readColour(const JsonReader& json, Padding& padding)
{
    padding.mean = json.isText() && json.text() == "mean";
    if (padding.mean)
        return;
    if (!json.isList() || json.size() != padding.colour.size())
        json.fail("must be \"mean\" or [R, G, B], whole numbers from 0 to 255");
    for (std::size_t i = 0; i < padding.colour.size(); ++i)
        padding.colour[i] = static_cast<uint8_t>(json[i].integer(0, 0, 255));
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
        {"interpolation", nameOf(value.interpolation, kInterpolations)},
        {"crop", {value.cropHeight, value.cropWidth}},
        {"mean", list(value.mean)},
        {"std", list(value.stddev)},
    };
    // Only where they say something: what was written before them keeps its text, and with it its hash.
    const Preprocess usual;
    if (value.to != usual.to)
        json["to"] = nameOf(value.to, kResizeTo);
    if (value.multiple != usual.multiple)
        json["multiple"] = value.multiple;
    if (value.padding.mean)
        json["pad"] = "mean";
    else if (value.padding.colour != usual.padding.colour)
        json["pad"] = value.padding.colour;
    if (value.padding.place != usual.padding.place)
        json["pad_at"] = nameOf(value.padding.place, kPlaces);
}

Preprocess preprocessFrom(const JsonReader& json)
{
    json.required().onlyKeys(
        {"resize", "squash", "interpolation", "crop", "mean", "std", "to", "multiple", "pad", "pad_at"});
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
    value.to = json["to"].oneOf(kResizeTo, value.to);
    value.multiple = json["multiple"].integer(value.multiple, 1, kMostPixels);
    if (const JsonReader pad = json["pad"]; pad.given())
        readColour(pad, value.padding);
    value.padding.place = json["pad_at"].oneOf(kPlaces, value.padding.place);
    if (auto valid = checkPreprocess(value); !valid)
        (valid.error().where.empty() ? json : json[valid.error().where]).fail(valid.error().message);
    return value;
}

} // namespace qs::images
