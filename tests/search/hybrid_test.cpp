#include "core/search/hybrid_search.h"

#include "core/base/thread_pool.h"
#include "core/quant/presets.h"
#include "core/search/hybrid_unit_error.h"
#include "tests/search/hybrid_testing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stop_token>

#include <gtest/gtest.h>

namespace qs::search {
namespace {

using quant::Granularity;
using quant::Scheme;

class HybridSearch : public HybridTest {};

/// Only the classifier's input is quantized, so the error of its layer is that of the logits.
TEST_F(HybridSearch, FindsTheBestOfAllCandidates)
{
    quant::Recipe recipe = *quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits);
    const std::string name = nameOf("m", graph::SiteKind::Activation);
    recipe.overrides[name].bits = 4;
    const Tensor wanted = logits(*quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits));
    const auto errorOf = [&](const quant::Recipe& tried) {
        const Tensor found = logits(tried);
        double sum = 0;
        for (std::size_t i = 0; i < found.floats().size(); ++i)
            sum += std::pow(static_cast<double>(found.floats()[i]) - wanted.floats()[i], 2);
        return sum;
    };
    m_options.importance = false;
    m_options.wholeCurves = true;
    const HybridResult result = search(recipe, m_options);
    ASSERT_EQ(result.choices.size(), 1U);
    const HybridChoice& choice = result.choices[0];
    ASSERT_EQ(choice.curves.size(), 4U);
    double smallest = errorOf(recipe);
    EXPECT_NEAR(choice.before, smallest, 1e-6 * smallest);
    for (const HybridCurve& curve : choice.curves)
        for (std::size_t i = 0; i < result.factors.size(); ++i) {
            quant::SitePatch& patch = recipe.overrides[name];
            patch.scheme = curve.scheme;
            patch.granularity = curve.granularity;
            patch.estimator = quant::Estimator{};
            patch.estimator->kind = quant::EstimatorKind::Scaled;
            patch.estimator->factor = result.factors[i];
            const double error = errorOf(recipe);
            EXPECT_NEAR(curve.errors[i], error, 1e-5 * error + 1e-9);
            smallest = std::min(smallest, error);
        }
    EXPECT_NEAR(choice.after, smallest, 1e-5 * smallest);
    EXPECT_NEAR(errorOf(result.recipe), smallest, 1e-5 * smallest); // the recipe says what was found
}

TEST_F(HybridSearch, WiderSearchesAreNoWorseInTheObjective)
{
    HybridOptions scale = m_options;
    scale.granularity = scale.scheme = false;
    HybridOptions granularity = m_options;
    granularity.scheme = false;
    const double onlyScale = search(m_recipe, scale).choices[0].after;
    const double withGranularity = search(m_recipe, granularity).choices[0].after;
    const HybridResult whole = search(m_recipe, m_options);
    EXPECT_LE(withGranularity, onlyScale);
    EXPECT_LE(whole.choices[0].after, withGranularity);
    EXPECT_LT(whole.choices[0].after, whole.choices[0].before);
    for (const HybridChoice& choice : whole.choices)
        EXPECT_LE(choice.after, choice.before) << m_network->sites[choice.site].name;
}

TEST_F(HybridSearch, BridgesAreJudgedByTheirOutput)
{
    ASSERT_EQ(m_network->sites.bridges().size(), 1U);
    m_options.importance = false;
    const HybridResult block = search(m_recipe, m_options);
    HybridOptions apart = m_options;
    apart.bridges = false;
    const HybridResult own = search(m_recipe, apart);
    using graph::SiteKind;
    const HybridChoice& inBlock = choiceOf(block, "sr", SiteKind::Activation);
    EXPECT_EQ(inBlock.bridge, 0);
    EXPECT_EQ(choiceOf(own, "sr", SiteKind::Activation).bridge, -1);
    EXPECT_NE(inBlock.before, choiceOf(own, "sr", SiteKind::Activation).before);
    // A layer outside is judged by itself, whatever surrounds it.
    EXPECT_EQ(choiceOf(block, "n", SiteKind::Activation).bridge, -1);
    EXPECT_EQ(choiceOf(block, "n", SiteKind::Activation).before, choiceOf(own, "n", SiteKind::Activation).before);
}

TEST_F(HybridSearch, ThreadsAndMemoryDoNotMatter)
{
    m_options.grid.rounds = 2;
    const HybridResult one = search(m_recipe, m_options);
    EXPECT_GT(one.loss, 0);
    ThreadPool pool(3);
    Context context;
    context.pool = &pool;
    HybridOptions narrow = m_options;
    narrow.memoryBytes = 1; // a group a unit
    for (const HybridOptions& options : {m_options, narrow}) {
        const HybridResult many = search(m_recipe, options, context);
        EXPECT_EQ(many.recipe, one.recipe);
        ASSERT_EQ(many.choices.size(), one.choices.size());
        for (std::size_t i = 0; i < one.choices.size(); ++i)
            EXPECT_EQ(many.choices[i].after, one.choices[i].after);
    }
}

TEST_F(HybridSearch, LockedSitesAndIntegerActivationsAreLeftAlone)
{
    const std::string locked = m_network->sites[SiteId(0)].name;
    m_recipe.locked.insert(locked);
    m_options.channelActivations = false;
    const HybridResult result = search(m_recipe, m_options);
    EXPECT_FALSE(result.recipe.overrides.contains(locked));
    EXPECT_FALSE(result.recipe.overrides.empty());
    for (const HybridChoice& choice : result.choices) {
        EXPECT_NE(m_network->sites[choice.site].name, locked);
        if (m_network->sites[choice.site].kind == graph::SiteKind::Activation) {
            EXPECT_EQ(choice.granularity, Granularity::Tensor);
        }
    }
    const std::string csv = choicesToCsv(m_network->sites, result);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv, '\n')), result.choices.size() + 1);
}

TEST_F(HybridSearch, RefusesWhatItCannotSearch)
{
    const auto error = [&](const quant::Recipe& recipe, const Context& context = {}) {
        const auto result = searchHybrid(*m_network, m_calibration, recipe, m_images, m_options, context);
        return result ? ErrorCode{} : result.error().code;
    };
    EXPECT_EQ(error(*quant::presetRecipe("sq-b", 4, 4)), ErrorCode::InvalidArgument);
    EXPECT_EQ(error(*quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits)),
              ErrorCode::InvalidArgument);
    std::stop_source stop;
    stop.request_stop();
    Context stopped;
    stopped.stop = stop.get_token();
    EXPECT_EQ(error(m_recipe, stopped), ErrorCode::Cancelled);
    m_options.grid.high = 0;
    EXPECT_EQ(error(m_recipe), ErrorCode::InvalidArgument);
}

/// Importances of 1 are none; their size does not matter for what is best.
TEST_F(HybridSearch, ImportanceWeighsSquares)
{
    const auto units = hybridUnits(*m_network, [](const graph::Site& site) { return site.valueName == "m"; });
    ASSERT_EQ(units.size(), 1U);
    ASSERT_EQ(units[0].outputs.size(), 1U);
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    const auto filled = [&](TensorId id) {
        Tensor tensor(DType::Float32, m_network->graph.value(id).shape);
        for (float& value : tensor.mutableData<float>())
            value = normal(random);
        return tensor;
    };
    std::vector<UnitRun> runs(3);
    for (UnitRun& run : runs) {
        run.inputs.push_back(filled(units[0].inputs[0]));
        run.outputs.push_back(filled(units[0].outputs[0]));
    }
    std::map<SiteId, SiteOperand> operands;
    const auto errorWith = [&](float importance) {
        std::vector<UnitRun> weighed = runs;
        if (importance > 0)
            for (UnitRun& run : weighed) {
                Tensor all(DType::Float32, run.outputs[0].shape());
                std::ranges::fill(all.mutableData<float>(), importance);
                run.importance = {all};
            }
        UnitError error(*m_network, units[0], weighed, operands);
        EXPECT_TRUE(error.choose(units[0].sites[0]));
        return error.error({}).value();
    };
    EXPECT_EQ(errorWith(1), errorWith(0));
    EXPECT_NEAR(errorWith(4), 4 * errorWith(1), 1e-9 * errorWith(4));
}

} // namespace
} // namespace qs::search
