#pragma once

#include "core/base/error.h"
#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/search/hybrid_search.h"

#include <span>
#include <string_view>

namespace qs::search {

/// Q-HyViT's search by name, beside the presets: what its paper's ablation (Table IV) adds one after the other. All
/// start from symmetric ranges, one scale an activation, one a channel of a weight.
struct HybridMethod {
    quant::Preset preset;     ///< name, title, description; quant::presets() does not have it
    bool granularity = false; ///< searched
    bool scheme = false;      ///< searched
};
/// q-hyvit-scale, q-hyvit-granularity, q-hyvit
std::span<const HybridMethod> hybridMethods();
/// Null where there is none of this name.
const HybridMethod* findHybridMethod(std::string_view name);

/// The recipe that the method's search starts from. Errors: those of quant::presetRecipe about bits.
Result<quant::Recipe> hybridStart(const HybridMethod& method, int weightBits, int activationBits);
/// `options` with the method's own choices.
HybridOptions hybridOptions(const HybridMethod& method, HybridOptions options = {});

} // namespace qs::search
