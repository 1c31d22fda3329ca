#pragma once

#include "core/base/error.h"
#include "core/quant/recipe.h"

#include <span>
#include <string_view>

namespace qs::quant {

struct Preset {
    std::string_view name;        ///< as on the command line
    std::string_view title;       ///< for people
    std::string_view description; ///< one sentence, with the source
};
std::span<const Preset> presets();
/// What follows a preset's name where its rule shall be taken literally, without the guard: "mptq-vit-literal".
inline constexpr std::string_view kLiteral = "-literal";
/// The recipe of a preset, guarded unless the name ends in kLiteral (minmax is what the guard compares with: the same
/// with and without). The patch embedding's input stays at 8 bits whatever activationBits (float with float).
/// Errors: NotFound (an unknown name, with the known ones), InvalidArgument (bits outside 2..8 and not kFloatBits).
Result<Recipe> presetRecipe(std::string_view name, int weightBits, int activationBits);

} // namespace qs::quant
