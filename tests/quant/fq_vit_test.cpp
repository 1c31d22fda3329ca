// FQ-ViT: power-of-two factors, its weights' scale, and the two grids of its softmax, LayerNormalization in
// integers. Properties FQ-1 to FQ-5 (FQ-6: kernels/integer_norm_test.cpp).
#include "core/exec/run_images.h"
#include "core/kernels/quantize.h"
#include "core/quant/estimator.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/quantizers.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>

namespace qs::quant {
namespace {

/// Channels of very different widths, the last one all zero.
struct Channels {
    static constexpr std::size_t kRows = 200, kChannels = 12;
    stats::SiteStatistics statistics;
    Channels()
    {
        std::mt19937 engine(2);
        std::normal_distribution<float> normal;
        statistics.sample = Tensor(DType::Float32, {kRows, kChannels});
        const auto x = statistics.sample.mutableData<float>();
        statistics.minimum.assign(kChannels, 1e30F);
        statistics.maximum.assign(kChannels, -1e30F);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t c = i % kChannels;
            x[i] = c + 1 == kChannels ? 0 : 0.2F + std::exp2(static_cast<float>(c) / 3) * 0.1F * normal(engine);
            statistics.minimum[c] = std::min(statistics.minimum[c], x[i]);
            statistics.maximum[c] = std::max(statistics.maximum[c], x[i]);
        }
        statistics.histogram.add(x);
        statistics.values = x.size();
    }

    double error(std::size_t channel, float scale, int32_t zeroPoint, int qmax) const
    {
        double sum = 0;
        const auto add = [&](float x) {
            const float code =
                std::clamp(std::nearbyint(x / scale) + static_cast<float>(zeroPoint), 0.0F, static_cast<float>(qmax));
            const double difference = static_cast<double>(x) - (code - static_cast<float>(zeroPoint)) * scale;
            sum += difference * difference;
        };
        for (std::size_t r = 0; r < kRows; ++r)
            add(statistics.sample.floats()[r * kChannels + channel]);
        add(statistics.minimum[channel]);
        add(statistics.maximum[channel]);
        return sum;
    }
};

TEST(PowerOfTwoFactors, AreTheBestOfFourByChannel)
{
    const Channels data;
    for (const int bits : {4, 8}) {
        SiteSettings settings;
        settings.bits = bits;
        settings.quantizer = "ptf";
        const auto numbers = findQuantizer("ptf")->resolve({data.statistics, settings});
        ASSERT_TRUE(numbers) << numbers.error().text();
        const UniformGrid& grid = numbers->grid;
        ASSERT_EQ(grid.scale.size(), Channels::kChannels);
        const int top = (1 << bits) - 1;
        const UniformGrid whole =
            uniformGrid(data.statistics.low(), data.statistics.high(), bits, Scheme::Asymmetric);
        std::set<int> factors;
        for (std::size_t c = 0; c < Channels::kChannels; ++c) {
            EXPECT_EQ(grid.zeroPoint[c], whole.zeroPoint[0]); // one for all, of the coarse scale
            const double factor = std::log2(grid.scale[c] / whole.scale[0]) + 3;
            EXPECT_EQ(factor, std::nearbyint(factor));
            factors.insert(static_cast<int>(factor));
            const double own = data.error(c, grid.scale[c], grid.zeroPoint[c], top);
            for (int other = 0; other <= 3; ++other)
                EXPECT_LE(own,
                          data.error(c, std::ldexp(whole.scale[0], other - 3), whole.zeroPoint[0], top) * (1 + 1e-6))
                    << c;
        }
        EXPECT_GE(*factors.begin(), 0);
        EXPECT_LE(*factors.rbegin(), 3);
        EXPECT_GE(factors.size(), 3U);
        EXPECT_EQ(grid.scale.back(), std::ldexp(whole.scale[0], -3)); // all equal: the smallest
        // At factor 0 the interval is an eighth of the whole.
        EXPECT_FLOAT_EQ(static_cast<float>(top) * grid.scale.back(), static_cast<float>(top) * whole.scale[0] / 8);
    }
    SiteSettings symmetric;
    symmetric.scheme = Scheme::Symmetric;
    symmetric.quantizer = "ptf";
    EXPECT_FALSE(findQuantizer("ptf")->resolve({data.statistics, symmetric}));
}

TEST(MinMaxHalf, PutsTheLargestWeightHalfACodeBeyondTheLast)
{
    for (const std::vector<float>& values : {std::vector<float>{0.3F, -1.7F, 0.9F}, {0.3F, 1.7F, -0.9F}}) {
        Estimator estimator;
        estimator.kind = EstimatorKind::MinMaxHalf;
        const auto range = estimateRange(estimator, values, 8, Scheme::Symmetric);
        ASSERT_TRUE(range);
        const auto grid = uniformNumbers(range->low, range->high, 8, Scheme::Symmetric);
        EXPECT_NEAR(grid.scale * 127.5, 1.7, 1e-6);
        float back = 0;
        kernels::fakeQuantize({&values[1], 1}, grid, {&back, 1});
        EXPECT_NEAR(back / values[1], 127 / 127.5, 1e-6); // 0.39 % too small
    }
    // Codes without a sign: the whole range.
    Estimator estimator;
    estimator.kind = EstimatorKind::MinMaxHalf;
    const std::vector<float> values{-1, 3};
    EXPECT_EQ(estimateRange(estimator, values, 8, Scheme::Asymmetric)->high, 3);
    EXPECT_EQ(estimateRange(estimator, values, 8, Scheme::Asymmetric)->low, -1);
}

float mapped(const exec::ElementMap& map, double value)
{
    const auto x = static_cast<float>(value);
    float y = 0;
    map.apply(&x, &y, {1, 1, 1});
    return y;
}

TEST(Log2, HasTheLevelsOfTheFloatPath)
{
    const auto map = makeLogMap(LogGrid{1, false, 16, true});
    for (int k = 0; k < 16; ++k)
        EXPECT_EQ(mapped(*map, std::exp2(-k)), std::exp2(-k));
    EXPECT_EQ(mapped(*map, 0.7072), 1);
    EXPECT_EQ(mapped(*map, 0.7070), 0.5);
    EXPECT_EQ(mapped(*map, std::exp2(-15.49)), std::exp2(-15));
    EXPECT_EQ(mapped(*map, std::exp2(-15.51)), 0);
    EXPECT_EQ(mapped(*map, 0), 0);
}

TEST(LogInt, HasTheBordersOfIntegerReciprocals)
{
    const LogGrid grid{1, false, 16, true, true};
    const auto map = makeLogMap(grid);
    const auto code = [&](double reciprocal) { return -std::log2(mapped(*map, 1 / reciprocal)); };
    EXPECT_EQ(code(2), 1);   // two equal logits
    EXPECT_EQ(code(197), 8); // a row of 197 equal ones adds up to 197 / 256
    EXPECT_EQ(code(46), 5);  // log2 46 = 5.52
    EXPECT_EQ(mapped(*makeLogMap(LogGrid{1, false, 16, true}), 1.0 / 46), std::exp2(-6));
    for (int k = 1; k < 16; ++k) {
        const double border = std::ldexp(1.5, k) - 0.5;
        EXPECT_EQ(code(border * (1 - 1e-5)), k);
        if (k < 15)
            EXPECT_EQ(code(border * (1 + 1e-5)), k + 1);
        else
            EXPECT_EQ(mapped(*map, 1 / border * (1 - 1e-5)), 0);
    }
    EXPECT_EQ(code(1.49), 0);
    EXPECT_EQ(code(1.51), 1);
    // Cells and map are one thing.
    const LevelCells cells = cellsOf(grid);
    ASSERT_EQ(cells.levels.size(), 17U);
    for (std::size_t i = 0; i < cells.borders.size(); ++i) {
        EXPECT_EQ(mapped(*map, cells.borders[i]), cells.levels[i + 1]);
        EXPECT_EQ(mapped(*map, std::nextafter(static_cast<float>(cells.borders[i]), 0.0F)), cells.levels[i]);
    }
    const auto nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(mapped(*map, nan), 0);
    EXPECT_EQ(mapped(*map, -1), 0);
}

TEST(FqVit, CoversEverythingWithFourBitAttention)
{
    const auto vit = test::smallVit();
    for (const int bits : {4, 8}) {
        const Recipe recipe = *presetRecipe("fq-vit-literal", bits, bits);
        for (const graph::Site& site : vit.sites) {
            const SiteSettings settings = settingsOf(recipe, site);
            EXPECT_FALSE(settings.isFloat()) << site.name;
            if (site.role == graph::Role::LayerNormInput) {
                EXPECT_EQ(settings.quantizer, "ptf");
            }
            if (site.role == graph::Role::SoftmaxOutput && site.kind == graph::SiteKind::Activation) {
                EXPECT_EQ(settings.quantizer, "log-int");
                EXPECT_EQ(settings.bits, 4);
            }
            if (site.kind == graph::SiteKind::Weight) {
                EXPECT_EQ(settings.estimator.kind, EstimatorKind::MinMaxHalf);
            }
        }
    }
}

Rule integerNormOf(graph::Role role)
{
    Rule rule;
    rule.match.kind = graph::SiteKind::Activation;
    rule.match.role = role;
    rule.set.quantizer = "ptf-integer";
    rule.set.scheme = Scheme::Asymmetric;
    return rule;
}

TEST(FqVit, LayerNormalizationInIntegers)
{
    const auto vit = test::smallVit();
    const test::NoiseImages images(8);
    const auto calibration = *stats::calibrate(vit, images, {}, {});
    const auto logits = [&](const Recipe& recipe) {
        const auto plan = resolve(vit, calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        const auto program = exec::Program::compile(vit, (*plan)->simulation, {});
        EXPECT_TRUE(program) << program.error().text();
        return *exec::runImages(*program, images, 0, 8, {}, "running");
    };
    Recipe recipe = *presetRecipe("fq-vit-literal", 8, 8);
    const Tensor before = logits(recipe);
    recipe.rules.push_back(integerNormOf(graph::Role::LayerNormInput));
    const Tensor after = logits(recipe);
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < before.floats().size(); ++i) {
        const double difference = static_cast<double>(before.floats()[i]) - after.floats()[i];
        signal += static_cast<double>(before.floats()[i]) * before.floats()[i];
        noise += difference * difference;
    }
    EXPECT_GT(noise, 0);
    EXPECT_GT(10 * std::log10(signal / noise), 15);
}

TEST(FqVit, IntegerLayerNormalizationSaysWhereItCannotBe)
{
    const auto vit = test::smallVit();
    const auto calibration = *stats::calibrate(vit, test::NoiseImages(4), {}, {});
    const auto refusal = [&](const Recipe& recipe) {
        const auto plan = resolve(vit, calibration, recipe, nullptr, {});
        return plan ? std::string() : plan.error().text();
    };
    Recipe elsewhere = *presetRecipe("fq-vit-literal", 8, 8);
    elsewhere.rules.push_back(integerNormOf(graph::Role::Fc2));
    EXPECT_NE(refusal(elsewhere).find("of another role"), std::string::npos) << refusal(elsewhere);
    Recipe floats = *presetRecipe("fq-vit-literal", 8, 8);
    floats.rules.push_back(integerNormOf(graph::Role::LayerNormInput));
    const auto warned = [&] {
        const auto plan = resolve(vit, calibration, floats, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return plan && std::ranges::any_of((*plan)->warnings, [](const std::string& warning) {
                   return warning.find("LayerNorm computes in float") != std::string::npos;
               });
    };
    EXPECT_FALSE(warned());
    for (const graph::Role role : {graph::Role::Qkv, graph::Role::Fc1, graph::Role::Head, graph::Role::Query}) {
        Rule rule;
        rule.match.role = role;
        rule.set.bits = kFloatBits;
        floats.rules.push_back(rule);
    }
    EXPECT_TRUE(warned());
}

} // namespace
} // namespace qs::quant
