#include "core/quant/preset_edits.h"
#include "core/quant/presets.h"

#include <algorithm>

namespace qs::quant {

namespace {

/// What the preset of the recipe says at the recipe's bits, with the choices beside it; nothing where there is none.
std::optional<Recipe> asPreset(const Recipe& recipe)
{
    auto preset = presetRecipe(recipe.preset, recipe.weight.bits, recipe.activation.bits);
    if (!preset)
        return std::nullopt;
    preset->coverage = recipe.coverage;
    preset->guard = recipe.guard;
    preset->locked = recipe.locked;
    return std::move(*preset);
}

} // namespace

bool isEdited(const Recipe& recipe)
{
    const auto preset = asPreset(recipe);
    return !preset || *preset != recipe;
}

Result<Recipe> withBits(const Recipe& recipe, int weightBits, int activationBits)
{
    auto preset = asPreset(recipe);
    if (preset) {
        preset->overrides = recipe.overrides;
        if (*preset == recipe) { // only sites were changed
            QS_ASSIGN(Recipe moved, presetRecipe(recipe.preset, weightBits, activationBits));
            moved.coverage = recipe.coverage;
            moved.guard = recipe.guard;
            moved.locked = recipe.locked;
            moved.overrides = recipe.overrides;
            return moved;
        }
    }
    Recipe moved = recipe;
    moved.weight.bits = weightBits;
    moved.activation.bits = activationBits;
    return moved;
}

std::size_t sitesWithOwnBits(const Recipe& recipe)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(recipe.overrides, [](const auto& entry) { return entry.second.bits.has_value(); }));
}

} // namespace qs::quant
