#include "core/base/number_text.h"
#include "core/quant/quantizers.h"
#include "core/quant/setting_table.h"

#include <string>

namespace qs::quant {

namespace {

std::string withMinus(const char* format, double value)
{
    std::string result = numberText(value, format);
    for (std::size_t at = 0; (at = result.find('-', at)) != std::string::npos;)
        result.replace(at, 1, "−");
    return result;
}

std::string fourDigits(double value)
{
    return withMinus("%.4g", value);
}

std::string twoPlaces(double value)
{
    return withMinus("%.2f", value);
}

std::string say(BitsForm, int bits)
{
    return bits == kFloatBits ? "float" : std::to_string(bits) + " bits";
}

std::string say(const FlagForm& form, bool value)
{
    return std::string(value ? form.yes : form.no);
}

template <class Names, class T>
std::string say(const WordForm<Names>& form, T value)
{
    return std::string(form.before) + std::string(namedOf(form.names, value).title);
}

std::string say(QuantizerForm, const std::string& name)
{
    const QuantizerDef* def = findQuantizer(name);
    return def ? std::string(def->title) : name;
}

std::string say(ObjectForm, const Estimator& estimator)
{
    std::string text(namedOf(kEstimators, estimator.kind).title);
    if (estimator.kind == EstimatorKind::Manual)
        text += " [" + fourDigits(estimator.low) + ", " + fourDigits(estimator.high) + "]";
    if (estimator.kind == EstimatorKind::Search) {
        const SearchGrid& grid = estimator.search;
        text += " × " + fourDigits(grid.low) + " … " + fourDigits(grid.high) + ", " + std::to_string(grid.count) +
                " candidates, " + std::to_string(grid.rounds) + (grid.rounds == 1 ? " round" : " rounds");
    }
    if (estimator.kind == EstimatorKind::Scaled)
        text += " × " + fourDigits(estimator.factor);
    return text;
}

std::string say(ObjectForm, const Smoothing& smoothing)
{
    return smoothing.kind == SmoothingKind::None ? "no smoothing" : inWords(smoothing);
}

std::string say(ObjectForm, const Noise& noise)
{
    return inWords(noise);
}

} // namespace

std::string inWords(const SitePatch& patch)
{
    std::string text;
    forEachSetting([&](const auto& setting) {
        if (const auto& chosen = setting.of(patch))
            text += (text.empty() ? "" : ", ") + say(setting.form, *chosen);
    });
    return text;
}

std::string inWords(const Smoothing& smoothing)
{
    std::string text(namedOf(kSmoothings, smoothing.kind).title);
    if (smoothing.kind == SmoothingKind::Scale || smoothing.kind == SmoothingKind::ShiftScale)
        text += smoothing.searchAlpha ? ", α searched" : " α = " + twoPlaces(smoothing.alpha);
    if (smoothing.quantile < 1 && smoothing.kind != SmoothingKind::None &&
        smoothing.kind != SmoothingKind::Reparameterize)
        text += ", quantile " + withMinus("%.6g", smoothing.quantile);
    return text;
}

std::string inWords(const Noise& noise)
{
    if (!noise.on)
        return "no noise";
    std::string text = noise.searchRange ? "noise searched up to " + twoPlaces(noise.range) + " steps"
                                         : "noise of " + twoPlaces(noise.range) + " steps";
    if (noise.law == NoiseLaw::Released)
        text += ", law as released";
    if (noise.shift)
        text += ", shift searched";
    if (noise.objective == Objective::InputError)
        text += ", by input error";
    if (noise.int16)
        text += ", in INT16";
    if (noise.seed != 0)
        text += ", seed " + std::to_string(noise.seed);
    return text;
}

} // namespace qs::quant
