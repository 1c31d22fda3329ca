#include "core/quant/locks.h"

namespace qs::quant {

Recipe withLocks(Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> which, bool locked)
{
    for (const SiteId id : which) {
        if (locked)
            recipe.locked.insert(sites[id].name);
        else
            recipe.locked.erase(sites[id].name);
    }
    return recipe;
}

Recipe lockedAt(Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> which, int bits)
{
    for (const SiteId id : which)
        recipe.overrides[sites[id].name].bits = bits;
    return withLocks(std::move(recipe), sites, which, true);
}

Recipe keepingLocks(Recipe recipe, const Recipe& present, const graph::SiteTable& sites, KeptByLocks kept)
{
    recipe.locked = present.locked;
    for (const std::string& name : present.locked) {
        const SiteId id = sites.find(name);
        if (!id.valid())
            continue;
        const SiteSettings now = settingsOf(present, sites[id]);
        const SiteSettings then = settingsOf(recipe, sites[id]);
        if (kept == KeptByLocks::Bits && then.bits != now.bits)
            recipe.overrides[name].bits = now.bits;
        else if (kept == KeptByLocks::Everything && then != now)
            recipe.overrides[name] = wholePatch(now);
    }
    return recipe;
}

} // namespace qs::quant
