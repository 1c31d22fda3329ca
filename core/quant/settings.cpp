#include "core/quant/settings.h"

#include "core/quant/quantizers.h"
#include "core/quant/setting_table.h"

#include <algorithm>

namespace qs::quant {

namespace {

template <class T>
struct AnyValue {
    template <class Value>
    requires(!std::is_same_v<Value, T>) operator Value() const;
};

/// Members of a structure without bases.
template <class T, class... Values>
consteval std::size_t membersOf()
{
    if constexpr (requires { T{Values{}..., AnyValue<T>{}}; })
        return membersOf<T, Values..., AnyValue<T>>();
    else
        return sizeof...(Values);
}

constexpr std::size_t rows()
{
    std::size_t count = 0;
    forEachSetting([&count](const auto&) { ++count; });
    return count;
}

static_assert(rows() == membersOf<CommonChoices<std::type_identity_t>>() +
                            membersOf<WeightChoices<std::type_identity_t>>() +
                            membersOf<ActivationChoices<std::type_identity_t>>(),
              "every choice of settings.h has one row in setting_table.h");

bool isLinear(const graph::Graph& graph, const graph::Use& use)
{
    return graph.node(use.node).op == "Linear";
}

} // namespace

void SitePatch::applyTo(SiteSettings& settings) const
{
    forEachSetting([&](const auto& setting) {
        if (const auto& chosen = setting.of(*this))
            setting.of(settings) = *chosen;
    });
}

void SitePatch::merge(const SitePatch& other)
{
    forEachSetting([&](const auto& setting) {
        if (const auto& chosen = setting.of(other))
            setting.of(*this) = chosen;
    });
}

SitePatch wholePatch(const SiteSettings& settings)
{
    SitePatch patch;
    forEachSetting([&](const auto& setting) { setting.of(patch) = setting.of(settings); });
    return patch;
}

bool isQuantized(const SettingPlace& place)
{
    return !place.settings.isFloat();
}

bool hasScales(const SettingPlace& place)
{
    return isQuantized(place) && (place.site.kind == graph::SiteKind::Weight || place.settings.isUniform());
}

bool hasZeroPoint(const SettingPlace& place)
{
    return hasScales(place) && place.settings.scheme == Scheme::Asymmetric;
}

bool always(const SettingPlace&)
{
    return true;
}

bool isSearched(const SettingPlace& place)
{
    const EstimatorKind kind = place.settings.estimator.kind;
    if (!isQuantized(place))
        return false;
    if (kind == EstimatorKind::Search)
        return true;
    if (place.site.kind == graph::SiteKind::Weight)
        return kind == EstimatorKind::Percentile || kind == EstimatorKind::Mse;
    const QuantizerDef* quantizer = findQuantizer(place.settings.quantizer);
    return quantizer && quantizer->searchesLevels;
}

bool entersLinearLayers(const graph::Graph& graph, const graph::Site& site)
{
    return site.layout.inner == 1 && !site.uses.empty() && std::ranges::all_of(site.uses, [&](const graph::Use& use) {
               return use.input == 0 && isLinear(graph, use);
           });
}

bool mayBeTransformed(const SettingPlace& place)
{
    return entersLinearLayers(place.graph, place.site);
}

bool mayBeNoisy(const SettingPlace& place)
{
    return isQuantized(place) && mayBeTransformed(place);
}

bool maySaturate(const SettingPlace& place)
{
    return place.settings.bits == 8;
}

bool hasCorrectableBias(const SettingPlace& place)
{
    return isQuantized(place) && !place.site.uses.empty() && isLinear(place.graph, place.site.uses.front());
}

} // namespace qs::quant
