// Ranges that are found layer by layer: which sites belong together, what is searched, what is kept. On a small
// network.
#include "core/quant/layer_plan.h"
#include "core/quant/resolve.h"

#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/quantizers.h"
#include "core/quant/search_grid.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace qs::quant {
namespace {

struct Subject {
    test::SmallVit vit = test::smallVit();
    std::shared_ptr<const stats::Calibration> calibration = made();

    /// Softmax outputs must not be negative, what GELU gives not below its minimum.
    std::shared_ptr<const stats::Calibration> made() const
    {
        stats::Collector collector(vit.sites, test::activationSites(vit.sites), 1, 20, 1, 64, 0);
        for (std::size_t run = 0; run < 20; ++run)
            for (const SiteId id : test::activationSites(vit.sites)) {
                auto values = test::madeUpValues(vit.sites[id], run);
                for (float& value : values)
                    if (vit.sites[id].role == graph::Role::SoftmaxOutput)
                        value = std::min(1.0F, 0.1F * value * value);
                    else if (vit.sites[id].role == graph::Role::Fc2)
                        value = value * 0.5F * std::erfc(-value / std::sqrt(2.0F));
                collector.observe(id, run, 0, values);
            }
        auto result = std::make_shared<stats::Calibration>();
        result->images = 20;
        result->sites = collector.finish();
        result->products = collector.finishProducts();
        return result;
    }
    std::shared_ptr<const Plan> plan(const Recipe& recipe, const Plan* previous = nullptr,
                                     ThreadPool* pool = nullptr) const
    {
        Context context;
        context.pool = pool;
        auto result = resolve(vit, calibration, recipe, previous, context);
        EXPECT_TRUE(result) << result.error().text();
        return *result;
    }
    SiteId site(std::string_view name) const
    {
        const SiteId id = vit.sites.find(name);
        EXPECT_TRUE(id.valid()) << name;
        return id;
    }
    SiteId ofRole(graph::Role role, graph::SiteKind kind = graph::SiteKind::Activation) const
    {
        for (const graph::Site& site : vit.sites)
            if (site.role == role && site.kind == kind)
                return site.id;
        ADD_FAILURE();
        return {};
    }
};

Recipe recipeOf(std::string_view name, int weightBits = 4, int activationBits = 4)
{
    auto recipe = presetRecipe(std::string(name) + std::string(kLiteral), weightBits, activationBits);
    EXPECT_TRUE(recipe);
    return *recipe;
}

bool sameNumbers(const Plan& a, const Plan& b, SiteId id)
{
    return a[id].grid.scale == b[id].grid.scale && a[id].grid.zeroPoint == b[id].grid.zeroPoint &&
           a[id].levels == b[id].levels && a[id].raisedForBias == b[id].raisedForBias;
}

/// sum (A B - Q(A) Q(B))² over the slices of a product.
double productError(const stats::ProductSample& product, const exec::ElementMap* left, const exec::ElementMap* right)
{
    const Shape& a = product.leftValues.shape();
    const Shape& b = product.rightValues.shape();
    std::vector<float> x(product.leftValues.floats().begin(), product.leftValues.floats().end());
    std::vector<float> y(product.rightValues.floats().begin(), product.rightValues.floats().end());
    const auto x0 = x;
    const auto y0 = y;
    if (left)
        left->apply(x.data(), x.data(), {a[0] * a[1], a[2], 1});
    if (right)
        right->apply(y.data(), y.data(), {b[0], b[1], b[2]});
    double sum = 0;
    for (int64_t s = 0; s < a[0]; ++s)
        for (int64_t i = 0; i < a[1]; ++i)
            for (int64_t j = 0; j < b[2]; ++j) {
                double difference = 0;
                for (int64_t k = 0; k < a[2]; ++k) {
                    const auto p = static_cast<std::size_t>((s * a[1] + i) * a[2] + k);
                    const auto q = static_cast<std::size_t>((s * a[2] + k) * b[2] + j);
                    difference += static_cast<double>(x[p]) * y[q] - static_cast<double>(x0[p]) * y0[q];
                }
                sum += difference * difference;
            }
    return sum;
}

TEST(LayerPlan, PresetsFindEveryRangeWithItsLayer)
{
    const Subject subject;
    for (const char* preset : {"easyquant", "ptq4vit"})
        for (const int bits : {4, 8}) {
            const auto plan = subject.plan(recipeOf(preset, bits, bits));
            for (const graph::Site& site : subject.vit.sites) {
                if (site.coverage != graph::Coverage::MatMul)
                    continue;
                EXPECT_TRUE((*plan)[site.id].quantized()) << site.name;
                if (site.kind == graph::SiteKind::Activation && (*plan)[site.id].uniform()) {
                    EXPECT_EQ((*plan)[site.id].grid.scale.size(), 1U) << site.name;
                }
            }
            EXPECT_TRUE(std::holds_alternative<std::monostate>(
                            (*plan)[subject.ofRole(graph::Role::SoftmaxOutput)].levels) == (preset[0] == 'e'));
        }
}

TEST(LayerPlan, ReadersOfOneActivationAreOneLayer)
{
    const Subject subject;
    std::vector<SiteSettings> settings;
    for (const graph::Site& site : subject.vit.sites)
        settings.push_back(settingsOf(recipeOf("ptq4vit"), site));
    const FloatConstants constants(subject.vit.graph);
    const LayerInputs inputs{constants,
                             subject.vit.sites,
                             settings,
                             *subject.calibration,
                             [&](SiteId id) { return &subject.calibration->sites[id.index()]; },
                             [](SiteId) { return false; }};
    const auto layers = searchedLayers(inputs);
    EXPECT_EQ(layers.size(), 7U); // q k v together, proj, fc1, fc2, head; Q·Kᵀ, A·V
    std::set<SiteId> seen;
    for (const SearchedLayer& layer : layers) {
        EXPECT_EQ(layer.members, layer.searched);
        for (const SiteId id : layer.members)
            EXPECT_TRUE(seen.insert(id).second);
        EXPECT_EQ(layer.product != nullptr, layer.readers.empty());
    }
    EXPECT_EQ(layers.front().readers.size(), 3U);
    EXPECT_EQ(layers.front().members.size(), 4U);
}

TEST(LayerPlan, OperandsOfProductsTakeTheBestCandidates)
{
    const Subject subject;
    const Recipe recipe = recipeOf("ptq4vit");
    const auto plan = subject.plan(recipe);
    for (const stats::ProductSample& product : subject.calibration->products) {
        const SitePlan& left = (*plan)[product.left];
        const SitePlan& right = (*plan)[product.right];
        const auto candidatesOf = [&](SiteId id) {
            const SiteSettings settings = settingsOf(recipe, subject.vit.sites[id]);
            auto candidates =
                findQuantizer(settings.quantizer)->candidates({subject.calibration->sites[id.index()], settings});
            EXPECT_TRUE(candidates);
            return std::move(*candidates);
        };
        const auto lefts = candidatesOf(product.left);
        // The last step of a round: the right operand against the left one as chosen.
        const double chosen = productError(product, left.map.get(), right.map.get());
        for (const ActivationNumbers& numbers : candidatesOf(product.right).numbers)
            EXPECT_GE(productError(product, left.map.get(), numbers.map.get()), chosen * (1 - 1e-5));
        // The splits of the softmax are chosen against the float values.
        if (!lefts.partnersFloat)
            continue;
        const double split = productError(product, left.map.get(), nullptr);
        for (const ActivationNumbers& numbers : lefts.numbers)
            EXPECT_GE(productError(product, numbers.map.get(), nullptr), split * (1 - 1e-5));
    }
}

TEST(LayerPlan, ALayerIsKeptOrSearchedAsAWhole)
{
    const Subject subject;
    const Recipe recipe = recipeOf("ptq4vit");
    const auto first = subject.plan(recipe);
    const auto same = subject.plan(recipe, first.get());
    for (std::size_t i = 0; i < first->sites.size(); ++i)
        EXPECT_EQ(same->sites[i], first->sites[i]);
    using graph::Role;
    for (const SiteId id : {subject.ofRole(Role::Key, graph::SiteKind::Weight), subject.ofRole(Role::Fc2),
                            subject.ofRole(Role::SoftmaxOutput), subject.ofRole(Role::KeyOperand)}) {
        const graph::Site& site = subject.vit.sites[id];
        for (const bool manual : {false, true}) {
            SitePatch patch;
            patch.bits = 3;
            if (manual)
                patch.estimator = Estimator{};
            const Recipe changed = edited(recipe, subject.vit.sites, {{site.id}}, patch);
            const auto next = subject.plan(changed, first.get());
            const auto fresh = subject.plan(changed);
            std::size_t kept = 0;
            for (const graph::Site& other : subject.vit.sites) {
                EXPECT_TRUE(sameNumbers(*next, *fresh, other.id)) << site.name << " -> " << other.name;
                kept += next->sites[other.id.index()] == first->sites[other.id.index()] ? 1 : 0;
            }
            EXPECT_GE(kept, subject.vit.sites.size() - 4) << site.name; // the largest layer has four
        }
    }
}

TEST(LayerPlan, APartnerThatIsNotSearchedCounts)
{
    const Subject subject;
    Recipe recipe = recipeOf("ptq4vit");
    recipe.weight.estimator = Estimator{}; // min-max
    const auto four = subject.plan(recipe);
    recipe.weight.bits = 2;
    const auto two = subject.plan(recipe);
    const SiteId input = subject.ofRole(graph::Role::Fc1);
    const SiteId weight = subject.ofRole(graph::Role::Fc1, graph::SiteKind::Weight);
    EXPECT_EQ((*two)[weight].settings.estimator.kind, EstimatorKind::MinMax);
    EXPECT_FALSE(sameNumbers(*four, *two, input)); // another weight, another best step
}

TEST(LayerPlan, DoesNotDependOnThreads)
{
    const Subject subject;
    const auto expected = subject.plan(recipeOf("easyquant"));
    for (const int threads : {2, 16}) {
        ThreadPool pool(threads);
        const auto plan = subject.plan(recipeOf("easyquant"), nullptr, &pool);
        for (const graph::Site& site : subject.vit.sites)
            EXPECT_TRUE(sameNumbers(*plan, *expected, site.id)) << site.name;
    }
}

TEST(LayerPlan, PartsOfAJoinedWeightHaveScalesOfTheirOwn)
{
    // q, k and v by one layer.
    std::string text(test::kSmallVit);
    const auto replace = [&](std::string_view from, std::string_view to, std::string_view by) {
        const std::size_t begin = text.find(from);
        text.replace(begin, text.find(to, begin) - begin, by);
    };
    replace("q.w:", "proj.w:", "qkv.w:8x24 = random(5)\n");
    replace("q0:", "q1:",
            "qkv:1x4x24 = Linear(n1, qkv.w)\nq0:1x4x8, k0:1x4x8, v0:1x4x8 = Split(qkv) axis=2 split=[8 8 8]\n");
    Subject subject{test::smallVit(text)};
    const SiteId weight = subject.ofRole(graph::Role::Qkv, graph::SiteKind::Weight);
    const auto scales = [&](Granularity granularity, EstimatorKind kind) {
        Recipe recipe = recipeOf("ptq4vit");
        recipe.weight.granularity = granularity;
        recipe.weight.estimator.kind = kind;
        const auto plan = subject.plan(recipe);
        std::vector<std::set<float>> parts;
        const auto& found = (*plan)[weight].grid.scale;
        for (std::size_t c = 0; c < found.size(); ++c) {
            if (c * 3 % found.size() == 0)
                parts.emplace_back();
            parts.back().insert(found[c]);
        }
        return parts;
    };
    for (const EstimatorKind kind : {EstimatorKind::MinMax, EstimatorKind::Search}) {
        const auto parts = scales(Granularity::Part, kind);
        ASSERT_EQ(parts.size(), 3U);
        for (const auto& part : parts)
            EXPECT_EQ(part.size(), 1U);
        EXPECT_EQ(scales(Granularity::Tensor, kind).size(), 1U);
        EXPECT_GT(scales(Granularity::Channel, kind)[0].size(), 4U);
    }
    EXPECT_NE(scales(Granularity::Part, EstimatorKind::MinMax)[0],
              scales(Granularity::Part, EstimatorKind::MinMax)[1]);
}

// ---- PTQ4ViT

RegionGrid split(int bits, int shift)
{
    stats::SiteStatistics statistics;
    statistics.minimum = {0};
    statistics.maximum = {1};
    statistics.histogram.add(std::vector<float>{0, 0.5F, 1});
    SiteSettings settings;
    settings.bits = bits;
    const auto candidates = findQuantizer("twin-softmax")->candidates({statistics, settings});
    EXPECT_TRUE(candidates);
    EXPECT_EQ(candidates->numbers.size(), 20U);
    return std::get<RegionGrid>(candidates->numbers[static_cast<std::size_t>(shift)].levels);
}

float quantized(const RegionGrid& grid, float x)
{
    makeRegionMap(grid)->apply(&x, &x, {1, 1, 1});
    return x;
}

TEST(Ptq4Vit, SoftmaxSelectsABranch) // P4-1
{
    const RegionGrid grid = split(8, 3);
    EXPECT_FLOAT_EQ(quantized(grid, 0.5F), 64.0F / 127);
    EXPECT_NEAR(quantized(grid, 0.01F), 0.0098425, 1e-6);
    EXPECT_LT(quantized(grid, 0.5F), 0.62F); // the released code adds the split: 0.6289
}

TEST(Ptq4Vit, SoftmaxStaysWithinHalfAStep) // P4-2
{
    for (const int bits : {3, 4, 6, 8})
        for (const int shift : {0, 1, 3, 7}) {
            const RegionGrid grid = split(bits, shift);
            const double top = (1 << (bits - 1)) - 1;
            const double border = std::ldexp(1.0, -shift);
            for (int i = 0; i <= 4000; ++i) {
                const float x = static_cast<float>(i) / 4000;
                const double error = std::abs(static_cast<double>(quantized(grid, x)) - x);
                EXPECT_LE(error, (x < border ? border : 1) / (2 * top) + 1e-6) << bits << " " << shift << " " << x;
                if (shift == 0 && std::abs(x * top - std::floor(x * top) - 0.5) > 1e-4) { // ties apart
                    EXPECT_NEAR(quantized(grid, x), std::nearbyint(x * top) / top, 1e-6);
                }
            }
        }
}

TEST(Ptq4Vit, NegativeStepOfGeluIsFixed) // P4-3, P4-4
{
    constexpr double kMinimum = 0.16997124254703522;
    for (const float high : {0.5F, 7.0F}) {
        stats::SiteStatistics statistics;
        statistics.minimum = {-0.16F};
        statistics.maximum = {high};
        statistics.histogram.add(std::vector<float>{-0.16F, 0.1F, high});
        SiteSettings settings;
        settings.bits = 4;
        settings.estimator.search = {.low = 0.01, .high = 1.2};
        const auto candidates = findQuantizer("twin-gelu")->candidates({statistics, settings});
        ASSERT_TRUE(candidates);
        ASSERT_EQ(candidates->numbers.size(), 101U);
        const auto step = [&](std::size_t candidate) {
            const auto& grid = std::get<RegionGrid>(candidates->numbers[candidate].levels);
            EXPECT_FLOAT_EQ(grid.step(grid.lower), static_cast<float>(kMinimum / 8));
            EXPECT_EQ(grid.lower.qmin, -8);
            EXPECT_EQ(grid.upper.qmax, 7);
            return grid.step(grid.upper);
        };
        EXPECT_FLOAT_EQ(step(0), high / 7.5F);
        EXPECT_FLOAT_EQ(step(1), 0.01F * high / 7.5F);
        EXPECT_FLOAT_EQ(step(100), 1.1881F * high / 7.5F);
        const auto& map = *candidates->numbers[0].map;
        for (int i = 0; i <= 1000; ++i) { // the lobe is covered
            const auto x = static_cast<float>(-kMinimum * i / 1000);
            float y = x;
            map.apply(&y, &y, {1, 1, 1});
            EXPECT_LE(std::abs(y - x), kMinimum / 16 + 1e-7);
        }
        float y = high; // clipped to the last code, half a step
        map.apply(&y, &y, {1, 1, 1});
        EXPECT_NEAR(high - y, high / 15, 1e-5);
    }
}

/// Sheet P4-5: with equal importances the Hessian-guided metric is the plain error; without any it is refused.
TEST(LayerPlan, HessianNeedsImportancesAndFollowsThem)
{
    Subject subject;
    const auto expected = subject.plan(recipeOf("ptq4vit"));
    Recipe recipe = recipeOf("ptq4vit");
    recipe.weight.objective = Objective::Hessian;
    recipe.activation.objective = Objective::Hessian;
    const auto refused = resolve(subject.vit, subject.calibration, recipe, nullptr, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
    EXPECT_TRUE(subject.vit.sites.find(refused.error().where).valid()) << refused.error().where;

    // Outputs of every layer, those that a class decides (the first of them) or all alike.
    const auto withWeights = [&](float first, float others) {
        auto calibration = std::make_shared<stats::Calibration>(*subject.calibration);
        calibration->importances.clear();
        for (const graph::Site& site : subject.vit.sites)
            for (const graph::Use& use : site.uses) {
                const graph::Node& node = subject.vit.graph.node(use.node);
                if (site.kind != graph::SiteKind::Activation || use.input != 0 || node.op != "Linear")
                    continue;
                const Shape& shape = subject.vit.graph.value(node.outputs[0]).shape;
                std::vector<float> values(static_cast<std::size_t>(shape[shape.rank() - 1]), others);
                values[0] = first;
                calibration->importances.push_back({use.node, values});
            }
        for (const stats::ProductSample& product : calibration->products)
            calibration->importances.push_back(
                {subject.vit.sites[product.left].uses.front().node,
                 std::vector<float>(static_cast<std::size_t>(product.leftValues.shape()[0]), others)});
        return calibration;
    };
    const SiteId fc1 = subject.ofRole(graph::Role::Fc1);
    // Of the output error of fc1 after quantization: of its first output alone.
    const auto firstError = [&](const Plan& plan) {
        const auto x = subject.calibration->sites[fc1.index()].sample.floats();
        const NodeId reader = subject.vit.sites[fc1].uses.front().node;
        const auto w = FloatConstants(subject.vit.graph).of({reader, 1});
        const auto wq = plan[subject.vit.sites.at({reader, 1})].dequantized.floats();
        std::vector<float> xq(x.begin(), x.end());
        const auto k = static_cast<std::size_t>(w.shape()[0]), n = static_cast<std::size_t>(w.shape()[1]);
        plan[fc1].map->apply(x.data(), xq.data(), {static_cast<int64_t>(x.size() / k), static_cast<int64_t>(k), 1});
        double sum = 0;
        for (std::size_t r = 0; r * k < x.size(); ++r) {
            double e = 0;
            for (std::size_t i = 0; i < k; ++i)
                e += static_cast<double>(xq[r * k + i]) * wq[i * n] -
                     static_cast<double>(x[r * k + i]) * w.floats()[i * n];
            sum += e * e;
        }
        return sum;
    };
    subject.calibration = withWeights(1, 1);
    const auto equal = subject.plan(recipe);
    for (const graph::Site& site : subject.vit.sites)
        EXPECT_TRUE(sameNumbers(*equal, *expected, site.id)) << site.name;
    subject.calibration = withWeights(3, 3);
    const auto scaled = subject.plan(recipe);
    for (const graph::Site& site : subject.vit.sites)
        EXPECT_TRUE(sameNumbers(*scaled, *expected, site.id)) << site.name;
    subject.calibration = withWeights(100, 0);
    // One scale a weight, so that its outputs have to agree on one.
    Recipe plain = recipeOf("ptq4vit");
    plain.weight.granularity = recipe.weight.granularity = Granularity::Tensor;
    EXPECT_LT(firstError(*subject.plan(recipe)), 0.9 * firstError(*subject.plan(plain)));

    auto broken = withWeights(1, 1);
    broken->importances.front().values.push_back(1);
    subject.calibration = broken;
    EXPECT_FALSE(resolve(subject.vit, subject.calibration, recipe, nullptr, {}));
}

} // namespace
} // namespace qs::quant
