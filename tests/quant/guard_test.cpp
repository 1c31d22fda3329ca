#include "core/quant/choices.h"
#include "core/quant/guard.h"
#include "core/quant/presets.h"
#include "core/quant/quantizers.h"
#include "core/quant/recipe_json.h"
#include "core/quant/resolve.h"
#include "core/quant/site_error.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace qs::quant {
namespace {

/// The small ViT with attention that looks at one token: scores 40 times as large.
std::string peaked()
{
    std::string text(test::kSmallVit);
    text.replace(text.find("[0.5]"), 5, "[20]");
    return text;
}

class Guarded : public ::testing::Test {
protected:
    void open(const std::string& text)
    {
        m_vit = test::smallVit(text);
        const auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }
    std::shared_ptr<const Plan> resolved(const Recipe& recipe, const Plan* previous = nullptr) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, previous, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return plan ? *plan : nullptr;
    }
    SiteId softmax() const { return m_vit.at("av", 0); }

    test::NoiseImages m_images{20};
    test::SmallVit m_vit = test::smallVit(test::kSmallVit);
    std::shared_ptr<const stats::Calibration> m_calibration;
};

TEST_F(Guarded, LogarithmsOfAPeakedSoftmaxGiveWayAtEightBits)
{
    open(peaked());
    // Powers of √2 are a factor of 1.41 apart however many codes there are.
    const auto literal = resolved(*presetRecipe("opt-m-literal", 8, 8));
    EXPECT_EQ((*literal)[softmax()].settings.quantizer, "log-sqrt2");
    EXPECT_EQ(literal->guard, nullptr);
    const auto plan = resolved(*presetRecipe("opt-m", 8, 8));
    EXPECT_EQ((*plan)[softmax()].settings, *minMaxInstead(plan->recipe, m_vit.sites[softmax()]));
    ASSERT_TRUE(plan->guard);
    const GuardedGroup* group = plan->guard->of(softmax());
    ASSERT_TRUE(group);
    EXPECT_TRUE(group->replaced);
    EXPECT_LT(group->minMax, group->own / 10);
    EXPECT_TRUE(std::ranges::any_of(plan->warnings, [](const std::string& line) {
        return line.starts_with("softmax-output: min-max instead of the recipe's choice at 1 of 1 sites");
    }));
}

TEST_F(Guarded, EveryDecisionIsTheSmallerError)
{
    std::size_t kept = 0;
    std::size_t replaced = 0;
    for (const std::string& text : {std::string(test::kSmallVit), peaked()}) {
        open(text);
        for (const Preset& preset : presets())
            for (const int bits : {4, 6, 8}) {
                SCOPED_TRACE(std::string(preset.name) + " " + std::to_string(bits));
                const auto plan = resolved(*presetRecipe(preset.name, bits, bits));
                if (!plan->guard) {
                    EXPECT_EQ(preset.name, "minmax");
                    continue;
                }
                for (const GuardedGroup& group : plan->guard->groups) {
                    EXPECT_EQ(group.replaced, group.minMax < kGuardMargin * group.own);
                    (group.replaced ? replaced : kept) += group.sites.size();
                    for (const SiteId id : group.sites)
                        EXPECT_EQ((*plan)[id].settings, group.replaced ? *plan->guard->instead[id.index()]
                                                                       : plan->guard->wanted[id.index()]);
                }
            }
    }
    EXPECT_GT(kept, 100U);
    EXPECT_GT(replaced, 100U);
}

TEST_F(Guarded, OverridesAreTheUsers)
{
    open(peaked());
    Recipe recipe = *presetRecipe("opt-m", 8, 8);
    const std::string& name = m_vit.sites[softmax()].name;
    recipe.overrides[name].bits = 6;
    EXPECT_EQ(minMaxInstead(recipe, m_vit.sites[softmax()])->bits, 6);
    recipe.overrides[name].quantizer = "log-sqrt2";
    EXPECT_FALSE(minMaxInstead(recipe, m_vit.sites[softmax()]));
    EXPECT_EQ((*resolved(recipe))[softmax()].settings.quantizer, "log-sqrt2");
}

TEST_F(Guarded, BitsOfAQuantizersRuleGoWithIt)
{
    open(peaked());
    const Recipe fq = *presetRecipe("fq-vit", 8, 8);
    EXPECT_EQ(settingsOf(fq, m_vit.sites[softmax()]).bits, 4);
    EXPECT_EQ(minMaxInstead(fq, m_vit.sites[softmax()])->bits, 8);
    Recipe narrow = *presetRecipe("opt-m", 8, 8);
    Rule rule;
    rule.match.role = graph::Role::SoftmaxOutput;
    rule.set.bits = 4;
    narrow.rules.push_back(rule);
    EXPECT_EQ(minMaxInstead(narrow, m_vit.sites[softmax()])->bits, 4);
}

TEST_F(Guarded, AnEditComparesWhatItTouches)
{
    open(peaked());
    for (const char* preset : {"opt-m", "mptq-vit", "repq-vit", "noisyquant"}) {
        Recipe recipe = *presetRecipe(preset, 6, 6);
        const auto before = resolved(recipe);
        for (const graph::Site& site : m_vit.sites) {
            SCOPED_TRACE(std::string(preset) + " " + site.name);
            Recipe edited = recipe;
            edited.overrides[site.name].bits = 4;
            const auto after = resolved(edited, before.get());
            const auto fresh = resolved(edited);
            ASSERT_EQ(after->guard->groups.size(), fresh->guard->groups.size());
            for (std::size_t g = 0; g < fresh->guard->groups.size(); ++g) {
                EXPECT_EQ(after->guard->groups[g].replaced, fresh->guard->groups[g].replaced);
                EXPECT_EQ(after->guard->groups[g].own, fresh->guard->groups[g].own);
                EXPECT_EQ(after->guard->groups[g].minMax, fresh->guard->groups[g].minMax);
            }
            for (const graph::Site& each : m_vit.sites)
                EXPECT_EQ((*after)[each.id].settings, (*fresh)[each.id].settings) << each.name;
            EXPECT_EQ(after->warnings, fresh->warnings);
        }
    }
}

TEST_F(Guarded, IsInTheRecipesFile)
{
    const Recipe recipe = *presetRecipe("mptq-vit", 8, 8);
    EXPECT_TRUE(recipe.guard);
    EXPECT_EQ(*recipeFromJson(recipeToJson(recipe)), recipe);
    Recipe literal = *presetRecipe("mptq-vit-literal", 8, 8);
    EXPECT_FALSE(literal.guard);
    EXPECT_EQ(*recipeFromJson(recipeToJson(literal)), literal);
    EXPECT_EQ(literal.preset, "mptq-vit-literal");
    literal.preset = recipe.preset;
    literal.guard = true;
    EXPECT_EQ(literal, recipe); // the rule is the same
    EXPECT_FALSE(presetRecipe("-literal", 8, 8));
    EXPECT_FALSE(recipeFromJson("{\"format\": \"quantoscope-recipe\", \"version\": 1}")->guard);
}

/// A sum behind a softmax has the softmax's role, and values below 0.
TEST_F(Guarded, QuantizersThatHaveNoLevelsForTheValuesGiveWay)
{
    std::string text(test::kSmallVit);
    const std::string product = "av:1x2x4x4 = MatMul(sm, v2)";
    text.replace(text.find(product), product.size(), "sa:1x2x4x4 = Add(sm, qs)\nav:1x2x4x4 = MatMul(sa, v2)");
    open(text);
    ASSERT_LT(m_calibration->sites[softmax().index()].low(), 0);
    ASSERT_EQ(m_vit.sites[softmax()].role, graph::Role::SoftmaxOutput);
    for (const char* preset : {"opt-m-literal", "mptq-vit", "repq-vit", "fq-vit-literal", "ptq4vit-literal"}) {
        SCOPED_TRACE(preset);
        const auto plan = resolved(*presetRecipe(preset, 8, 8));
        ASSERT_TRUE(plan);
        EXPECT_EQ((*plan)[softmax()].settings.quantizer, "uniform");
        EXPECT_TRUE(std::ranges::any_of(plan->warnings, [&](const std::string& line) {
            return line.starts_with(m_vit.sites[softmax()].name + ": min-max, since the quantizer");
        }));
    }
    Recipe byHand = *presetRecipe("minmax", 8, 8);
    byHand.overrides[m_vit.sites[softmax()].name].quantizer = "log2";
    EXPECT_FALSE(resolve(m_vit, m_calibration, byHand, nullptr, {}));
}

/// All presets, with both coverages, on networks of any form: a plan, or one that says why not.
TEST_F(Guarded, AllPresetsResolveOnRandomNetworks)
{
    std::size_t plans = 0;
    for (unsigned seed = 0; seed < 40; ++seed) {
        m_vit = test::smallVit(test::RandomGraph(seed).text());
        const auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        if (!calibration)
            continue;
        for (const Preset& preset : presets())
            for (const graph::Coverage coverage : {graph::Coverage::MatMul, graph::Coverage::Full})
                for (const std::string_view end : {std::string_view(), kLiteral}) {
                    Recipe recipe = *presetRecipe(std::string(preset.name) + std::string(end), 8, 8);
                    recipe.coverage = coverage;
                    const auto plan = resolve(m_vit, *calibration, recipe, nullptr, {});
                    EXPECT_TRUE(plan) << seed << " " << recipe.preset << ": " << plan.error().text() << "\n"
                                      << test::RandomGraph(seed).text();
                    ++plans;
                }
    }
    EXPECT_GT(plans, 1000U);
}

} // namespace
} // namespace qs::quant
