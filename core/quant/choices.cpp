#include "core/quant/choices.h"

#include "core/quant/quantizers.h"

#include <utility>

namespace qs::quant {

namespace {

/// Rules and defaults, without the bits that belong to a quantizer.
int bitsWithoutQuantizers(const Recipe& recipe, const graph::Site& site, const SiteSettings& wanted)
{
    if (wanted.isFloat())
        return kFloatBits;
    int bits = (site.kind == graph::SiteKind::Weight ? recipe.weight : recipe.activation).bits;
    for (const Rule& rule : recipe.rules)
        if (rule.set.bits && (!rule.set.quantizer || *rule.set.quantizer == kUniform) && rule.match.matches(site))
            bits = *rule.set.bits;
    if (const auto found = recipe.overrides.find(site.name); found != recipe.overrides.end())
        bits = found->second.bits.value_or(bits);
    return bits;
}

} // namespace

std::optional<SiteSettings> minMaxInstead(const Recipe& recipe, const graph::Site& site)
{
    const SiteSettings wanted = settingsOf(recipe, site);
    if (wanted.isFloat())
        return std::nullopt;
    if (const auto found = recipe.overrides.find(site.name); found != recipe.overrides.end()) {
        SitePatch rest = found->second;
        rest.bits.reset();
        if (!rest.empty())
            return std::nullopt;
    }
    SiteSettings instead = site.kind == graph::SiteKind::Weight ? Recipe{}.weight : Recipe{}.activation;
    instead.bits = bitsWithoutQuantizers(recipe, site, wanted);
    instead.saturationSafe = wanted.saturationSafe;
    instead.biasCorrection = wanted.biasCorrection;
    return instead;
}

Choices choicesOf(const Recipe& recipe, const graph::SiteTable& sites, const stats::Calibration* calibration)
{
    Choices choices;
    for (const graph::Site& site : sites) {
        SiteSettings settings = settingsOf(recipe, site);
        const QuantizerDef* quantizer = findQuantizer(settings.quantizer);
        const bool negative = calibration && site.id.index() < calibration->sites.size() &&
                              calibration->sites[site.id.index()].low() < 0;
        if (const auto instead = minMaxInstead(recipe, site);
            instead && negative && quantizer && quantizer->refusesNegative) {
            choices.warnings.push_back(site.name + ": min-max, since the quantizer \"" + settings.quantizer +
                                       "\" has no levels below 0, and there are such values here");
            settings = *instead;
        }
        choices.settings.push_back(std::move(settings));
    }
    return choices;
}

} // namespace qs::quant
