#include "core/base/thread_pool.h"
#include "core/graph/find_sites.h"
#include "core/quant/bias.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/quant/site_resolver.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::quant {
namespace {

class Resolve : public ::testing::Test {
protected:
    std::shared_ptr<const Plan> resolved(const Recipe& recipe, const Plan* previous = nullptr,
                                         ThreadPool* pool = nullptr) const
    {
        Context context;
        context.pool = pool;
        auto plan = resolve(m_vit, m_calibration, recipe, previous, context);
        EXPECT_TRUE(plan) << plan.error().text();
        return plan ? *plan : nullptr;
    }
    std::span<const float> weightOf(SiteId id) const
    {
        return m_vit.graph.value(m_vit.sites[id].tensor).constant.floats();
    }

    test::SmallVit m_vit = test::smallVit();
    std::shared_ptr<const stats::Calibration> m_calibration = test::madeUpCalibration(m_vit.sites);
};

bool same(const Tensor& a, const Tensor& b)
{
    if (a.empty() || b.empty())
        return a.empty() == b.empty();
    return a.dtype() == b.dtype() && a.shape() == b.shape() &&
           std::equal(a.bytes(), a.bytes() + a.sizeBytes(), b.bytes());
}

bool sameNumber(double a, double b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

TEST_F(Resolve, WeightsAreMinMaxByOutputChannel)
{
    const auto plan = resolved(*presetRecipe("minmax", 4, 8));
    const SiteId id = m_vit.at("f1", 1);
    ASSERT_TRUE(id.valid());
    const SitePlan& weight = (*plan)[id];
    const auto values = weightOf(id); // [8, 16]
    ASSERT_EQ(weight.grid.scale.size(), 16U);
    EXPECT_EQ(weight.grid.qmax, 7);
    for (std::size_t c = 0; c < 16; ++c) {
        float largest = 0;
        for (std::size_t i = 0; i < 8; ++i)
            largest = std::max(largest, std::abs(values[i * 16 + c]));
        EXPECT_EQ(weight.grid.scale[c], static_cast<float>(static_cast<double>(largest) / 7));
        for (std::size_t i = 0; i < 8; ++i) {
            const std::size_t at = i * 16 + c;
            EXPECT_EQ(weight.codes.data<int8_t>()[at], std::nearbyint(values[at] / weight.grid.scale[c]));
            EXPECT_EQ(weight.dequantized.floats()[at],
                      static_cast<float>(weight.codes.data<int8_t>()[at]) * weight.grid.scale[c]);
        }
    }
    const SiteId patch = m_vit.at("p0", 1); // [8, 3, 4, 4]
    EXPECT_EQ((*plan)[patch].grid.scale.size(), 8U);
    float largest = 0;
    for (const float value : weightOf(patch).first(48))
        largest = std::max(largest, std::abs(value));
    EXPECT_EQ((*plan)[patch].grid.scale[0], static_cast<float>(static_cast<double>(largest) / 7));
}

TEST_F(Resolve, AsymmetricWeightsFitInt8)
{
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    recipe.weight.scheme = Scheme::Asymmetric;
    recipe.weight.granularity = Granularity::Tensor;
    const auto plan = resolved(recipe);
    const SiteId id = m_vit.at("f1", 1);
    const SitePlan& weight = (*plan)[id];
    EXPECT_EQ(weight.grid.qmin, -128);
    EXPECT_EQ(weight.grid.qmax, 127);
    for (std::size_t i = 0; i < weightOf(id).size(); ++i)
        EXPECT_NEAR(weight.dequantized.floats()[i], weightOf(id)[i], 0.5001 * weight.grid.scale[0]);
    // Integer kernels add codes up without a zero point only.
    for (const graph::Site& site : m_vit.sites)
        if (site.kind == graph::SiteKind::Weight) {
            EXPECT_EQ(plan->biases.contains(site.uses.front().node), (*plan)[site.id].grid.zeroPoint[0] == 0);
        }
}

TEST_F(Resolve, SimulatesWhatThePlanSays)
{
    const auto plan = resolved(*presetRecipe("percentile-literal", 8, 8));
    for (const graph::Site& site : m_vit.sites) {
        const SitePlan& numbers = (*plan)[site.id];
        const bool covered = site.coverage == graph::Coverage::MatMul;
        EXPECT_EQ(numbers.quantized(), covered) << site.name;
        if (site.kind == graph::SiteKind::Activation)
            EXPECT_EQ(plan->simulation.activations[site.id.index()], numbers.map);
        else
            for (const graph::Use& use : site.uses)
                EXPECT_EQ(plan->simulation.constants.at(use).storageKey(), numbers.dequantized.storageKey());
    }
    // patch, q, k, v, proj, fc1, fc2, head
    EXPECT_EQ(plan->biases.size(), 8U);
    for (const auto& [node, bias] : plan->biases) {
        const float input = (*plan)[m_vit.sites.at({node, 0})].grid.scale[0];
        const auto& weight = (*plan)[m_vit.sites.at({node, 1})].grid.scale;
        const auto values = m_vit.graph.value(m_vit.graph.node(node).inputs[2]).constant.floats();
        const auto simulated = plan->simulation.constants.at({node, 2}).floats();
        ASSERT_EQ(bias->codes.size(), values.size());
        for (std::size_t c = 0; c < values.size(); ++c) {
            EXPECT_EQ(bias->scale[c], input * weight[c]);
            EXPECT_EQ(simulated[c], static_cast<float>(bias->codes[c]) * bias->scale[c]);
            EXPECT_LE(std::abs(simulated[c] - values[c]), 0.51F * bias->scale[c]);
        }
    }
}

TEST_F(Resolve, FloatSitesLeaveNoTrace)
{
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    recipe.activation.bits = kFloatBits;
    recipe.rules.clear();
    auto plan = resolved(recipe);
    EXPECT_TRUE(plan->biases.empty()); // the bias stays float without an integer input
    EXPECT_TRUE(std::ranges::all_of(plan->simulation.activations, [](const auto& map) { return !map; }));
    EXPECT_FALSE(plan->simulation.constants.empty());
    recipe.weight.bits = kFloatBits;
    plan = resolved(recipe);
    EXPECT_TRUE(plan->simulation.constants.empty());
    EXPECT_EQ(plan->meanWeightBits, 32);
    EXPECT_EQ(plan->meanActivationBits, 32);
    const auto withoutCalibration = resolve(m_vit, nullptr, recipe, nullptr, {});
    EXPECT_TRUE(withoutCalibration);
    const auto missing = resolve(m_vit, nullptr, *presetRecipe("minmax", 8, 8), nullptr, {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::InvalidArgument);
}

TEST_F(Resolve, AnEditCostsOneSite)
{
    const Recipe before = *presetRecipe("minmax", 8, 8);
    const auto first = resolved(before);
    const SiteId id = m_vit.at("f2", 0);
    SitePatch patch;
    patch.bits = 4;
    const auto second = resolved(edited(before, m_vit.sites, std::vector{id}, patch), first.get());
    for (const graph::Site& site : m_vit.sites)
        EXPECT_EQ(first->sites[site.id.index()] == second->sites[site.id.index()], site.id != id) << site.name;
    const NodeId fc2 = m_vit.sites[id].uses.front().node;
    for (const auto& [node, bias] : second->biases) {
        EXPECT_EQ(bias == first->biases.at(node), node != fc2);
        EXPECT_EQ(second->simulation.constants.at({node, 2}).storageKey() ==
                      first->simulation.constants.at({node, 2}).storageKey(),
                  node != fc2);
    }
    // The shared plan equals one made from nothing.
    const auto fresh = resolved(second->recipe);
    EXPECT_EQ(fresh->modelBytes, second->modelBytes);
    EXPECT_EQ(fresh->bops, second->bops);
    EXPECT_EQ(fresh->biases.at(fc2)->codes, second->biases.at(fc2)->codes);
    // Another calibration: nothing may be taken over.
    m_calibration = test::madeUpCalibration(m_vit.sites, 3);
    const auto other = resolved(before, first.get());
    EXPECT_NE(other->sites[id.index()], first->sites[id.index()]);
}

TEST_F(Resolve, DoesNotDependOnThreads)
{
    Recipe recipe = *presetRecipe("percentile-literal", 5, 6);
    recipe.weight.estimator.kind = EstimatorKind::Mse;
    recipe.activation.granularity = Granularity::Channel;
    recipe.coverage = graph::Coverage::Full;
    ThreadPool pool(3);
    const auto a = resolved(recipe);
    const auto b = resolved(recipe, nullptr, &pool);
    for (const graph::Site& site : m_vit.sites) {
        const SitePlan& left = (*a)[site.id];
        const SitePlan& right = (*b)[site.id];
        EXPECT_EQ(left.grid.scale, right.grid.scale);
        EXPECT_EQ(left.grid.zeroPoint, right.grid.zeroPoint);
        EXPECT_TRUE(same(left.codes, right.codes));
        EXPECT_TRUE(same(left.dequantized, right.dequantized));
        EXPECT_TRUE(sameNumber(left.error.sqnrDb, right.error.sqnrDb));
        EXPECT_TRUE(sameNumber(left.error.outputError, right.error.outputError));
    }
    EXPECT_EQ(a->warnings, b->warnings);
}

TEST_F(Resolve, OneSiteAloneIsTheSameAsInThePlan)
{
    for (const char* preset : {"minmax", "percentile"}) {
        const auto plan = resolved(*presetRecipe(preset, 6, 6));
        for (const graph::Site& site : m_vit.sites) {
            const SitePlan& expected = (*plan)[site.id];
            const auto alone = resolveSite(m_vit.graph, site, *m_calibration, expected.settings);
            ASSERT_TRUE(alone) << alone.error().text();
            EXPECT_EQ(alone->grid.scale, expected.grid.scale);
            EXPECT_TRUE(same(alone->codes, expected.codes));
            EXPECT_EQ(alone->error.sqnrDb, expected.error.sqnrDb);
            EXPECT_TRUE(sameNumber(alone->error.outputError, expected.error.outputError)) << site.name;
        }
    }
}

TEST_F(Resolve, ErrorsShrinkWithBits)
{
    for (const graph::Site& site : m_vit.sites) {
        double last = -std::numeric_limits<double>::infinity();
        double lastOutput = std::numeric_limits<double>::infinity();
        for (int bits = 2; bits <= 8; bits += 2) {
            SiteSettings settings;
            settings.bits = bits;
            settings.scheme = Scheme::Symmetric;
            const auto plan = resolveSite(m_vit.graph, site, *m_calibration, settings);
            ASSERT_TRUE(plan);
            EXPECT_GT(plan->error.sqnrDb, last + 3) << site.name << " " << bits;
            EXPECT_EQ(plan->error.clippedShare, 0);
            EXPECT_EQ(plan->error.roundingShare, 1);
            last = plan->error.sqnrDb;
            const double output = plan->error.outputError;
            const bool product = site.role == graph::Role::Fc1 || site.role == graph::Role::Fc2;
            EXPECT_TRUE(!product || (output > 0 && output < lastOutput)) << site.name << " " << output;
            lastOutput = output;
        }
    }
}

TEST_F(Resolve, OutputErrorIsThatOfTheProduct)
{
    const SiteId input = m_vit.at("f1", 0);
    const SiteId weight = m_vit.at("f1", 1);
    const auto plan = resolved(*presetRecipe("minmax", 3, 3));
    const Tensor& rows = m_calibration->sites[input.index()].sample;
    std::vector<float> quantizedRows(rows.floats().size());
    (*plan)[input].map->apply(rows.floats().data(), quantizedRows.data(), {rows.shape()[0], 8, 1});
    const auto ratio = [&](std::span<const float> x, std::span<const float> w) {
        double error = 0;
        double signal = 0;
        for (std::size_t r = 0; r < static_cast<std::size_t>(rows.shape()[0]); ++r) {
            for (std::size_t n = 0; n < 16; ++n) {
                double y = 0;
                double yq = 0;
                for (std::size_t k = 0; k < 8; ++k) {
                    y += static_cast<double>(rows.floats()[r * 8 + k]) * weightOf(weight)[k * 16 + n];
                    yq += static_cast<double>(x[r * 8 + k]) * w[k * 16 + n];
                }
                error += (y - yq) * (y - yq);
                signal += y * y;
            }
        }
        return error / signal;
    };
    EXPECT_NEAR((*plan)[input].error.outputError / ratio(quantizedRows, weightOf(weight)), 1, 1e-4);
    EXPECT_NEAR((*plan)[weight].error.outputError / ratio(rows.floats(), (*plan)[weight].dequantized.floats()), 1,
                1e-4);
    EXPECT_TRUE(std::isnan((*plan)[m_vit.at("qk", 0)].error.outputError));
}

TEST_F(Resolve, CountsBitsBytesAndOperations)
{
    const auto wide = resolved(*presetRecipe("minmax", 8, 8));
    EXPECT_EQ(wide->meanWeightBits, 8);
    EXPECT_EQ(wide->meanActivationBits, 8);
    // patch 8·3·16·4, q k v proj 4·64 each, Q·Kᵀ and A·V 2·4·4·4 each, fc1 fc2 4·128 each, head 40.
    const double macs = 8 * 48 * 4 + 4 * 256 + 2 * 128 + 2 * 512 + 40;
    EXPECT_EQ(wide->bops, macs * 64);
    const auto narrow = resolved(*presetRecipe("minmax", 4, 8));
    EXPECT_EQ(narrow->meanWeightBits, 4);
    EXPECT_EQ(narrow->bops, (macs - 256) * 32 + 256 * 64); // products of activations have no weights
    int64_t weights = 0;
    for (const graph::Site& site : m_vit.sites)
        weights += site.kind == graph::SiteKind::Weight ? site.elements() : 0;
    EXPECT_EQ(wide->modelBytes - narrow->modelBytes, static_cast<std::size_t>(weights / 2));
}

TEST_F(Resolve, WarnsOfClippingConstantsAndDeadChannels)
{
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    Estimator narrow;
    narrow.kind = EstimatorKind::Manual;
    narrow.low = -0.1;
    narrow.high = 0.1;
    recipe.overrides[m_vit.sites[m_vit.at("f1", 0)].name].estimator = narrow;
    const auto plan = resolved(recipe);
    ASSERT_EQ(plan->warnings.size(), 1U);
    EXPECT_NE(plan->warnings[0].find("clipped"), std::string::npos);

    auto data = m_vit.graph.data();
    for (graph::Value& value : data.values)
        if (value.name == "fc1.w")
            for (std::size_t i = 0; i < 8; ++i)
                value.constant.mutableData<float>()[i * 16 + 2] = 0;
    m_vit.graph = *graph::Graph::create(std::move(data));
    m_vit.sites = graph::findSites(m_vit.graph);
    const auto dead = resolved(*presetRecipe("minmax", 8, 8));
    ASSERT_EQ(dead->warnings.size(), 1U);
    EXPECT_NE(dead->warnings[0].find("1 of 16 output channels"), std::string::npos);
    EXPECT_EQ((*dead)[m_vit.at("f1", 1)].grid.scale[2], 1);
}

TEST_F(Resolve, NamesTheSiteOfABadSetting)
{
    const std::string name = m_vit.sites[m_vit.at("f1", 0)].name;
    const auto errorOf = [&](const SitePatch& patch) {
        Recipe recipe = *presetRecipe("minmax", 8, 8);
        recipe.overrides[name] = patch;
        const auto plan = resolve(m_vit, m_calibration, recipe, nullptr, {});
        return plan ? Error{} : plan.error();
    };
    SitePatch bits;
    bits.bits = 12;
    SitePatch quantizer;
    quantizer.quantizer = "log7";
    SitePatch estimator;
    estimator.estimator = Estimator{EstimatorKind::Manual, {}, 1, 0};
    for (const SitePatch& patch : {bits, quantizer, estimator}) {
        EXPECT_EQ(errorOf(patch).code, ErrorCode::InvalidArgument);
        EXPECT_EQ(errorOf(patch).where, name);
    }
}

TEST_F(Resolve, CanBeCancelled)
{
    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    const auto plan = resolve(m_vit, m_calibration, *presetRecipe("minmax", 8, 8), nullptr, context);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::Cancelled);
}

// ---- bias

TEST(Bias, RaisesScalesUntilTheCodesFit)
{
    const std::vector<float> bias{0, 1, -1e30F, 3e-3F, 0};
    const std::vector<float> weights{1e-3F, 1e-3F, 1e-3F, 1e-20F, 1e-38F};
    const float input = 1e-4F;
    const auto scales = scalesForBias(bias, input, weights);
    EXPECT_EQ(scales[0], weights[0]);
    EXPECT_EQ(scales[1], weights[1]);
    EXPECT_GT(scales[2], weights[2]);
    EXPECT_GT(scales[3], weights[3]);
    EXPECT_GT(scales[4], weights[4]); // the product would be no normal float
    const BiasPlan plan = quantizeBias(bias, input, scales);
    for (std::size_t c = 0; c < bias.size(); ++c) {
        EXPECT_GE(plan.scale[c], std::numeric_limits<float>::min());
        EXPECT_NEAR(static_cast<double>(plan.codes[c]) * plan.scale[c], bias[c], 0.501 * plan.scale[c]);
    }
    // Raised once is enough.
    EXPECT_EQ(scalesForBias(bias, input, scales), scales);
    // One scale for all channels: the neediest decides.
    const auto one = scalesForBias(bias, input, std::vector<float>{1e-3F});
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0], scales[2]);
}

TEST_F(Resolve, GuardsTheBiasOfAlmostDeadChannels)
{
    auto data = m_vit.graph.data();
    for (graph::Value& value : data.values) {
        if (value.name == "fc1.w")
            for (std::size_t i = 0; i < 8; ++i)
                value.constant.mutableData<float>()[i * 16 + 5] = 1e-12F;
        if (value.name == "fc1.b")
            value.constant.mutableData<float>()[5] = 2.5F;
    }
    m_vit.graph = *graph::Graph::create(std::move(data));
    m_vit.sites = graph::findSites(m_vit.graph);
    const auto first = resolved(*presetRecipe("minmax", 8, 8));
    const SiteId weight = m_vit.at("f1", 1);
    const SiteId input = m_vit.at("f1", 0);
    EXPECT_TRUE((*first)[weight].raisedForBias);
    EXPECT_GT((*first)[weight].grid.scale[5], 1e-12F / 127);
    const auto& bias = *first->biases.at(m_vit.sites[weight].uses.front().node);
    EXPECT_NEAR(static_cast<double>(bias.codes[5]) * bias.scale[5], 2.5, 1e-6);
    ASSERT_EQ(first->warnings.size(), 1U);

    // An edit elsewhere keeps it, another input scale resolves it anew.
    SitePatch bits;
    bits.bits = 4;
    const auto elsewhere =
        resolved(edited(first->recipe, m_vit.sites, std::vector{m_vit.at("f2", 0)}, bits), first.get());
    EXPECT_EQ(elsewhere->sites[weight.index()], first->sites[weight.index()]);
    const auto changed = resolved(edited(first->recipe, m_vit.sites, std::vector{input}, bits), first.get());
    const auto fresh = resolved(changed->recipe);
    EXPECT_EQ((*changed)[weight].grid.scale, (*fresh)[weight].grid.scale);
    EXPECT_NE((*changed)[weight].grid.scale, (*first)[weight].grid.scale);
}

} // namespace
} // namespace qs::quant
