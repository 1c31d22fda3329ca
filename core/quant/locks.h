#pragma once

#include "core/graph/sites.h"
#include "core/quant/recipe.h"

#include <span>

namespace qs::quant {

// Locks (Recipe::locked): sites that searches, presets and edits of groups leave alone. The window and the command
// line lock and keep by these alone.

/// The recipe with these sites locked or unlocked.
Recipe withLocks(Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> which, bool locked);

/// The recipe with these sites at so many bits (kFloatBits: float) and locked.
Recipe lockedAt(Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> which, int bits);

/// What locked sites keep when another recipe comes.
enum class KeptByLocks {
    Everything, ///< all their settings
    Bits,       ///< their bits: of a search of bits, which started from the other settings
};

/// `recipe` with the locks of `present`; what locked sites have in `present` is an override of each where it differs.
/// Locks of names that the model does not have stay.
Recipe keepingLocks(Recipe recipe, const Recipe& present, const graph::SiteTable& sites,
                    KeptByLocks kept = KeptByLocks::Everything);

} // namespace qs::quant
