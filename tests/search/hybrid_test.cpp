#include "core/search/hybrid_search.h"

#include "core/base/thread_pool.h"
#include "core/exec/run_images.h"
#include "core/quant/plan.h"
#include "core/search/hybrid_unit_error.h"
#include "tests/support/noise_images.h"

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

/// Convolutions, an attention over their pixels, a classifier: the convolutions a and b are a bridge block.
constexpr const char* kNetwork = R"(
input x:1x3x8x8
stem:4x3x3x3 = random(1)
c1:4x4x3x3 = random(2)
pw:4x4x1x1 = random(3)
w:4x4 = random(4)
w3:4x12 = random(5)
hw:4x5 = random(8)
g:4 = [1 1 1 1]
s:1x4x4x4 = Conv(x, stem) strides=[2 2] pads=[1 1 1 1] group=1
sr:1x4x4x4 = Relu(s)
a:1x4x4x4 = Conv(sr, c1) pads=[1 1 1 1] group=1
a2:1x4x4x4 = Silu(a)
b:1x4x4x4 = Conv(a2, pw) group=1
f:1x4x16 = Reshape(b) shape=[1 4 16]
t:1x16x4 = Transpose(f) perm=[0 2 1]
n:1x16x4 = LayerNormalization(t, g, g) axis=2
qkv:1x16x12 = Linear(n, w3)
q:1x16x4, k:1x16x4, v:1x16x4 = Split(qkv) axis=2 split=[4 4 4]
kt:1x4x16 = Transpose(k) perm=[0 2 1]
sc:1x16x16 = MatMul(q, kt)
at:1x16x16 = Softmax(sc) axis=2
o:1x16x4 = MatMul(at, v)
pr:1x16x4 = Linear(o, w)
r:1x16x4 = Add(t, pr)
m:1x4 = ReduceMean(r) axes=[1] keepdims=0
y:1x5 = Linear(m, hw)
output y
)";

class HybridSearch : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto graph = graph::parse(kNetwork);
        ASSERT_TRUE(graph) << graph.error().text();
        m_graph.emplace(std::move(*graph));
        m_sites = graph::findSites(*m_graph);
        auto calibration = stats::calibrate(*m_graph, m_sites, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
        m_recipe = *quant::presetRecipe("minmax", 4, 4);
        m_options.grid = {0.1, 1.2, 11, 1, false};
    }

    HybridResult search(const quant::Recipe& recipe, const HybridOptions& options, const Context& context = {}) const
    {
        auto result = searchHybrid(*m_graph, m_sites, m_calibration, recipe, m_images, options, context);
        EXPECT_TRUE(result) << result.error().text();
        return std::move(*result);
    }
    const HybridChoice& choiceOf(const HybridResult& result, std::string_view value, graph::SiteKind kind) const
    {
        for (const HybridChoice& choice : result.choices)
            if (m_sites[choice.site].valueName == value && m_sites[choice.site].kind == kind)
                return choice;
        ADD_FAILURE() << "no choice for " << value;
        return result.choices.front();
    }
    Tensor logits(const quant::Recipe& recipe) const
    {
        const auto plan = quant::resolve(*m_graph, m_sites, m_calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        const auto program = exec::Program::compile(*m_graph, m_sites, (*plan)->simulation, {});
        return exec::runImages(*program, m_images, 0, m_images.size(), {}, "test").value();
    }

    std::optional<graph::Graph> m_graph;
    graph::SiteTable m_sites;
    test::NoiseImages m_images{6};
    std::shared_ptr<const stats::Calibration> m_calibration;
    quant::Recipe m_recipe;
    HybridOptions m_options;
};

/// Only the classifier's input is quantized, so the error of its layer is that of the logits.
TEST_F(HybridSearch, FindsTheBestOfAllCandidates)
{
    quant::Recipe recipe = *quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits);
    std::string name;
    for (const graph::Site& site : m_sites)
        if (site.valueName == "m" && site.kind == graph::SiteKind::Activation)
            name = site.name;
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
        EXPECT_LE(choice.after, choice.before) << m_sites[choice.site].name;
}

TEST_F(HybridSearch, BridgesAreJudgedByTheirOutput)
{
    ASSERT_EQ(m_sites.bridges().size(), 1U);
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
    const std::string locked = m_sites[SiteId(0)].name;
    m_recipe.locked.insert(locked);
    m_options.channelActivations = false;
    const HybridResult result = search(m_recipe, m_options);
    EXPECT_FALSE(result.recipe.overrides.contains(locked));
    EXPECT_FALSE(result.recipe.overrides.empty());
    for (const HybridChoice& choice : result.choices) {
        EXPECT_NE(m_sites[choice.site].name, locked);
        if (m_sites[choice.site].kind == graph::SiteKind::Activation) {
            EXPECT_EQ(choice.granularity, Granularity::Tensor);
        }
    }
    const std::string csv = choicesToCsv(m_sites, result);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv, '\n')), result.choices.size() + 1);
}

TEST_F(HybridSearch, RefusesWhatItCannotSearch)
{
    const auto error = [&](const quant::Recipe& recipe, const Context& context = {}) {
        const auto result = searchHybrid(*m_graph, m_sites, m_calibration, recipe, m_images, m_options, context);
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
    const auto units = hybridUnits(*m_graph, m_sites, [](const graph::Site& site) { return site.valueName == "m"; });
    ASSERT_EQ(units.size(), 1U);
    ASSERT_EQ(units[0].outputs.size(), 1U);
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    const auto filled = [&](TensorId id) {
        Tensor tensor(DType::Float32, m_graph->value(id).shape);
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
        UnitError error(*m_graph, m_sites, units[0], weighed, operands);
        EXPECT_TRUE(error.choose(units[0].sites[0]));
        return error.error({}).value();
    };
    EXPECT_EQ(errorWith(1), errorWith(0));
    EXPECT_NEAR(errorWith(4), 4 * errorWith(1), 1e-9 * errorWith(4));
}

} // namespace
} // namespace qs::search
