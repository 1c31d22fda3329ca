#pragma once

#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/setting_names.h"
#include "core/quant/settings.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace qs::quant {

// How the value of a setting is read from JSON, written to it and said in words: setting_json.cpp and
// setting_text.cpp have an overload for each.

struct BitsForm {}; ///< 2..8 or "float"
struct FlagForm {
    std::string_view yes, no; ///< said
};
template <class Names>
struct WordForm {
    const Names& names;
    std::string_view before = {}; ///< said before the value's title
};
struct QuantizerForm {}; ///< a name in the list of quantizers
struct ObjectForm {};    ///< Estimator, Smoothing, Noise: members of their own

/// Where a setting stands when it is asked whether it does anything.
struct SettingPlace {
    const graph::Graph& graph;
    const graph::Site& site;
    const SiteSettings& settings; ///< all that are chosen for the site
};

/// One row of the table of settings.
template <class Of, class Form>
struct Setting {
    std::string_view name; ///< key in recipe files
    Of of;                 ///< the member, of SiteSettings or of SitePatch
    Form form;
    /// Sites of this kind alone have it; nullopt: all.
    std::optional<graph::SiteKind> kind;
    /// Whether the choice matters to a site of that kind, as the others are chosen.
    bool (*matters)(const SettingPlace&);

    bool appliesTo(const SettingPlace& place) const { return (!kind || *kind == place.site.kind) && matters(place); }
};

/// Whether linear layers alone read an activation, whose channels lie last: a change of its channels can be undone.
bool entersLinearLayers(const graph::Graph& graph, const graph::Site& site);

// What rows ask of a site.
bool isQuantized(const SettingPlace& place);  ///< not in float
bool hasScales(const SettingPlace& place);    ///< quantized with equally spaced levels
bool hasZeroPoint(const SettingPlace& place); ///< hasScales, asymmetric
bool always(const SettingPlace& place);
bool isSearched(const SettingPlace& place);         ///< a search by an objective finds its numbers
bool mayBeTransformed(const SettingPlace& place);   ///< entersLinearLayers
bool mayBeNoisy(const SettingPlace& place);         ///< mayBeTransformed and quantized
bool maySaturate(const SettingPlace& place);        ///< 8 bits
bool hasCorrectableBias(const SettingPlace& place); ///< quantized weight of a linear layer

/// The table: calls `visit` with every Setting, in the order of recipe files. It drives reading and writing of
/// recipes (setting_json.h), patches and their texts (settings.h), and which controls the window shows. A new choice
/// is a member of a structure in settings.h and a row here.
template <class Visit>
constexpr void forEachSetting(Visit&& visit)
{
    using enum graph::SiteKind;
    constexpr auto row = [](std::string_view name, auto of, auto form, std::optional<graph::SiteKind> kind,
                            bool (*matters)(const SettingPlace&)) {
        return Setting<decltype(of), decltype(form)>{name, of, form, kind, matters};
    };
    const auto all = std::optional<graph::SiteKind>();
    visit(row(
        "bits", [](auto& s) -> auto& { return s.bits; }, BitsForm{}, all, &always));
    visit(row(
        "scheme", [](auto& s) -> auto& { return s.scheme; }, WordForm{kSchemes}, all, &hasScales));
    visit(row(
        "granularity", [](auto& s) -> auto& { return s.granularity; }, WordForm{kGranularities}, all, &hasScales));
    visit(row(
        "quantizer", [](auto& s) -> auto& { return s.quantizer; }, QuantizerForm{}, Activation, &isQuantized));
    visit(row(
        "estimator", [](auto& s) -> auto& { return s.estimator; }, ObjectForm{}, all, &isQuantized));
    visit(row(
        "saturation_safe", [](auto& s) -> auto& { return s.saturationSafe; },
        FlagForm{"safe from saturation", "full 8-bit codes"}, Weight, &maySaturate));
    visit(row(
        "objective", [](auto& s) -> auto& { return s.objective; }, WordForm{kObjectives, "searched by "}, all,
        &isSearched));
    visit(row(
        "smoothing", [](auto& s) -> auto& { return s.smoothing; }, ObjectForm{}, Activation, &mayBeTransformed));
    visit(row(
        "noise", [](auto& s) -> auto& { return s.noise; }, ObjectForm{}, Activation, &mayBeNoisy));
    visit(row(
        "bias_correction", [](auto& s) -> auto& { return s.biasCorrection; },
        FlagForm{"bias corrected", "bias not corrected"}, Weight, &hasCorrectableBias));
    visit(row(
        "zero_point", [](auto& s) -> auto& { return s.zeroPoint; }, WordForm{kZeroPoints, "zero point: "}, Activation,
        &hasZeroPoint));
}

/// Whether a site has a setting that does anything there: settingApplies(&SitePatch::noise, ...).
template <class T, class Choices>
bool settingApplies(std::optional<T> Choices::*member, const SettingPlace& place)
{
    const SitePatch patch;
    bool applies = false;
    forEachSetting([&](const auto& setting) {
        applies |= static_cast<const void*>(&setting.of(patch)) == static_cast<const void*>(&(patch.*member)) &&
                   setting.appliesTo(place);
    });
    return applies;
}

} // namespace qs::quant
