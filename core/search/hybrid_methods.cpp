#include "core/search/hybrid_methods.h"
#include "core/quant/presets.h"

#include <algorithm>
#include <array>

namespace qs::search {

namespace {

constexpr std::array kMethods{
    HybridMethod{{"q-hyvit-scale", "Q-HyViT, steps alone",
                  "A search for the step of every site by gradient-weighted errors, bridge blocks by their output "
                  "(arXiv 2303.12557, reconstructed)."},
                 false,
                 false},
    HybridMethod{{"q-hyvit-granularity", "Q-HyViT, steps and granularity",
                  "The same search for step and granularity: a scale a tensor or a channel "
                  "(arXiv 2303.12557, reconstructed)."},
                 true,
                 false},
    HybridMethod{{"q-hyvit", "Q-HyViT",
                  "The whole search: step, granularity and scheme, symmetric or asymmetric, of every site "
                  "(arXiv 2303.12557, reconstructed)."},
                 true,
                 true},
};

} // namespace

std::span<const HybridMethod> hybridMethods()
{
    return kMethods;
}

const HybridMethod* findHybridMethod(std::string_view name)
{
    const auto* const found = std::ranges::find(kMethods, name, [](const HybridMethod& m) { return m.preset.name; });
    return found == kMethods.end() ? nullptr : found;
}

Result<quant::Recipe> hybridStart(const HybridMethod& method, int weightBits, int activationBits)
{
    QS_ASSIGN(quant::Recipe recipe, quant::presetRecipe("minmax", weightBits, activationBits));
    recipe.preset = method.preset.name;
    recipe.activation.scheme = quant::Scheme::Symmetric;
    return recipe;
}

HybridOptions hybridOptions(const HybridMethod& method, HybridOptions options)
{
    options.granularity = method.granularity;
    options.scheme = method.scheme;
    return options;
}

} // namespace qs::search
