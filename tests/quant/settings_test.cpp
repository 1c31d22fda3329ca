#include "core/quant/setting_table.h"

#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace qs::quant {
namespace {

// A value of a setting that is not the one it begins with.
int another(int)
{
    return 5;
}

bool another(bool value)
{
    return !value;
}

std::string another(const std::string&)
{
    return "log2";
}

template <class T>
requires std::is_enum_v<T> T another(T value)
{
    return static_cast<T>(value == T{} ? 1 : 0);
}

Estimator another(const Estimator&)
{
    Estimator estimator{EstimatorKind::Percentile, {0.75}, -2, 3};
    estimator.search = {.low = 0.25, .high = 4, .count = 7, .rounds = 2, .reciprocal = true};
    estimator.factor = 0.5;
    estimator.channelLow = {-1, -2};
    estimator.channelHigh = {1, 2};
    return estimator;
}

Smoothing another(const Smoothing&)
{
    return {SmoothingKind::ShiftScale, 0.25, true, 0.75};
}

Noise another(const Noise&)
{
    return {true, NoiseLaw::Released, Objective::InputError, false, 1.5, true, false, true, 9};
}

/// One patch a setting, each with that setting alone.
std::vector<SitePatch> patches()
{
    const SiteSettings plain;
    std::vector<SitePatch> all;
    forEachSetting([&](const auto& setting) {
        all.emplace_back();
        setting.of(all.back()) = another(setting.of(plain));
    });
    return all;
}

TEST(Settings, EachHasOneRowOfItsOwn)
{
    const SitePatch patch;
    std::set<const void*> members;
    std::set<std::string_view> names;
    std::size_t rows = 0;
    forEachSetting([&](const auto& setting) {
        members.insert(&setting.of(patch));
        names.insert(setting.name);
        ++rows;
    });
    EXPECT_EQ(members.size(), rows);
    EXPECT_EQ(names.size(), rows);
}

TEST(Settings, PatchesReachSettingsFilesAndTexts)
{
    std::set<std::string> texts;
    SitePatch merged;
    for (const SitePatch& patch : patches()) {
        EXPECT_FALSE(patch.empty());
        SiteSettings changed;
        patch.applyTo(changed);
        EXPECT_NE(changed, SiteSettings());
        SitePatch whole = wholePatch(SiteSettings());
        whole.merge(patch);
        EXPECT_EQ(whole, wholePatch(changed));
        merged.merge(patch);

        Recipe recipe;
        recipe.overrides["a"] = patch;
        const auto copy = recipeFromJson(recipeToJson(recipe));
        ASSERT_TRUE(copy) << copy.error().text();
        EXPECT_EQ(*copy, recipe);
        EXPECT_FALSE(inWords(patch).empty());
        EXPECT_TRUE(texts.insert(inWords(patch)).second) << inWords(patch);
    }
    SiteSettings all;
    merged.applyTo(all);
    EXPECT_EQ(wholePatch(all), merged);
    EXPECT_EQ(merged.bits, 5);
}

TEST(Settings, AreDescribedInWords)
{
    SitePatch patch;
    EXPECT_EQ(inWords(patch), "");
    patch.bits = kFloatBits;
    patch.estimator = Estimator{EstimatorKind::Manual, {}, -0.12345, 3};
    patch.smoothing = Smoothing{};
    patch.zeroPoint = ZeroPoint::Wide;
    patch.saturationSafe = false;
    EXPECT_EQ(inWords(patch), "float, manual [−0.1235, 3], full 8-bit codes, no smoothing, zero point: wide");
    EXPECT_EQ(inWords(another(Smoothing())), "SQ-b, α searched, quantile 0.75");
    EXPECT_EQ(inWords(another(Noise())),
              "noise of 1.50 steps, law as released, shift searched, by input error, in INT16, seed 9");
}

TEST(Settings, BelongToTheirKindsOfSites)
{
    graph::Site site;
    const graph::Graph graph = test::smallVit().graph;
    SiteSettings settings;
    const auto has = [&](auto member) { return settingApplies(member, {graph, site, settings}); };
    site.kind = graph::SiteKind::Weight;
    EXPECT_TRUE(has(&SitePatch::saturationSafe));
    EXPECT_FALSE(has(&SitePatch::zeroPoint));
    EXPECT_FALSE(has(&SitePatch::quantizer));
    settings.bits = 4;
    EXPECT_FALSE(has(&SitePatch::saturationSafe));
    site.kind = graph::SiteKind::Activation;
    EXPECT_FALSE(has(&SitePatch::saturationSafe));
    EXPECT_TRUE(has(&SitePatch::zeroPoint));
    EXPECT_TRUE(has(&SitePatch::scheme));
    EXPECT_FALSE(has(&SitePatch::objective));
    settings.quantizer = "region-sign";
    EXPECT_TRUE(has(&SitePatch::objective));
    EXPECT_FALSE(has(&SitePatch::scheme));
    EXPECT_FALSE(has(&SitePatch::zeroPoint));
    settings.bits = kFloatBits;
    EXPECT_FALSE(has(&SitePatch::objective));
    EXPECT_TRUE(has(&SitePatch::bits));
}

} // namespace
} // namespace qs::quant
