#pragma once

#include "core/base/json_reader.h"
#include "core/quant/recipe.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace qs::quant {

/// JSON, with "format": "quantoscope-recipe" and "version". Unknown and repeated keys are an error, not ignored;
/// absent ones keep their defaults. Bits are a number or "float". Errors: Malformed (not JSON, with the position),
/// Unsupported (a later version), InvalidArgument with the JSON path in `where`, e.g. `rules[0].set.bits` or
/// `overrides["blocks.3.fc2.input"].estimator.low`.
std::string recipeToJson(const Recipe& recipe);
Result<Recipe> recipeFromJson(std::string_view json);
/// The same as a value, for recipes inside of other files; what is wrong there is an error of the reader.
nlohmann::ordered_json recipeValue(const Recipe& recipe);
Recipe recipeFrom(const JsonReader& json);
Result<Recipe> loadRecipe(const std::filesystem::path& path);
Result<void> saveRecipe(const Recipe& recipe, const std::filesystem::path& path);

} // namespace qs::quant
