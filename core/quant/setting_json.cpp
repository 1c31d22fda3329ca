#include "core/quant/setting_json.h"

#include "core/quant/quantizers.h"
#include "core/quant/search_grid.h"
#include "core/quant/setting_members.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

constexpr std::size_t kMostChannels = 1 << 20;
constexpr std::size_t kMostPercentiles = 16;

template <class Object>
Json objectJson(const Object& object);
template <class Object>
Result<void> readObject(const Json& json, const std::string& path, Object& object);

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

Result<void> read(BitsForm, const Json& json, const std::string& path, int& bits)
{
    if (json.is_string() && json.get_ref<const std::string&>() == "float") {
        bits = kFloatBits;
        return {};
    }
    const auto number = readInteger(json, path);
    if (!number || ((*number < 2 || *number > 8) && *number != kFloatBits))
        return wrong("must be 2 to 8 or \"float\"", path);
    bits = *number;
    return {};
}

template <class Form>
requires std::is_same_v<Form, FlagForm> || std::is_same_v<Form, YesForm> Result<void>
read(const Form&, const Json& json, const std::string& path, bool& value)
{
    QS_ASSIGN(value, readFlag(json, path));
    return {};
}

template <class Names, class T>
Result<void> read(const WordForm<Names>& form, const Json& json, const std::string& path, T& value)
{
    QS_ASSIGN(value, readWord(json, path, form.names));
    return {};
}

Result<void> read(QuantizerForm, const Json& json, const std::string& path, std::string& value)
{
    QS_ASSIGN(std::string name, readText(json, path));
    if (findQuantizer(name) == nullptr)
        return wrong("there is no quantizer \"" + name + "\"", path);
    value = std::move(name);
    return {};
}

Result<void> read(const NumberForm& form, const Json& json, const std::string& path, double& value)
{
    QS_ASSIGN(value, readNumber(json, path));
    if (form.allowed && !form.allowed(value))
        return wrong(std::string(form.refusal), path);
    return {};
}

Result<void> read(IntegerForm, const Json& json, const std::string& path, int& value)
{
    QS_ASSIGN(value, readInteger(json, path));
    return {};
}

Result<void> read(SeedForm, const Json& json, const std::string& path, uint32_t& value)
{
    QS_ASSIGN(const int seed, readInteger(json, path));
    if (seed < 0)
        return wrong("must be 0 or more", path);
    value = static_cast<uint32_t>(seed);
    return {};
}

Result<void> readList(const Json& list, const std::string& path, const NumberForm& form, std::vector<double>& numbers)
{
    numbers.assign(list.size(), 0);
    for (std::size_t i = 0; i < list.size(); ++i)
        QS_CHECK(read(form, list[i], path + "[" + std::to_string(i) + "]", numbers[i]));
    return {};
}

Result<void> read(PercentilesForm, const Json& json, const std::string& path, std::vector<double>& numbers)
{
    if (!json.is_array() || json.empty() || json.size() > kMostPercentiles)
        return wrong("must be a list of 1 to 16 numbers", path);
    return readList(json, path, {[](double p) { return p > 0.5 && p <= 1; }, "must lie in (0.5, 1]"}, numbers);
}

Result<void> read(ChannelsForm, const Json& json, const std::string& path, std::vector<double>& numbers)
{
    if (!json.is_array() || json.empty() || json.size() > kMostChannels)
        return wrong("must be a list of numbers, one a channel", path);
    return readList(json, path, {}, numbers);
}

template <class Object>
Result<void> read(ObjectForm, const Json& json, const std::string& path, Object& object)
{
    object = {};
    return readObject(json, path, object);
}

// --- what members of an object owe each other ----------------------------------------------------------------------

Result<void> check(const Smoothing&, const std::string&)
{
    return {};
}

Result<void> check(const Noise&, const std::string&)
{
    return {};
}

Result<void> check(const SearchGrid& grid, const std::string& path)
{
    if (auto valid = checkGrid(grid); !valid)
        return wrong(std::move(valid.error().message), path);
    return {};
}

Result<void> check(const Estimator& estimator, const std::string& path)
{
    if (estimator.low > estimator.high)
        return wrong("must not be above high", child(path, "low"));
    const auto& [low, high] = std::pair(estimator.channelLow, estimator.channelHigh);
    if (low.empty() != high.empty())
        return wrong("must be a list of numbers, one a channel",
                     child(path, low.empty() ? "channel_low" : "channel_high"));
    if (low.size() != high.size())
        return wrong("must have as many numbers as channel_low", child(path, "channel_high"));
    for (std::size_t c = 0; c < low.size(); ++c)
        if (low[c] > high[c])
            return wrong("must not be above channel_high",
                         child(path, "channel_low") + "[" + std::to_string(c) + "]");
    return {};
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
Result<void> readObject(const Json& json, const std::string& path, Object& object)
{
    std::vector<std::string_view> known;
    forEachMember(object, [&](const auto& member) { known.push_back(member.name); });
    QS_CHECK(checkKeys(json, path, known));
    Result<void> result;
    forEachMember(object, [&](const auto& member) {
        if (!result)
            return;
        if (const auto found = json.find(member.name); found != json.end())
            result = read(member.form, *found, child(path, member.name), object.*member.of);
        else if (member.needed(object))
            result = wrong("is missing", child(path, member.name));
    });
    QS_CHECK(result);
    return check(object, path);
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

Result<SitePatch> readPatch(const Json& json, const std::string& path)
{
    std::vector<std::string_view> known;
    forEachSetting([&](const auto& setting) { known.push_back(setting.name); });
    QS_CHECK(checkKeys(json, path, known));
    SitePatch patch;
    Result<void> result;
    forEachSetting([&](const auto& setting) {
        if (const auto found = json.find(setting.name); result && found != json.end())
            result = read(setting.form, *found, child(path, setting.name), setting.of(patch).emplace());
    });
    QS_CHECK(result);
    return patch;
}

} // namespace qs::quant
