#include "core/base/file.h"
#include "core/quant/recipe_names.h"

#include <nlohmann/json.hpp>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

Json bitsJson(int bits)
{
    return bits == kFloatBits ? Json("float") : Json(bits);
}

Json estimatorJson(const Estimator& estimator)
{
    Json json{{"kind", nameOf(kEstimators, estimator.kind)}};
    const Estimator defaults;
    if (estimator.kind == EstimatorKind::Percentile || estimator.percentiles != defaults.percentiles)
        json["percentiles"] = estimator.percentiles;
    if (estimator.kind == EstimatorKind::Manual || estimator.low != 0 || estimator.high != 0) {
        json["low"] = estimator.low;
        json["high"] = estimator.high;
    }
    if (!estimator.channelLow.empty()) {
        json["channel_low"] = estimator.channelLow;
        json["channel_high"] = estimator.channelHigh;
    }
    if (estimator.kind == EstimatorKind::Search || estimator.search != defaults.search) {
        const SearchGrid& grid = estimator.search;
        json["grid"] = {{"low", grid.low}, {"high", grid.high}, {"candidates", grid.count}, {"rounds", grid.rounds}};
        if (grid.reciprocal)
            json["grid"]["reciprocal"] = true;
    }
    if (estimator.kind == EstimatorKind::Scaled || estimator.factor != defaults.factor)
        json["factor"] = estimator.factor;
    return json;
}

Json smoothingJson(const Smoothing& smoothing)
{
    Json json{{"kind", nameOf(kSmoothings, smoothing.kind)}};
    const Smoothing defaults;
    if (smoothing.kind != SmoothingKind::None || smoothing.alpha != defaults.alpha)
        json["alpha"] = smoothing.alpha;
    if (smoothing.searchAlpha)
        json["search_alpha"] = true;
    if (smoothing.quantile != defaults.quantile)
        json["quantile"] = smoothing.quantile;
    return json;
}

Json noiseJson(const Noise& noise)
{
    const Noise defaults;
    Json json{{"on", noise.on}};
    if (noise.law != defaults.law)
        json["law"] = nameOf(kNoiseLaws, noise.law);
    if (noise.objective != defaults.objective)
        json["objective"] = nameOf(kObjectives, noise.objective);
    if (noise.searchRange != defaults.searchRange)
        json["search_range"] = noise.searchRange;
    if (noise.range != defaults.range)
        json["range"] = noise.range;
    if (noise.shift != defaults.shift)
        json["shift"] = noise.shift;
    if (noise.foldIntoValue != defaults.foldIntoValue)
        json["fold_into_value"] = noise.foldIntoValue;
    if (noise.int16 != defaults.int16)
        json["int16"] = noise.int16;
    if (noise.seed != defaults.seed)
        json["seed"] = noise.seed;
    return json;
}

Json patchJson(const SitePatch& patch)
{
    Json json = Json::object();
    if (patch.bits)
        json["bits"] = bitsJson(*patch.bits);
    if (patch.scheme)
        json["scheme"] = nameOf(kSchemes, *patch.scheme);
    if (patch.granularity)
        json["granularity"] = nameOf(kGranularities, *patch.granularity);
    if (patch.quantizer)
        json["quantizer"] = *patch.quantizer;
    if (patch.estimator)
        json["estimator"] = estimatorJson(*patch.estimator);
    if (patch.saturationSafe)
        json["saturation_safe"] = *patch.saturationSafe;
    if (patch.objective)
        json["objective"] = nameOf(kObjectives, *patch.objective);
    if (patch.smoothing)
        json["smoothing"] = smoothingJson(*patch.smoothing);
    if (patch.noise)
        json["noise"] = noiseJson(*patch.noise);
    if (patch.biasCorrection)
        json["bias_correction"] = *patch.biasCorrection;
    if (patch.zeroPoint)
        json["zero_point"] = nameOf(kZeroPoints, *patch.zeroPoint);
    return json;
}

Json settingsJson(const SiteSettings& settings)
{
    return patchJson(wholePatch(settings));
}

Json selectorJson(const Selector& selector)
{
    Json json = Json::object();
    if (selector.kind)
        json["kind"] = nameOf(kKinds, *selector.kind);
    if (selector.role)
        json["role"] = graph::roleName(*selector.role);
    if (selector.block)
        json["block"] = *selector.block;
    if (selector.name)
        json["name"] = *selector.name;
    return json;
}

} // namespace

std::string recipeToJson(const Recipe& recipe)
{
    Json json{{"format", kFormat},
              {"version", Recipe::kVersion},
              {"preset", recipe.preset},
              {"guard", recipe.guard},
              {"coverage", nameOf(kCoverages, recipe.coverage)},
              {"weight", settingsJson(recipe.weight)},
              {"activation", settingsJson(recipe.activation)},
              {"rules", Json::array()},
              {"overrides", Json::object()},
              {"locked", recipe.locked}};
    for (const Rule& rule : recipe.rules)
        json["rules"].push_back({{"match", selectorJson(rule.match)}, {"set", patchJson(rule.set)}});
    for (const auto& [name, patch] : recipe.overrides)
        json["overrides"][name] = patchJson(patch);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> saveRecipe(const Recipe& recipe, const std::filesystem::path& path)
{
    return writeAtomically(path, recipeToJson(recipe));
}

} // namespace qs::quant
