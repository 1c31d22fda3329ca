#include "core/quant/recipe.h"

#include <algorithm>
#include <string>

namespace qs::quant {

namespace {

/// Shell-like: * any run of characters, ? one.
bool matchesPattern(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

} // namespace

SiteSettings plainWeight()
{
    SiteSettings settings;
    settings.scheme = Scheme::Symmetric;
    settings.granularity = Granularity::Channel;
    return settings;
}

SiteSettings plainActivation()
{
    return {};
}

bool Selector::matches(const graph::Site& site) const
{
    return (!kind || *kind == site.kind) && (!role || *role == site.role) && (!block || *block == site.block) &&
           (!name || matchesPattern(*name, site.name));
}

SiteSettings settingsOf(const Recipe& recipe, const graph::Site& site)
{
    SiteSettings settings = site.kind == graph::SiteKind::Weight ? recipe.weight : recipe.activation;
    for (const Rule& rule : recipe.rules)
        if (rule.match.matches(site))
            rule.set.applyTo(settings);
    if (const auto found = recipe.overrides.find(site.name); found != recipe.overrides.end())
        found->second.applyTo(settings);
    if (site.coverage == graph::Coverage::Full && recipe.coverage == graph::Coverage::MatMul)
        settings.bits = kFloatBits;
    return settings;
}

Recipe edited(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which,
              const SitePatch& patch)
{
    Recipe result = recipe;
    if (patch.empty())
        return result;
    for (const SiteId id : which) {
        const std::string& name = sites[id].name;
        if (!result.locked.contains(name))
            result.overrides[name].merge(patch);
    }
    return result;
}

Recipe reset(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which)
{
    Recipe result = recipe;
    for (const SiteId id : which)
        if (!result.locked.contains(sites[id].name))
            result.overrides.erase(sites[id].name);
    return result;
}

std::vector<std::string> unknownNames(const Recipe& recipe, const graph::SiteTable& sites)
{
    std::set<std::string> names;
    for (const auto& [name, patch] : recipe.overrides)
        if (!sites.find(name).valid())
            names.insert(name);
    for (const std::string& name : recipe.locked)
        if (!sites.find(name).valid())
            names.insert(name);
    for (const Rule& rule : recipe.rules)
        if (rule.match.name && std::ranges::none_of(sites, [&](const graph::Site& site) {
                return matchesPattern(*rule.match.name, site.name);
            }))
            names.insert(*rule.match.name);
    return {names.begin(), names.end()};
}

} // namespace qs::quant
