#include "core/quant/harm.h"

#include "core/base/number_text.h"
#include "core/quant/resolve.h"

#include "core/quant/evaluate.h"
#include "core/quant/presets.h"

#include <algorithm>

namespace qs::quant {

Doubt Harm::doubt(const Recipe& recipe) const
{
    const std::string numbers = numberText(ownDb, "%.1f") + " dB of the outputs on " + std::to_string(images) +
                                " images, plain min-max has " + numberText(minMaxDb, "%.1f");
    std::string cure = "take minmax";
    if (recipe.preset.ends_with(kLiteral))
        cure = "take " + recipe.preset.substr(0, recipe.preset.size() - kLiteral.size()) +
               ", which takes min-max site by site where that is better, or minmax";
    else if (!recipe.guard)
        cure = "set \"guard\": true in the recipe, which takes min-max site by site where that is better, or take "
               "minmax";
    const std::string name = recipe.preset.empty() ? "this recipe" : recipe.preset;
    return {DoubtKind::Preset,
            name + " does harm here: it has " + numbers,
            std::move(cure),
            {{"own_db", ownDb}, {"minmax_db", minMaxDb}, {"images", static_cast<double>(images)}}};
}

Result<std::optional<Harm>> besideMinMax(const graph::Network& network, const Plan& plan,
                                         const exec::ImageSource& images, std::size_t count, const Context& context,
                                         const tasks::ChosenTask& task)
{
    const auto batch = static_cast<std::size_t>(network.graph.batch());
    count = std::min(count, images.size()) / batch * batch;
    const auto bits = [](const SiteSettings& settings) { return settings.bits; };
    if (!plan.calibration || count == 0 || bits(plan.recipe.activation) == kFloatBits)
        return std::nullopt;
    QS_ASSIGN(Recipe plain, presetRecipe("minmax", bits(plan.recipe.weight), bits(plan.recipe.activation)));
    plain.coverage = plan.recipe.coverage;
    plain.weight.saturationSafe = plan.recipe.weight.saturationSafe;
    const bool same = std::ranges::all_of(
        network.sites, [&](const graph::Site& site) { return plan[site.id].settings == settingsOf(plain, site); });
    if (same)
        return std::nullopt;
    QS_ASSIGN(const auto minMax, resolve(network, plan.calibration, plain, nullptr, context));
    QS_ASSIGN(const FloatReference reference, floatReference(network, images, count, context));
    Harm harm;
    harm.images = count;
    for (const auto& [which, db] : {std::pair{&plan, &harm.ownDb}, std::pair{minMax.get(), &harm.minMaxDb}}) {
        QS_ASSIGN(const Evaluation found, evaluate(network, which, images, count, &reference, exec::makeWeightCache(),
                                                   context, {task, nullptr}));
        *db = found.logitSqnrDb;
    }
    return harm;
}

} // namespace qs::quant
