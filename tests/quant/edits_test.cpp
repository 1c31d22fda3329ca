// A plan that is made from the one before it has the very numbers of a plan that is made afresh, whatever was edited:
// the rule of what may be kept.
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/quant/resolve.h"
#include "core/quant/stale_sites.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace qs::quant {
namespace {

bool same(double a, double b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const Tensor& a, const Tensor& b)
{
    return a.empty() == b.empty() &&
           (a.empty() || (a.shape() == b.shape() && std::equal(a.bytes(), a.bytes() + a.sizeBytes(), b.bytes())));
}

/// The first difference, "" where there is none.
std::string difference(const SitePlan& a, const SitePlan& b)
{
    if (a.settings != b.settings)
        return "settings";
    if (a.grid.scale != b.grid.scale || a.grid.zeroPoint != b.grid.zeroPoint || a.grid.qmin != b.grid.qmin)
        return "grid";
    if (a.levels != b.levels)
        return "levels";
    if (a.range.low != b.range.low || a.range.high != b.range.high)
        return "range";
    if (a.raisedForBias != b.raisedForBias)
        return "raised";
    if (!same(a.codes, b.codes) || !same(a.dequantized, b.dequantized))
        return "codes";
    if (!same(a.error.sqnrDb, b.error.sqnrDb) || !same(a.error.outputError, b.error.outputError))
        return "error";
    if ((a.noise ? a.noise->noise : std::vector<float>()) != (b.noise ? b.noise->noise : std::vector<float>()))
        return "noise";
    const auto& s = a.transform();
    const auto& t = b.transform();
    if ((s != nullptr) != (t != nullptr) ||
        (s && (s->transform.shift != t->transform.shift || s->transform.scale != t->transform.scale)))
        return "transform";
    return "";
}

void expectEqual(const graph::SiteTable& sites, const Plan& a, const Plan& b, const std::string& step)
{
    for (const graph::Site& site : sites)
        EXPECT_EQ(difference(a[site.id], b[site.id]), "") << step << ": " << site.name;
    EXPECT_EQ(a.biases.size(), b.biases.size()) << step;
    for (const auto& [node, bias] : a.biases) {
        ASSERT_TRUE(b.biases.contains(node)) << step;
        EXPECT_EQ(bias->codes, b.biases.at(node)->codes) << step;
    }
    EXPECT_EQ(a.simulation.constants.size(), b.simulation.constants.size()) << step;
    for (const auto& [use, tensor] : a.simulation.constants) {
        ASSERT_TRUE(b.simulation.constants.contains(use)) << step;
        EXPECT_TRUE(same(tensor, b.simulation.constants.at(use))) << step;
    }
    EXPECT_EQ(a.warnings, b.warnings) << step;
}

/// Numbers that differ are announced before: those of all other sites hold. How many hold.
std::size_t expectStale(const test::SmallVit& vit, const Plan& before, const Plan& after, const std::string& step)
{
    const std::set<SiteId> stale = staleSites(vit, before, after.recipe);
    for (const graph::Site& site : vit.sites)
        if (!stale.contains(site.id)) {
            EXPECT_EQ(difference(before[site.id], after[site.id]), "") << step << ": " << site.name;
        }
    return vit.sites.size() - stale.size();
}

class Edits : public ::testing::Test {
protected:
    std::shared_ptr<const Plan> planned(const Recipe& recipe, const Plan* previous) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, previous, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return plan ? *plan : nullptr;
    }

    test::SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{8};
    std::shared_ptr<const stats::Calibration> m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
};

TEST_F(Edits, OfOneKindEachGiveAFreshPlan)
{
    std::vector<SitePatch> patches(11);
    patches[0].bits = 3;
    patches[1].bits = kFloatBits;
    patches[2].smoothing = Smoothing{SmoothingKind::ShiftScale, 0.7};
    patches[3].smoothing = Smoothing{};
    patches[4].noise = Noise{.on = true};
    patches[5].noise = Noise{};
    patches[6].biasCorrection = true;
    patches[7].objective = Objective::OutputError;
    patches[8].estimator = Estimator{};
    patches[8].estimator->kind = EstimatorKind::Search;
    patches[8].estimator->search = {.low = 0.4, .high = 1, .count = 7, .rounds = 2};
    patches[9].estimator = Estimator{};
    patches[10].scheme = Scheme::Symmetric;
    std::mt19937 engine(5);
    for (const std::string preset :
         {"minmax-literal", "ptq4vit-literal", "noisyquant-literal", "repq-vit-literal", "ptq4vit", "mptq-vit"}) {
        Recipe recipe = *presetRecipe(preset, 4, 4);
        auto plan = planned(recipe, nullptr);
        ASSERT_NE(plan, nullptr);
        std::string history = preset;
        std::size_t held = 0, all = 0;
        for (int step = 0; step < 25; ++step) {
            const auto& site = m_vit.sites.all()[engine() % m_vit.sites.size()];
            const std::size_t which = engine() % patches.size();
            if (engine() % 6 == 0)
                recipe.overrides.erase(site.name);
            else
                recipe.overrides[site.name].merge(patches[which]);
            history += "\n" + site.name + " " + std::to_string(which);
            const auto fresh = resolve(m_vit, m_calibration, recipe, nullptr, {});
            const auto edited = resolve(m_vit, m_calibration, recipe, plan.get(), {});
            ASSERT_EQ(fresh.has_value(), edited.has_value()) << history;
            if (!fresh) { // settings that do not go together: as before
                recipe = plan->recipe;
                continue;
            }
            expectEqual(m_vit.sites, **edited, **fresh, history);
            held += expectStale(m_vit, *plan, **fresh, history);
            all += m_vit.sites.size();
            if (HasFailure())
                return;
            plan = *edited;
        }
        EXPECT_GT(held, all / 2) << preset; // an edit of one site is not an edit of the network
    }
}

/// The other operand's range is found together with the one whose search changes.
TEST_F(Edits, OfAnOperandMakeItsPartnersStale)
{
    Recipe recipe = *presetRecipe("ptq4vit-literal", 4, 4);
    const auto before = planned(recipe, nullptr);
    const SiteId input = m_vit.at("f1", 0);
    const SiteId weight = m_vit.at("f1", 1);
    ASSERT_TRUE(input.valid() && weight.valid());
    Estimator estimator = (*before)[input].settings.estimator;
    estimator.search.high = 0.3; // candidates that clip
    recipe.overrides[m_vit.sites[input].name].estimator = estimator;
    const auto after = planned(recipe, before.get());
    ASSERT_EQ((*before)[weight].settings, (*after)[weight].settings);
    EXPECT_NE(difference((*before)[weight], (*after)[weight]), "");
    EXPECT_TRUE(staleSites(m_vit, *before, recipe).contains(weight));
    EXPECT_TRUE(staleSites(m_vit, *after, recipe).empty());
}

TEST_F(Edits, ThatChangeNoNumberMakeNothingStale)
{
    Recipe recipe = *presetRecipe("mptq-vit", 4, 4); // guarded: some sites have other settings than the recipe's
    const auto plan = planned(recipe, nullptr);
    recipe.locked.insert(m_vit.sites.all().front().name);
    EXPECT_TRUE(staleSites(m_vit, *plan, recipe).empty());
}

/// Noise of the projection goes through V: the input of V's layer is as before, but not what its weights make of it.
TEST_F(Edits, OfTheProjectionReachTheSitesBeforeV)
{
    const auto named = [&](std::string_view ending) {
        for (const graph::Site& site : m_vit.sites)
            if (site.role == graph::Role::Proj && site.name.ends_with(ending))
                return site.name;
        return std::string();
    };
    for (const bool noise : {false, true}) {
        Recipe recipe = *presetRecipe("minmax", 4, 4);
        const auto before = planned(recipe, nullptr);
        if (noise)
            recipe.overrides[named("input")].noise = Noise{.on = true};
        else
            recipe.overrides[named("input")].smoothing = Smoothing{SmoothingKind::ShiftScale, 0.7};
        const auto edited = planned(recipe, before.get());
        expectEqual(m_vit.sites, *edited, *planned(recipe, nullptr), noise ? "noise" : "smoothing");
        recipe.overrides.clear();
        expectEqual(m_vit.sites, *planned(recipe, edited.get()), *before, "back");
    }
}

} // namespace
} // namespace qs::quant
