#include "core/quant/preset_edits.h"
#include "core/quant/presets.h"

#include <gtest/gtest.h>

using namespace qs;
using namespace qs::quant;

TEST(PresetEdits, EveryPresetIsItselfAtAnyBits)
{
    for (const Preset& preset : presets())
        for (const auto& [w, a] : {std::pair{8, 8}, {4, 4}, {6, kFloatBits}}) {
            auto recipe = presetRecipe(preset.name, w, a);
            ASSERT_TRUE(recipe) << preset.name;
            EXPECT_FALSE(isEdited(*recipe)) << preset.name;
            recipe->coverage = graph::Coverage::Full; // choices beside the preset
            recipe->locked.insert("blocks.0.fc1.input");
            EXPECT_FALSE(isEdited(*recipe)) << preset.name;
            recipe->overrides["blocks.0.fc1.input"].bits = 5;
            EXPECT_TRUE(isEdited(*recipe)) << preset.name;
        }
    EXPECT_TRUE(isEdited(Recipe{}));
}

TEST(PresetEdits, OtherBitsKeepWhatWasChangedByHand)
{
    auto recipe = presetRecipe("mptq-vit", 4, 8);
    ASSERT_TRUE(recipe);
    recipe->coverage = graph::Coverage::Full;
    recipe->overrides["blocks.0.fc1.input"].scheme = Scheme::Symmetric;
    recipe->overrides["blocks.1.fc1.weight"].bits = 3;
    EXPECT_EQ(sitesWithOwnBits(*recipe), 1U);

    const auto moved = withBits(*recipe, 6, 4);
    ASSERT_TRUE(moved);
    auto wanted = presetRecipe("mptq-vit", 6, 4); // at 4 bits the preset corrects biases: its own choice there
    wanted->coverage = graph::Coverage::Full;
    wanted->overrides = recipe->overrides;
    EXPECT_EQ(*moved, *wanted);

    // There and back is where it was.
    EXPECT_EQ(*withBits(*moved, 4, 8), *recipe);
}

TEST(PresetEdits, OfOtherRulesOnlyTheBitsChange)
{
    auto recipe = presetRecipe("mptq-vit", 8, 8);
    ASSERT_TRUE(recipe);
    recipe->rules.pop_back();
    const auto moved = withBits(*recipe, 4, 4);
    ASSERT_TRUE(moved);
    Recipe wanted = *recipe;
    wanted.weight.bits = wanted.activation.bits = 4;
    EXPECT_EQ(*moved, wanted);
    EXPECT_TRUE(isEdited(*moved));
}
