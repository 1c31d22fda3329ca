#include "core/base/file.h"
#include "core/quant/quantizers.h"
#include "core/quant/recipe_names.h"
#include "core/quant/search_grid.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>

#include <nlohmann/json.hpp>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

auto wrong(std::string message, const std::string& path)
{
    return fail(ErrorCode::InvalidArgument, std::move(message), path);
}

std::string child(const std::string& path, std::string_view key)
{
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

Result<void> checkKeys(const Json& json, const std::string& path, std::initializer_list<std::string_view> known)
{
    if (!json.is_object())
        return wrong("must be an object", path);
    for (const auto& [key, value] : json.items()) {
        bool found = false;
        for (const std::string_view name : known)
            found = found || name == key;
        if (!found)
            return wrong("unknown key", child(path, key));
    }
    return {};
}

Result<std::string> readText(const Json& json, const std::string& path)
{
    if (!json.is_string())
        return wrong("must be a text", path);
    return json.get<std::string>();
}

template <class T>
Result<T> readName(const Json& json, const std::string& path, const Names<T>& names)
{
    std::string known;
    for (const auto& [value, name] : names) {
        if (json.is_string() && json.get_ref<const std::string&>() == name)
            return value;
        known += (known.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    }
    return wrong("must be one of " + known, path);
}

Result<double> readNumber(const Json& json, const std::string& path)
{
    if (!json.is_number() || !std::isfinite(json.get<double>()))
        return wrong("must be a number", path);
    return json.get<double>();
}

Result<bool> readFlag(const Json& json, const std::string& path)
{
    if (!json.is_boolean())
        return wrong("must be true or false", path);
    return json.get<bool>();
}

Result<int> readInteger(const Json& json, const std::string& path)
{
    if (!json.is_number_integer() || json.get<double>() < INT32_MIN || json.get<double>() > INT32_MAX)
        return wrong("must be an integer", path);
    return json.get<int>();
}

Result<int> readBits(const Json& json, const std::string& path)
{
    if (json.is_string() && json.get_ref<const std::string&>() == "float")
        return kFloatBits;
    const auto bits = readInteger(json, path);
    if (!bits || ((*bits < 2 || *bits > 8) && *bits != kFloatBits))
        return wrong("must be 2 to 8 or \"float\"", path);
    return *bits;
}

Result<SearchGrid> readGrid(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path, {"low", "high", "candidates", "rounds", "reciprocal"}));
    SearchGrid grid;
    for (const auto& [key, target] : {std::pair{"low", &grid.low}, std::pair{"high", &grid.high}})
        if (json.contains(key)) {
            QS_ASSIGN(*target, readNumber(json[key], child(path, key)));
        }
    for (const auto& [key, target] : {std::pair{"candidates", &grid.count}, std::pair{"rounds", &grid.rounds}})
        if (json.contains(key)) {
            QS_ASSIGN(*target, readInteger(json[key], child(path, key)));
        }
    if (json.contains("reciprocal")) {
        QS_ASSIGN(grid.reciprocal, readFlag(json["reciprocal"], child(path, "reciprocal")));
    }
    if (auto valid = checkGrid(grid); !valid)
        return wrong(std::move(valid.error().message), path);
    return grid;
}

constexpr std::size_t kMostChannels = 1 << 20;

Result<std::vector<double>> readNumbers(const Json& json, const std::string& path, const char* key)
{
    const std::string at = child(path, key);
    if (!json.contains(key) || !json[key].is_array() || json[key].empty() || json[key].size() > kMostChannels)
        return wrong("must be a list of numbers, one a channel", at);
    std::vector<double> numbers;
    for (std::size_t i = 0; i < json[key].size(); ++i) {
        QS_ASSIGN(const double number, readNumber(json[key][i], at + "[" + std::to_string(i) + "]"));
        numbers.push_back(number);
    }
    return numbers;
}

Result<Estimator> readEstimator(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path,
                       {"kind", "percentiles", "low", "high", "channel_low", "channel_high", "grid", "factor"}));
    Estimator estimator;
    if (!json.contains("kind"))
        return wrong("is missing", child(path, "kind"));
    QS_ASSIGN(estimator.kind, readName(json["kind"], child(path, "kind"), kEstimators));
    if (json.contains("percentiles")) {
        const Json& list = json["percentiles"];
        const std::string at = child(path, "percentiles");
        if (!list.is_array() || list.empty() || list.size() > 16)
            return wrong("must be a list of 1 to 16 numbers", at);
        estimator.percentiles.clear();
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string item = at + "[" + std::to_string(i) + "]";
            QS_ASSIGN(const double p, readNumber(list[i], item));
            if (!(p > 0.5 && p <= 1))
                return wrong("must lie in (0.5, 1]", item);
            estimator.percentiles.push_back(p);
        }
    }
    const bool manual = estimator.kind == EstimatorKind::Manual;
    for (const auto& [key, target] : {std::pair{"low", &estimator.low}, std::pair{"high", &estimator.high}}) {
        if (json.contains(key)) {
            QS_ASSIGN(*target, readNumber(json[key], child(path, key)));
        } else if (manual) {
            return wrong("is missing", child(path, key));
        }
    }
    if (estimator.low > estimator.high)
        return wrong("must not be above high", child(path, "low"));
    if (json.contains("channel_low") || json.contains("channel_high")) {
        QS_ASSIGN(estimator.channelLow, readNumbers(json, path, "channel_low"));
        QS_ASSIGN(estimator.channelHigh, readNumbers(json, path, "channel_high"));
        if (estimator.channelLow.size() != estimator.channelHigh.size())
            return wrong("must have as many numbers as channel_low", child(path, "channel_high"));
        for (std::size_t c = 0; c < estimator.channelLow.size(); ++c)
            if (estimator.channelLow[c] > estimator.channelHigh[c])
                return wrong("must not be above channel_high",
                             child(path, "channel_low") + "[" + std::to_string(c) + "]");
    }
    if (json.contains("grid")) {
        QS_ASSIGN(estimator.search, readGrid(json["grid"], child(path, "grid")));
    }
    if (json.contains("factor")) {
        QS_ASSIGN(estimator.factor, readNumber(json["factor"], child(path, "factor")));
        if (!(estimator.factor > 0))
            return wrong("must be above 0", child(path, "factor"));
    }
    return estimator;
}

Result<Smoothing> readSmoothing(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path, {"kind", "alpha", "search_alpha", "quantile"}));
    Smoothing smoothing;
    if (!json.contains("kind"))
        return wrong("is missing", child(path, "kind"));
    QS_ASSIGN(smoothing.kind, readName(json["kind"], child(path, "kind"), kSmoothings));
    if (json.contains("alpha")) {
        const std::string at = child(path, "alpha");
        QS_ASSIGN(smoothing.alpha, readNumber(json["alpha"], at));
        if (smoothing.alpha < 0 || smoothing.alpha > 1)
            return wrong("must lie in [0, 1]", at);
    }
    if (json.contains("search_alpha")) {
        QS_ASSIGN(smoothing.searchAlpha, readFlag(json["search_alpha"], child(path, "search_alpha")));
    }
    if (json.contains("quantile")) {
        QS_ASSIGN(smoothing.quantile, readNumber(json["quantile"], child(path, "quantile")));
        if (!(smoothing.quantile > 0.5 && smoothing.quantile <= 1))
            return wrong("must lie in (0.5, 1]", child(path, "quantile"));
    }
    return smoothing;
}

Result<Noise> readNoise(const Json& json, const std::string& path)
{
    QS_CHECK(
        checkKeys(json, path,
                  {"on", "law", "objective", "search_range", "range", "shift", "fold_into_value", "int16", "seed"}));
    Noise noise;
    if (!json.contains("on"))
        return wrong("is missing", child(path, "on"));
    for (const auto& [key, target] :
         {std::pair{"on", &noise.on}, std::pair{"search_range", &noise.searchRange}, std::pair{"shift", &noise.shift},
          std::pair{"fold_into_value", &noise.foldIntoValue}, std::pair{"int16", &noise.int16}})
        if (json.contains(key)) {
            QS_ASSIGN(*target, readFlag(json[key], child(path, key)));
        }
    if (json.contains("law")) {
        QS_ASSIGN(noise.law, readName(json["law"], child(path, "law"), kNoiseLaws));
    }
    if (json.contains("objective")) {
        QS_ASSIGN(noise.objective, readName(json["objective"], child(path, "objective"), kObjectives));
    }
    if (json.contains("range")) {
        QS_ASSIGN(noise.range, readNumber(json["range"], child(path, "range")));
        if (noise.range < 0 || noise.range > 16)
            return wrong("must lie in [0, 16]", child(path, "range"));
    }
    if (json.contains("seed")) {
        QS_ASSIGN(const int seed, readInteger(json["seed"], child(path, "seed")));
        if (seed < 0)
            return wrong("must be 0 or more", child(path, "seed"));
        noise.seed = static_cast<uint32_t>(seed);
    }
    return noise;
}

Result<SitePatch> readPatch(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path,
                       {"bits", "scheme", "granularity", "quantizer", "estimator", "saturation_safe", "objective",
                        "smoothing", "noise", "bias_correction", "zero_point"}));
    SitePatch patch;
    if (json.contains("bits")) {
        QS_ASSIGN(patch.bits, readBits(json["bits"], child(path, "bits")));
    }
    if (json.contains("scheme")) {
        QS_ASSIGN(patch.scheme, readName(json["scheme"], child(path, "scheme"), kSchemes));
    }
    if (json.contains("granularity")) {
        QS_ASSIGN(patch.granularity, readName(json["granularity"], child(path, "granularity"), kGranularities));
    }
    if (json.contains("quantizer")) {
        const std::string at = child(path, "quantizer");
        QS_ASSIGN(std::string name, readText(json["quantizer"], at));
        if (findQuantizer(name) == nullptr)
            return wrong("there is no quantizer \"" + name + "\"", at);
        patch.quantizer = std::move(name);
    }
    if (json.contains("estimator")) {
        QS_ASSIGN(patch.estimator, readEstimator(json["estimator"], child(path, "estimator")));
    }
    if (json.contains("saturation_safe")) {
        QS_ASSIGN(patch.saturationSafe, readFlag(json["saturation_safe"], child(path, "saturation_safe")));
    }
    if (json.contains("objective")) {
        QS_ASSIGN(patch.objective, readName(json["objective"], child(path, "objective"), kObjectives));
    }
    if (json.contains("smoothing")) {
        QS_ASSIGN(patch.smoothing, readSmoothing(json["smoothing"], child(path, "smoothing")));
    }
    if (json.contains("noise")) {
        QS_ASSIGN(patch.noise, readNoise(json["noise"], child(path, "noise")));
    }
    if (json.contains("bias_correction")) {
        QS_ASSIGN(patch.biasCorrection, readFlag(json["bias_correction"], child(path, "bias_correction")));
    }
    if (json.contains("zero_point")) {
        QS_ASSIGN(patch.zeroPoint, readName(json["zero_point"], child(path, "zero_point"), kZeroPoints));
    }
    return patch;
}

Result<Selector> readSelector(const Json& json, const std::string& path)
{
    QS_CHECK(checkKeys(json, path, {"kind", "role", "block", "name"}));
    Selector selector;
    if (json.contains("kind")) {
        QS_ASSIGN(selector.kind, readName(json["kind"], child(path, "kind"), kKinds));
    }
    if (json.contains("role")) {
        QS_ASSIGN(const std::string name, readText(json["role"], child(path, "role")));
        selector.role = graph::roleFromName(name);
        if (!selector.role)
            return wrong("there is no role \"" + name + "\"", child(path, "role"));
    }
    if (json.contains("block")) {
        QS_ASSIGN(selector.block, readInteger(json["block"], child(path, "block")));
    }
    if (json.contains("name")) {
        QS_ASSIGN(selector.name, readText(json["name"], child(path, "name")));
    }
    return selector;
}

Result<void> readRules(const Json& json, Recipe& recipe)
{
    if (!json.is_array())
        return wrong("must be a list", "rules");
    for (std::size_t i = 0; i < json.size(); ++i) {
        const std::string at = "rules[" + std::to_string(i) + "]";
        QS_CHECK(checkKeys(json[i], at, {"match", "set"}));
        Rule rule;
        for (const char* key : {"match", "set"})
            if (!json[i].contains(key))
                return wrong("is missing", child(at, key));
        QS_ASSIGN(rule.match, readSelector(json[i]["match"], child(at, "match")));
        QS_ASSIGN(rule.set, readPatch(json[i]["set"], child(at, "set")));
        recipe.rules.push_back(std::move(rule));
    }
    return {};
}

Result<Recipe> readRecipe(const Json& json)
{
    QS_CHECK(checkKeys(json, "",
                       {"format", "version", "preset", "guard", "coverage", "weight", "activation", "rules",
                        "overrides", "locked"}));
    if (!json.contains("format") || json["format"] != kFormat)
        return wrong("must be \"" + std::string(kFormat) + "\"", "format");
    if (!json.contains("version"))
        return wrong("is missing", "version");
    QS_ASSIGN(const int version, readInteger(json["version"], "version"));
    if (version < 1)
        return wrong("must be 1 or more", "version");
    if (version > Recipe::kVersion)
        return fail(ErrorCode::Unsupported,
                    "the recipe is of version " + std::to_string(version) + ", this program knows up to " +
                        std::to_string(Recipe::kVersion),
                    "version");
    Recipe recipe;
    if (json.contains("preset")) {
        QS_ASSIGN(recipe.preset, readText(json["preset"], "preset"));
    }
    if (json.contains("guard")) {
        QS_ASSIGN(recipe.guard, readFlag(json["guard"], "guard"));
    }
    if (json.contains("coverage")) {
        QS_ASSIGN(recipe.coverage, readName(json["coverage"], "coverage", kCoverages));
    }
    if (json.contains("weight")) {
        QS_ASSIGN(const SitePatch patch, readPatch(json["weight"], "weight"));
        patch.applyTo(recipe.weight);
    }
    if (json.contains("activation")) {
        QS_ASSIGN(const SitePatch patch, readPatch(json["activation"], "activation"));
        patch.applyTo(recipe.activation);
    }
    if (json.contains("rules"))
        QS_CHECK(readRules(json["rules"], recipe));
    if (json.contains("overrides")) {
        if (!json["overrides"].is_object())
            return wrong("must be an object", "overrides");
        for (const auto& [name, value] : json["overrides"].items()) {
            QS_ASSIGN(recipe.overrides[name], readPatch(value, "overrides[\"" + name + "\"]"));
        }
    }
    if (json.contains("locked")) {
        if (!json["locked"].is_array())
            return wrong("must be a list", "locked");
        for (std::size_t i = 0; i < json["locked"].size(); ++i) {
            QS_ASSIGN(std::string name, readText(json["locked"][i], "locked[" + std::to_string(i) + "]"));
            recipe.locked.insert(std::move(name));
        }
    }
    return recipe;
}

/// Keys of the objects that are open while a document is parsed: nlohmann keeps the last of equal keys silently.
class RepeatedKey {
public:
    bool operator()(int /*depth*/, Json::parse_event_t event, Json& parsed)
    {
        if (event == Json::parse_event_t::object_start)
            m_open.emplace_back();
        else if (event == Json::parse_event_t::object_end)
            m_open.pop_back();
        else if (event == Json::parse_event_t::key && m_found.empty() &&
                 !m_open.back().insert(parsed.get<std::string>()).second)
            m_found = parsed.get<std::string>();
        return true;
    }
    const std::string& found() const { return m_found; }

private:
    std::vector<std::set<std::string>> m_open;
    std::string m_found;
};

} // namespace

Result<Recipe> recipeFromJson(std::string_view text)
{
    RepeatedKey repeated;
    Json json;
    try {
        json = Json::parse(text, std::ref(repeated));
    } catch (const Json::parse_error& error) {
        return fail(ErrorCode::Malformed, "not JSON: error at byte " + std::to_string(error.byte));
    } catch (const Json::exception& error) {
        return fail(ErrorCode::Malformed, std::string("not JSON: ") + error.what());
    }
    if (!repeated.found().empty())
        return wrong("the key is given twice", repeated.found());
    return readRecipe(json);
}

Result<Recipe> loadRecipe(const std::filesystem::path& path)
{
    QS_ASSIGN(const std::string text, qs::readText(path));
    auto recipe = recipeFromJson(text);
    if (!recipe) {
        Error error = std::move(recipe.error());
        error.where = path.string() + (error.where.empty() ? "" : ": " + error.where);
        return tl::unexpected<Error>(std::move(error));
    }
    return recipe;
}

} // namespace qs::quant
