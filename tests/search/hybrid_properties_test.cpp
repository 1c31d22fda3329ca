// Properties of Q-HyViT's search that follow from its definition.
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/search/hybrid_methods.h"
#include "core/search/hybrid_unit_error.h"
#include "tests/search/hybrid_testing.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <vector>

namespace qs::search {
namespace {

using graph::SiteKind;
using quant::Granularity;
using quant::Scheme;

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class HybridProperties : public HybridTest {
protected:
    /// sum (ô - o)² of the network that ends at the bridge block's output.
    double blockError(const quant::Recipe& recipe) const
    {
        const Tensor wanted = logits(*quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits));
        const Tensor found = logits(recipe);
        double sum = 0;
        for (std::size_t i = 0; i < found.floats().size(); ++i)
            sum += std::pow(static_cast<double>(found.floats()[i]) - wanted.floats()[i], 2);
        return sum;
    }
    void useWhole() { ASSERT_NO_FATAL_FAILURE(use(kHybridNetwork)); }
    void useUpToTheBlock()
    {
        const std::string text = kHybridNetwork.substr(0, kHybridNetwork.find("n:1x16x4"));
        ASSERT_NO_FATAL_FAILURE(use(text + "output t\n"));
    }
};

quant::SitePatch patchOf(const HybridCurve& curve, double factor)
{
    quant::SitePatch patch;
    patch.scheme = curve.scheme;
    patch.granularity = curve.granularity;
    patch.estimator = quant::Estimator{};
    patch.estimator->kind = quant::EstimatorKind::Scaled;
    patch.estimator->factor = factor;
    patch.objective = quant::Objective::InputError;
    return patch;
}

/// The first site of a block of two convolutions: every candidate's error at the block's output is that of the
/// network that ends there, and the smallest is chosen.
TEST_F(HybridProperties, TheBestOfAllCandidatesAtTheOutputOfABlock)
{
    m_options.importance = false;
    m_options.wholeCurves = true;
    m_recipe.activation.estimator.kind = m_recipe.weight.estimator.kind = quant::EstimatorKind::MinMaxHalf;
    m_recipe.activation.scheme = Scheme::Symmetric;
    const HybridResult result = search(m_recipe, m_options);
    const HybridChoice choice = choiceOf(result, "sr", SiteKind::Activation);
    ASSERT_EQ(choice.bridge, 0);
    ASSERT_EQ(choice.curves.size(), 4U);
    m_options.wholeCurves = false;
    EXPECT_EQ(choiceOf(search(m_recipe, m_options), "sr", SiteKind::Activation).factor, choice.factor);

    // The block alone; what comes before it in float.
    useUpToTheBlock();
    quant::Recipe recipe = m_recipe;
    for (const graph::Site& site : m_network->sites)
        if (site.valueName == "x" || site.valueName == "stem")
            recipe.overrides[site.name].bits = quant::kFloatBits;
    double smallest = blockError(recipe);
    EXPECT_NEAR(choice.before, smallest, 1e-5 * smallest);
    for (const HybridCurve& curve : choice.curves)
        for (std::size_t i = 0; i < result.factors.size(); ++i) {
            recipe.overrides[nameOf("sr", SiteKind::Activation)] = patchOf(curve, result.factors[i]);
            const double error = blockError(recipe);
            EXPECT_NEAR(curve.errors[i], error, 1e-5 * error);
            smallest = std::min(smallest, error);
        }
    EXPECT_NEAR(choice.after, smallest, 1e-5 * smallest);
}

/// With granularity and scheme as they are it is PTQ4ViT's search: the same grid, bit for bit.
TEST_F(HybridProperties, StepsAloneAreThoseOfPtq4vit)
{
    const std::string name = nameOf("m", SiteKind::Activation);
    for (const int bits : {3, 4, 6, 8}) {
        quant::Recipe recipe = *quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits);
        recipe.overrides[name].bits = bits;
        recipe.overrides[name].scheme = Scheme::Symmetric;
        m_options.importance = m_options.granularity = m_options.scheme = false;
        m_options.grid = {0.3, 1.2, 9, 1, false};
        const HybridResult result = search(recipe, m_options);
        ASSERT_EQ(result.choices.size(), 1U);
        ASSERT_EQ(result.choices[0].curves.size(), 1U);

        quant::Recipe other = recipe;
        other.overrides[name].estimator = quant::Estimator{};
        other.overrides[name].estimator->kind = quant::EstimatorKind::Search;
        other.overrides[name].estimator->search = m_options.grid;
        other.overrides[name].objective = quant::Objective::OutputError;
        const auto gridOf = [&](const quant::Recipe& of) {
            const auto plan = quant::resolve(*m_network, m_calibration, of, nullptr, {});
            EXPECT_TRUE(plan) << plan.error().text();
            return (**plan)[m_network->sites.find(name)].grid;
        };
        ASSERT_TRUE(result.choices[0].changed) << bits;
        EXPECT_EQ(gridOf(result.recipe).scale, gridOf(other).scale) << bits;
    }
}

/// What comes after a layer outside of bridges does not matter to it; inside of a bridge it does.
TEST_F(HybridProperties, OnlyBlocksLookDownstream)
{
    m_options.importance = false;
    const HybridResult first = search(m_recipe, m_options);
    ASSERT_NO_FATAL_FAILURE(use(replaced(kHybridNetwork, "hw:4x5 = random(8)", "hw:4x5 = random(28)")));
    const HybridResult otherHead = search(m_recipe, m_options);
    for (const HybridChoice& choice : otherHead.choices) {
        const graph::Site& site = m_network->sites[choice.site];
        if (site.valueName == "hw" || site.valueName == "m")
            continue;
        const HybridChoice& before = choiceOf(first, site.valueName, site.kind);
        EXPECT_EQ(choice.after, before.after) << site.name;
        EXPECT_EQ(choice.factor, before.factor) << site.name;
        EXPECT_EQ(choice.scheme, before.scheme) << site.name;
        EXPECT_EQ(choice.granularity, before.granularity) << site.name;
    }
    ASSERT_NO_FATAL_FAILURE(use(replaced(kHybridNetwork, "pw:4x4x1x1 = random(3)", "pw:4x4x1x1 = random(23)")));
    const HybridResult otherBlock = search(m_recipe, m_options);
    EXPECT_NE(choiceOf(otherBlock, "sr", SiteKind::Activation).before,
              choiceOf(first, "sr", SiteKind::Activation).before);
    EXPECT_EQ(choiceOf(otherBlock, "x", SiteKind::Activation).after,
              choiceOf(first, "x", SiteKind::Activation).after); // the stem, which is before the block
}

/// Of the first site of every layer and block, where the searches still have the same in front of them.
TEST_F(HybridProperties, WiderSearchesAreNoWorseOnAnyLayer)
{
    const auto resultOf = [&](std::string_view method) {
        const HybridMethod* found = findHybridMethod(method);
        EXPECT_NE(found, nullptr);
        return search(*hybridStart(*found, 4, 4), hybridOptions(*found, m_options));
    };
    const HybridResult scale = resultOf("q-hyvit-scale");
    const HybridResult granularity = resultOf("q-hyvit-granularity");
    const HybridResult whole = resultOf("q-hyvit");
    std::set<SiteId> firsts;
    for (const HybridUnit& unit : hybridUnits(*m_network, [](const graph::Site&) { return true; }))
        firsts.insert(unit.sites.front());
    std::size_t compared = 0;
    for (std::size_t i = 0; i < whole.choices.size(); ++i) {
        if (!firsts.contains(whole.choices[i].site))
            continue;
        ++compared;
        EXPECT_LE(granularity.choices[i].after, scale.choices[i].after);
        EXPECT_LE(whole.choices[i].after, granularity.choices[i].after);
    }
    EXPECT_GE(compared, 4U);
    for (const HybridChoice& choice : scale.choices)
        EXPECT_EQ(choice.scheme, Scheme::Symmetric);
    for (const HybridChoice& choice : granularity.choices)
        EXPECT_EQ(choice.scheme, Scheme::Symmetric);
}

/// All gradients c times as large: the same choices.
TEST_F(HybridProperties, TheScaleOfTheImportanceDoesNotMatter)
{
    const auto units = hybridUnits(*m_network, [](const graph::Site& site) { return site.valueName == "m"; });
    ASSERT_EQ(units.size(), 1U);
    const SiteId site = units[0].sites[0];
    const auto fill = [&](TensorId id, float step) {
        Tensor tensor(DType::Float32, m_network->graph.value(id).shape);
        float value = 0.3F;
        for (float& element : tensor.mutableData<float>())
            element = value = std::fmod(value * 1.7F + step, 2.0F);
        return tensor;
    };
    const auto bestWith = [&](float c) {
        UnitRun run{{fill(units[0].inputs[0], 0.1F)}, {fill(units[0].outputs[0], 0.3F)}, {}};
        run.importance.push_back(fill(units[0].outputs[0], 0.7F));
        for (float& value : run.importance[0].mutableData<float>())
            value *= c;
        std::map<SiteId, SiteOperand> operands;
        UnitError error(*m_network, units[0], {&run, 1}, operands);
        EXPECT_TRUE(error.choose(site));
        std::size_t best = 0;
        double smallest = HUGE_VAL;
        for (std::size_t i = 1; i < 60; ++i) {
            const auto map =
                quant::makeUniformMap(quant::uniformGrid(0, 0.05 * static_cast<double>(i), 3, Scheme::Asymmetric));
            const double found = *error.error({map, {}});
            if (found < smallest) {
                smallest = found;
                best = i;
            }
        }
        return best;
    };
    EXPECT_EQ(bestWith(1), bestWith(0.001F));
    EXPECT_EQ(bestWith(1), bestWith(64));
}

/// A bridge whose channels lie far above 0: asymmetric by channel with clamped zero points loses them, the search
/// does not.
TEST_F(HybridProperties, ABridgeWithOffsetsIsSavedByTheSearch)
{
    std::string text = replaced(kHybridNetwork, "s:1x4x4x4 = Conv(x, stem)", "s:1x4x4x4 = Conv(x, stem, up)");
    text =
        replaced(std::move(text), "g:4 = [1 1 1 1]", "g:4 = [1 1 1 1]\nup:4 = [9 14 11 20]\nlift:4 = [30 40 35 50]");
    text = replaced(std::move(text), "a:1x4x4x4 = Conv(sr, c1)", "a:1x4x4x4 = Conv(sr, c1, lift)");
    text = replaced(std::move(text), "a2:1x4x4x4 = Silu(a)", "a2:1x4x4x4 = Relu(a)");
    ASSERT_NO_FATAL_FAILURE(use(text));
    ASSERT_EQ(m_network->sites.bridges().size(), 1U);
    quant::Recipe recipe = *quant::presetRecipe("minmax", 8, 8);
    recipe.activation.granularity = Granularity::Channel;
    recipe.activation.zeroPoint = quant::ZeroPoint::Clamped;
    for (const bool importance : {false, true}) {
        m_options.importance = importance;
        m_options.grid.rounds = 3;
        const HybridResult result = search(recipe, m_options);
        std::vector<HybridChoice> ofBlock;
        std::ranges::copy_if(result.choices, std::back_inserter(ofBlock),
                             [](const HybridChoice& choice) { return choice.bridge == 0; });
        ASSERT_EQ(ofBlock.size(), 4U);
        const double before = ofBlock.front().before; // the block as the recipe has it
        const double after = ofBlock.back().after;
        EXPECT_GT(before, 10 * after);
        EXPECT_GT(after, 0);
    }
}

} // namespace
} // namespace qs::search
