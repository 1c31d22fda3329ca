#pragma once

#include "core/quant/recipe.h"

namespace qs::quant {

/// Whether the recipe is no longer what its preset says at its bits: sites of their own (by hand or by a search),
/// other rules or other defaults. Coverage, locks and the guard are choices beside the preset and do not count. A
/// recipe that names no preset, or none that is known, is edited.
bool isEdited(const Recipe& recipe);

/// The same recipe at other bits, with everything that was changed by hand: where rules and defaults are the
/// preset's, those of the preset at the new bits (a preset may choose otherwise at few bits), else only the defaults'
/// bits change. Sites with an override of their bits keep these. Errors: presetRecipe's.
Result<Recipe> withBits(const Recipe& recipe, int weightBits, int activationBits);

/// Sites whose override chooses bits: they keep them in withBits.
std::size_t sitesWithOwnBits(const Recipe& recipe);

} // namespace qs::quant
