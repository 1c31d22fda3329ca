#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/quant/recipe_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace qs::quant {
namespace {

graph::Site site(std::string name, graph::SiteKind kind, graph::Role role, int block)
{
    graph::Site result;
    result.name = std::move(name);
    result.kind = kind;
    result.role = role;
    result.block = block;
    return result;
}

graph::SiteTable smallTable()
{
    std::vector<graph::Site> sites{
        site("patch-embed.input", graph::SiteKind::Activation, graph::Role::PatchEmbed, -1),
        site("patch-embed.weight", graph::SiteKind::Weight, graph::Role::PatchEmbed, -1),
        site("blocks.0.fc2.input", graph::SiteKind::Activation, graph::Role::Fc2, 0),
        site("blocks.0.fc2.weight", graph::SiteKind::Weight, graph::Role::Fc2, 0),
        site("blocks.10.fc2.input", graph::SiteKind::Activation, graph::Role::Fc2, 10),
        site("blocks.10.ln.input", graph::SiteKind::Activation, graph::Role::LayerNormInput, 10),
    };
    sites.back().coverage = graph::Coverage::Full;
    for (std::size_t i = 0; i < sites.size(); ++i)
        sites[i].id = SiteId(i);
    return graph::SiteTable(std::move(sites));
}

SitePatch bits(int value)
{
    SitePatch patch;
    patch.bits = value;
    return patch;
}

Recipe fullRecipe()
{
    Recipe recipe = *presetRecipe("percentile-literal", 4, 6);
    recipe.coverage = graph::Coverage::Full;
    Rule rule;
    rule.match.kind = graph::SiteKind::Weight;
    rule.match.role = graph::Role::SoftmaxOutput;
    rule.match.block = -2;
    rule.match.name = "blocks.?.*";
    rule.set.bits = kFloatBits;
    rule.set.scheme = Scheme::Symmetric;
    rule.set.granularity = Granularity::Channel;
    rule.set.quantizer = "uniform";
    Estimator manual;
    manual.kind = EstimatorKind::Manual;
    manual.low = -0.1;
    manual.high = 1.0 / 3;
    rule.set.estimator = manual;
    recipe.rules.push_back(rule);
    recipe.overrides["blocks.0.fc2.input"] = bits(3);
    recipe.overrides["a \"quoted\" näme"].estimator = Estimator{EstimatorKind::Entropy, {0.9, 1.0}, 0, 0};
    recipe.overrides["empty"] = {};
    recipe.locked = {"x", "y"};
    return recipe;
}

TEST(Recipe, LaterChoicesWin)
{
    const auto table = smallTable();
    Recipe recipe = *presetRecipe("minmax", 4, 4);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(0)]).bits, 8); // the image
    EXPECT_EQ(settingsOf(recipe, table[SiteId(1)]).bits, 4);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(2)]).bits, 4);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(5)]).bits, kFloatBits); // outside the coverage

    Rule rule;
    rule.match.role = graph::Role::Fc2;
    rule.set.bits = 5;
    rule.set.scheme = Scheme::Symmetric;
    recipe.rules.push_back(rule);
    rule.match = {};
    rule.match.name = "blocks.10.*";
    rule.set = bits(6);
    recipe.rules.push_back(rule);
    recipe.overrides["blocks.0.fc2.weight"] = bits(7);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(2)]).bits, 5);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(3)]).bits, 7);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(4)]).bits, 6);
    EXPECT_EQ(settingsOf(recipe, table[SiteId(4)]).scheme, Scheme::Symmetric);
    recipe.coverage = graph::Coverage::Full;
    EXPECT_EQ(settingsOf(recipe, table[SiteId(5)]).bits, 6);
}

TEST(Selector, MatchesWildcards)
{
    const auto matches = [](std::string pattern, std::string name) {
        Selector selector;
        selector.name = std::move(pattern);
        return selector.matches(site(std::move(name), graph::SiteKind::Weight, graph::Role::Fc1, 3));
    };
    EXPECT_TRUE(matches("*", "anything"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("blocks.*.weight", "blocks.3.fc1.weight"));
    EXPECT_TRUE(matches("blocks.?.fc*", "blocks.3.fc1.weight"));
    EXPECT_FALSE(matches("blocks.?.fc*", "blocks.13.fc1.weight"));
    EXPECT_TRUE(matches("*a*b*", "xxabab"));
    EXPECT_FALSE(matches("*a*b*c", "xxabab"));
    EXPECT_FALSE(matches("", "x"));
    EXPECT_FALSE(matches("fc1", "fc1.weight"));
    Selector selector;
    EXPECT_TRUE(selector.matches(site("x", graph::SiteKind::Weight, graph::Role::Fc1, 3)));
    selector.block = 3;
    selector.kind = graph::SiteKind::Activation;
    EXPECT_FALSE(selector.matches(site("x", graph::SiteKind::Weight, graph::Role::Fc1, 3)));
}

TEST(Recipe, EditsAndResetsLeaveLockedSitesAlone)
{
    const auto table = smallTable();
    const std::vector<SiteId> which{SiteId(2), SiteId(3)};
    Recipe recipe;
    recipe.locked = {"blocks.0.fc2.weight"};
    recipe.overrides["blocks.0.fc2.weight"] = bits(5);
    const Recipe changed = edited(recipe, table, which, bits(3));
    EXPECT_EQ(changed.overrides.at("blocks.0.fc2.input"), bits(3));
    EXPECT_EQ(changed.overrides.at("blocks.0.fc2.weight"), bits(5));
    SitePatch scheme;
    scheme.scheme = Scheme::Symmetric;
    const Recipe twice = edited(changed, table, which, scheme);
    EXPECT_EQ(twice.overrides.at("blocks.0.fc2.input").bits, 3);
    EXPECT_EQ(twice.overrides.at("blocks.0.fc2.input").scheme, Scheme::Symmetric);
    EXPECT_EQ(reset(twice, table, which), recipe);
    EXPECT_EQ(edited(recipe, table, which, {}), recipe);
}

TEST(Recipe, NamesTheModelDoesNotHaveAreReported)
{
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    EXPECT_TRUE(unknownNames(recipe, smallTable()).empty());
    recipe.overrides["nowhere"] = bits(4);
    recipe.locked = {"blocks.0.fc2.input", "elsewhere"};
    Rule rule;
    rule.match.name = "stages.*";
    recipe.rules.push_back(rule);
    EXPECT_EQ(unknownNames(recipe, smallTable()), (std::vector<std::string>{"elsewhere", "nowhere", "stages.*"}));
}

TEST(Presets, AreListedAndChecked)
{
    ASSERT_GE(presets().size(), 2U);
    for (const Preset& preset : presets()) {
        const auto recipe = presetRecipe(preset.name, 8, 8);
        ASSERT_TRUE(recipe) << preset.name;
        EXPECT_EQ(recipe->preset, preset.name);
    }
    const auto unknown = presetRecipe("best", 8, 8);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::NotFound);
    EXPECT_NE(unknown.error().message.find("percentile"), std::string::npos);
    for (const int wrong : {1, 9, 0, -4, 16}) {
        EXPECT_EQ(presetRecipe("minmax", wrong, 8).error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(presetRecipe("minmax", 8, wrong).error().code, ErrorCode::InvalidArgument);
    }
    EXPECT_TRUE(presetRecipe("minmax", 4, kFloatBits));
}

TEST(RecipeJson, RoundTrips)
{
    for (const Recipe& recipe : {Recipe{}, *presetRecipe("minmax", 8, 8), fullRecipe()}) {
        const std::string text = recipeToJson(recipe);
        const auto copy = recipeFromJson(text);
        ASSERT_TRUE(copy) << copy.error().text();
        EXPECT_EQ(*copy, recipe);
        EXPECT_EQ(recipeToJson(*copy), text);
    }
}

TEST(RecipeJson, AbsentKeysKeepTheirDefaults)
{
    const auto recipe = recipeFromJson(R"({"format": "quantoscope-recipe", "version": 1, "weight": {"bits": 5}})");
    ASSERT_TRUE(recipe);
    Recipe expected;
    expected.weight.bits = 5;
    EXPECT_EQ(*recipe, expected);
}

TEST(RecipeJson, BadDocumentsNameThePlace)
{
    struct Bad {
        const char* body; ///< members after format and version
        const char* where;
    };
    const Bad documents[] = {
        {R"("weight": {"bits": 9})", "weight.bits"},
        {R"("weight": {"bits": 1})", "weight.bits"},
        {R"("weight": {"bits": 4.5})", "weight.bits"},
        {R"("activation": {"bits": "eight"})", "activation.bits"},
        {R"("activation": {"bits": 1e300})", "activation.bits"},
        {R"("activation": {"scheme": "lopsided"})", "activation.scheme"},
        {R"("activation": {"scheme": null})", "activation.scheme"},
        {R"("activation": {"granularity": 3})", "activation.granularity"},
        {R"("activation": {"quantizer": "log3"})", "activation.quantizer"},
        {R"("activation": {"quantizer": []})", "activation.quantizer"},
        {R"("activation": 8)", "activation"},
        {R"("activation": {"bit": 8})", "activation.bit"},
        {R"("activation": {"estimator": "minmax"})", "activation.estimator"},
        {R"("activation": {"estimator": {}})", "activation.estimator.kind"},
        {R"("activation": {"estimator": {"kind": "max"}})", "activation.estimator.kind"},
        {R"("activation": {"estimator": {"kind": "percentile", "percentiles": []}})",
         "activation.estimator.percentiles"},
        {R"("activation": {"estimator": {"kind": "percentile", "percentiles": [0.99, 99]}})",
         "activation.estimator.percentiles[1]"},
        {R"("activation": {"estimator": {"kind": "manual", "low": 1}})", "activation.estimator.high"},
        {R"("activation": {"estimator": {"kind": "manual", "low": 1, "high": 0}})", "activation.estimator.low"},
        {R"("activation": {"estimator": {"kind": "manual", "low": "a", "high": 0}})", "activation.estimator.low"},
        {R"("rules": {})", "rules"},
        {R"("rules": [{"match": {}, "set": {}}, 3])", "rules[1]"},
        {R"("rules": [{"match": {}}])", "rules[0].set"},
        {R"("rules": [{"match": {"role": "fc3"}, "set": {}}])", "rules[0].match.role"},
        {R"("rules": [{"match": {"kind": "bias"}, "set": {}}])", "rules[0].match.kind"},
        {R"("rules": [{"match": {"block": "x"}, "set": {}}])", "rules[0].match.block"},
        {R"("rules": [{"match": {"block": 99999999999}, "set": {}}])", "rules[0].match.block"},
        {R"("rules": [{"match": {"name": 7}, "set": {}}])", "rules[0].match.name"},
        {R"("rules": [{"match": {}, "set": {"bits": -4}}])", "rules[0].set.bits"},
        {R"("overrides": [])", "overrides"},
        {R"("overrides": {"blocks.3.fc2.input": {"bits": 33}}, "locked": [])",
         R"(overrides["blocks.3.fc2.input"].bits)"},
        {R"("locked": "all")", "locked"},
        {R"("locked": ["a", 2])", "locked[1]"},
        {R"("coverage": "everything")", "coverage"},
        {R"("preset": 4)", "preset"},
        {R"("bits": 8)", "bits"},
        {R"("weight": {"bits": 8, "bits": 4})", "bits"},
    };
    for (const Bad& bad : documents) {
        const std::string text = std::string(R"({"format": "quantoscope-recipe", "version": 1, )") + bad.body + "}";
        const auto recipe = recipeFromJson(text);
        ASSERT_FALSE(recipe) << bad.body;
        EXPECT_EQ(recipe.error().code, ErrorCode::InvalidArgument) << bad.body;
        EXPECT_EQ(recipe.error().where, bad.where) << recipe.error().message;
        EXPECT_FALSE(recipe.error().message.empty());
    }
}

TEST(RecipeJson, OtherDocumentsAreRefused)
{
    const auto code = [](const char* text) {
        const auto recipe = recipeFromJson(text);
        return recipe ? ErrorCode::Internal : recipe.error().code;
    };
    EXPECT_EQ(code(""), ErrorCode::Malformed);
    EXPECT_EQ(code("{\"format\": "), ErrorCode::Malformed);
    EXPECT_EQ(code("{\"a\": \"\xff\"}"), ErrorCode::Malformed);
    EXPECT_EQ(code("[]"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code("3"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code("{}"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code(R"({"format": "other", "version": 1})"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code(R"({"format": "quantoscope-recipe"})"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code(R"({"format": "quantoscope-recipe", "version": 0})"), ErrorCode::InvalidArgument);
    EXPECT_EQ(code(R"({"format": "quantoscope-recipe", "version": 2})"), ErrorCode::Unsupported);
    std::string deep;
    for (int i = 0; i < 100000; ++i)
        deep += '[';
    EXPECT_EQ(code(deep.c_str()), ErrorCode::Malformed);
}

TEST(RecipeFile, SavesAndLoads)
{
    const auto path = std::filesystem::temp_directory_path() / ("recipe-" + std::to_string(getpid()) + ".json");
    ASSERT_TRUE(saveRecipe(fullRecipe(), path));
    EXPECT_EQ(*loadRecipe(path), fullRecipe());
    std::ofstream(path) << R"({"format": "quantoscope-recipe", "version": 1, "locked": 1})";
    const auto bad = loadRecipe(path);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().where, path.string() + ": locked");
    std::filesystem::remove(path);
    EXPECT_EQ(loadRecipe(path).error().code, ErrorCode::NotFound);
}

} // namespace
} // namespace qs::quant
