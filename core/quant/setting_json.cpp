#include "core/quant/setting_json.h"

#include "core/quant/quantizers.h"
#include "core/quant/search_grid.h"
#include "core/quant/setting_members.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostChannels = 1 << 20;
constexpr std::size_t kMostPercentiles = 16;

template <class Object>
Json objectJson(const Object& object);
template <class Object>
void readObject(const JsonReader& json, Object& object);

// --- a form writes ... ---------------------------------------------------------------------------------------------

Json toJson(BitsForm, int bits)
{
    return bits == kFloatBits ? Json("float") : Json(bits);
}

template <class Names, class T>
Json toJson(const WordForm<Names>& form, T value)
{
    return namedOf(form.names, value).name;
}

template <class Object>
Json toJson(ObjectForm, const Object& object)
{
    return objectJson(object);
}

template <class Form, class T>
Json toJson(const Form&, const T& value)
{
    return value;
}

// --- ... and reads -------------------------------------------------------------------------------------------------

void read(BitsForm, const JsonReader& json, int& bits)
{
    if (json.isText() && json.text() == "float") {
        bits = kFloatBits;
        return;
    }
    const nlohmann::json& value = json.json();
    if (value.is_number_integer() && ((value >= 2 && value <= 8) || value == kFloatBits))
        bits = value.get<int>();
    else
        json.fail("must be 2 to 8 or \"float\"");
}

template <class Form>
requires std::is_same_v<Form, FlagForm> || std::is_same_v<Form, YesForm>
void read(const Form&, const JsonReader& json, bool& value)
{
    value = json.required().flag(value);
}

template <class Names, class T>
void read(const WordForm<Names>& form, const JsonReader& json, T& value)
{
    value = json.required().oneOf(form.names, value);
}

void read(QuantizerForm, const JsonReader& json, std::string& value)
{
    std::string name = json.required().text();
    if (findQuantizer(name) == nullptr)
        json.fail("there is no quantizer \"" + name + "\"");
    else
        value = std::move(name);
}

void read(const NumberForm& form, const JsonReader& json, double& value)
{
    value = json.required().number(value);
    if (form.allowed && !form.allowed(value))
        json.fail(std::string(form.refusal));
}

void read(IntegerForm, const JsonReader& json, int& value)
{
    value = json.required().integer(value);
}

void read(SeedForm, const JsonReader& json, uint32_t& value)
{
    value = static_cast<uint32_t>(json.required().integer(0, 0));
}

void readList(const JsonReader& list, const NumberForm& form, std::vector<double>& numbers)
{
    numbers.assign(list.size(), 0);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        read(form, list[i], numbers[i]);
}

void read(PercentilesForm, const JsonReader& json, std::vector<double>& numbers)
{
    if (!json.isList() || json.size() == 0 || json.size() > kMostPercentiles)
        json.fail("must be a list of 1 to 16 numbers");
    else
        readList(json, {[](double p) { return p > 0.5 && p <= 1; }, "must lie in (0.5, 1]"}, numbers);
}

void read(ChannelsForm, const JsonReader& json, std::vector<double>& numbers)
{
    if (!json.isList() || json.size() == 0 || json.size() > kMostChannels)
        json.fail("must be a list of numbers, one a channel");
    else
        readList(json, {}, numbers);
}

template <class Object>
void read(ObjectForm, const JsonReader& json, Object& object)
{
    object = {};
    readObject(json, object);
}

// --- what members of an object owe each other ----------------------------------------------------------------------

void check(const Smoothing&, const JsonReader&) {}

void check(const Noise&, const JsonReader&) {}

void check(const SearchGrid& grid, const JsonReader& json)
{
    if (auto valid = checkGrid(grid); !valid)
        json.fail(std::move(valid.error().message));
}

void check(const Estimator& estimator, const JsonReader& json)
{
    if (estimator.low > estimator.high)
        json["low"].fail("must not be above high");
    const auto& [low, high] = std::pair(estimator.channelLow, estimator.channelHigh);
    if (low.empty() != high.empty())
        json[low.empty() ? "channel_low" : "channel_high"].fail("must be a list of numbers, one a channel");
    else if (low.size() != high.size())
        json["channel_high"].fail("must have as many numbers as channel_low");
    for (std::size_t c = 0; c < std::min(low.size(), high.size()); ++c)
        if (low[c] > high[c])
            return json["channel_low"][c].fail("must not be above channel_high");
}

// --- objects -------------------------------------------------------------------------------------------------------

template <class Object>
Json objectJson(const Object& object)
{
    const Object defaults;
    Json json = Json::object();
    forEachMember(object, [&](const auto& member) {
        if (member.written(object) || object.*member.of != defaults.*member.of)
            json[std::string(member.name)] = toJson(member.form, object.*member.of);
    });
    return json;
}

template <class Object>
void readObject(const JsonReader& json, Object& object)
{
    std::vector<std::string_view> known;
    forEachMember(object, [&](const auto& member) { known.push_back(member.name); });
    json.required().onlyKeys(known);
    forEachMember(object, [&](const auto& member) {
        if (const JsonReader value = json[member.name]; value.given())
            read(member.form, value, object.*member.of);
        else if (member.needed(object))
            value.fail("is missing");
    });
    check(object, json);
}

} // namespace

Json patchJson(const SitePatch& patch)
{
    Json json = Json::object();
    forEachSetting([&](const auto& setting) {
        if (const auto& chosen = setting.of(patch))
            json[std::string(setting.name)] = toJson(setting.form, *chosen);
    });
    return json;
}

SitePatch readPatch(const JsonReader& json)
{
    std::vector<std::string_view> known;
    forEachSetting([&](const auto& setting) { known.push_back(setting.name); });
    json.required().onlyKeys(known);
    SitePatch patch;
    forEachSetting([&](const auto& setting) {
        if (const JsonReader value = json[setting.name]; value.given())
            read(setting.form, value, setting.of(patch).emplace());
    });
    return patch;
}

} // namespace qs::quant
