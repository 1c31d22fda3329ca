// NoisyQuant: theorem 1, the noise itself, its search, and the networks that it gives. Properties 1 to 11 of the
// method's notes.
#include "core/exec/program.h"
#include "core/quant/noise.h"
#include "core/quant/output_error.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/quant/smoothed_network.h"
#include "core/quant/smoothing.h"
#include "core/stats/calibrate.h"
#include "tests/support/logits.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

namespace qs::quant {
namespace {

using test::logitsOf;
using test::relativeDifference;
using test::SmallVit;

// ---- theorem 1

/// A sequence that covers [0, 1) evenly: the error of means falls with 1 / count, not with its root.
double even(int i)
{
    const double x = i * 0.6180339887498949;
    return x - std::floor(x);
}

/// Mean change of the squared error of x, levels at odd multiples of b, by noise from U(-n, n).
double meanChange(double x, double n, double b, int count = 200'000)
{
    const auto error = [&](double value) {
        const double level = (2 * std::floor(value / (2 * b)) + 1) * b;
        return (level - value) * (level - value);
    };
    double sum = 0;
    for (int i = 0; i < count; ++i)
        sum += error(x + n * (2 * even(i) - 1));
    return sum / count - error(x);
}

TEST(NoiseTheorem, HoldsInSimulation)
{
    for (const double b : {1.0, 0.05})
        for (const double n : {0.25, 0.5, 0.75, 1.0, 1.2})
            for (double x = 0; x <= std::min({n, 1.0, 2 - n}) + 1e-9; x += 0.05)
                EXPECT_NEAR(meanChange(x * b, n * b, b), noiseErrorChange(x * b, n * b, b), 1e-3 * b * b)
                    << n << " " << x;
}

TEST(NoiseTheorem, ChangesSignWhereItSays)
{
    for (const double n : {0.25, 0.5, 0.75, 1.0}) {
        const double border = noiseGainDistance(n, 1);
        EXPECT_LT(meanChange(border - 0.01, n, 1), 0) << n;
        EXPECT_GT(meanChange(border + 0.01, n, 1), 0) << n;
        EXPECT_NEAR(noiseErrorChange(border, n, 1), 0, 1e-12);
    }
    EXPECT_NEAR(noiseGainDistance(1, 1), 0.4226, 1e-4);
}

TEST(NoiseTheorem, NoiseThatCrossesNothingOnlyHurts)
{
    for (const auto& [x, n] : {std::pair{0.6, 0.4}, {0.9, 0.1}, {0.5, 0.3}}) {
        EXPECT_NEAR(meanChange(x, n, 1), n * n / 3, 1e-3);
        EXPECT_DOUBLE_EQ(noiseErrorChange(x, n, 1), n * n / 3);
    }
}

TEST(NoiseTheorem, ValuesSpreadEvenlyOverABinGainNothing)
{
    for (const double n : {0.25, 0.5, 0.75, 1.0}) {
        double sum = 0;
        double formula = 0;
        for (int i = 0; i < 500; ++i) {
            sum += meanChange((i + 0.5) / 500, n, 1, 4'000);
            formula += noiseErrorChange((i + 0.5) / 500, n, 1);
        }
        EXPECT_NEAR(sum / 500, 0, 1e-3) << n;
        EXPECT_NEAR(formula / 500, 0, 1e-3) << n;
    }
}

// ---- the vector

TEST(NoiseDirection, IsUniformAndCentred)
{
    const auto u = noiseDirection(NoiseLaw::Uniform, 3, "blocks.0.fc1.input", 4096);
    ASSERT_EQ(u.size(), 4096U);
    double sum = 0, squares = 0;
    for (const float value : u) {
        EXPECT_LE(std::abs(value), 1);
        sum += value;
        squares += static_cast<double>(value) * value;
    }
    EXPECT_LT(std::abs(sum / 4096), 0.05);
    EXPECT_NEAR(squares / 4096, 1.0 / 3, 0.02);
    // The released law is neither centred nor bounded by 1.
    const auto g = noiseDirection(NoiseLaw::Released, 3, "blocks.0.fc1.input", 4096);
    sum = squares = 0;
    for (const float value : g) {
        sum += value;
        squares += (value + 1.0) * (value + 1.0);
    }
    EXPECT_NEAR(sum / 4096, -1, 0.1);
    EXPECT_NEAR(std::sqrt(squares / 4096), 2, 0.1);
}

TEST(NoiseDirection, IsAFunctionOfSeedAndName)
{
    const auto u = noiseDirection(NoiseLaw::Uniform, 0, "a", 64);
    EXPECT_EQ(u, noiseDirection(NoiseLaw::Uniform, 0, "a", 64));
    EXPECT_NE(u, noiseDirection(NoiseLaw::Uniform, 1, "a", 64));
    EXPECT_NE(u, noiseDirection(NoiseLaw::Uniform, 0, "b", 64));
    const auto longer = noiseDirection(NoiseLaw::Uniform, 0, "a", 65);
    EXPECT_TRUE(std::equal(u.begin(), u.end(), longer.begin()));
}

// ---- in a network

class NoisyVit : public ::testing::Test {
protected:
    NoisyVit()
    {
        auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        EXPECT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }

    std::shared_ptr<const Plan> planned(const Recipe& recipe, const Plan* previous = nullptr,
                                        const Context& context = {}) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, previous, context);
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }

    /// The preset with other noise.
    static Recipe recipe(const Noise& noise, int bits = 4, const char* preset = "noisyquant")
    {
        Recipe result = *presetRecipe(preset + std::string(kLiteral), bits, bits);
        for (Rule& rule : result.rules)
            if (rule.set.noise)
                rule.set.noise = noise;
        return result;
    }
    static Noise noiseOf(double range)
    {
        Noise noise;
        noise.on = true;
        noise.searchRange = false;
        noise.range = range;
        return noise;
    }

    const SitePlan& at(const Plan& plan, std::string_view value, int input) const
    {
        return plan[m_vit.at(value, input)];
    }

    SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{24};
    std::shared_ptr<const stats::Calibration> m_calibration;
};

TEST_F(NoisyVit, NoNoiseChangesNoBit)
{
    for (const int bits : {4, 6, 8}) {
        Recipe base = recipe({}, bits);
        const Tensor expected = logitsOf(m_vit, planned(base)->simulation, m_images);
        const Tensor got = logitsOf(m_vit, planned(recipe(noiseOf(0), bits))->simulation, m_images);
        EXPECT_EQ(std::memcmp(expected.bytes(), got.bytes(), expected.sizeBytes()), 0) << bits;
    }
}

TEST_F(NoisyVit, LeavesTheFloatNetworkUnchanged)
{
    const Tensor expected = logitsOf(m_vit, {}, m_images);
    for (const double range : {0.5, 2.0})
        for (const bool smooth : {false, true}) {
            Recipe noisy = recipe(noiseOf(range));
            if (smooth)
                noisy.activation.smoothing = {SmoothingKind::ShiftScale, 0.7};
            EXPECT_LT(relativeDifference(expected, logitsOf(m_vit, planned(noisy)->smoothed, m_images)), 2e-5);
        }
}

TEST_F(NoisyVit, GoesIntoNormValueOrAnAddition)
{
    const auto plan = planned(recipe(noiseOf(1)));
    const auto placeOf = [&](std::string_view value) { return at(*plan, value, 0).noise->transform->target.place; };
    EXPECT_EQ(placeOf("q0"), FoldPlace::LayerNorm);
    EXPECT_EQ(placeOf("f1"), FoldPlace::LayerNorm);
    EXPECT_EQ(placeOf("a3"), FoldPlace::Value);
    EXPECT_EQ(placeOf("f2"), FoldPlace::Explicit);
    EXPECT_EQ(plan->smoothed.activations[m_vit.at("a3", 0).index()], nullptr);
    EXPECT_NE(plan->smoothed.activations[m_vit.at("f2", 0).index()], nullptr);
    Noise outside = noiseOf(1);
    outside.foldIntoValue = false;
    const auto other = planned(recipe(outside));
    EXPECT_EQ(at(*other, "a3", 0).noise->transform->target.place, FoldPlace::Explicit);
    EXPECT_EQ(at(*other, "a3", 0).noise->noise, at(*plan, "a3", 0).noise->noise);
    // V's quantizer sees the values with the noise of the projection in them.
    EXPECT_NE(plan->laneTransform(m_vit.at("av", 1)), nullptr);
    EXPECT_EQ(other->laneTransform(m_vit.at("av", 1)), nullptr);
}

/// What the layer computes, against Wq (q(x + N) - N) + B: folded or added, the bias takes the noise off.
TEST_F(NoisyVit, IsTakenOffByTheBias)
{
    for (const char* preset : {"noisyquant", "noisyquant-ptq4vit"}) {
        const auto plan = planned(recipe(noiseOf(1.3), 6, preset));
        exec::Simulation plain; // of one layer alone: quantizer and weights of f2, without integer bias
        const SiteId input = m_vit.at("f2", 0);
        const SiteId weight = m_vit.at("f2", 1);
        plain.activations.resize(m_vit.sites.size());
        plain.activations[input.index()] = makeNoiseMap((*plan)[input].noise->noise, (*plan)[input].map);
        plain.constants[m_vit.sites[weight].uses.front()] = (*plan)[weight].dequantized;
        exec::Simulation noisy = plain;
        noisy.activations[input.index()] =
            makeSmoothingMap((*plan)[input].noise->transform->transform, (*plan)[input].map);
        const graph::Use bias{m_vit.sites[weight].uses.front().node, 2};
        noisy.constants[bias] = plan->simulation.constants.at(bias);
        const double step = plan->biases.contains(bias.node) ? plan->biases.at(bias.node)->scale[0] : 0;
        EXPECT_LT(relativeDifference(logitsOf(m_vit, plain, m_images), logitsOf(m_vit, noisy, m_images)),
                  1e-5 + 4 * step)
            << preset;
    }
}

TEST(DenoiseRest, IsExactInDouble)
{
    std::mt19937 engine(1);
    std::normal_distribution<float> normal;
    const std::size_t k = 24, n = 10;
    std::vector<float> weight(k * n), quantized(k * n), noise(k), x(k);
    std::ranges::generate(weight, [&] { return normal(engine); });
    std::ranges::transform(weight, quantized.begin(), [](float w) { return std::nearbyint(w * 4) / 4; });
    std::ranges::generate(noise, [&] { return normal(engine); });
    std::ranges::generate(x, [&] { return std::nearbyint(normal(engine) * 2) / 2; }); // q(x + N)
    const auto rest = denoiseRest(weight, quantized, noise);
    for (std::size_t o = 0; o < n; ++o) {
        double want = 0, got = rest[o];
        for (std::size_t c = 0; c < k; ++c) {
            want += static_cast<double>(quantized[c * n + o]) * (static_cast<double>(x[c]) - noise[c]);
            got +=
                static_cast<double>(quantized[c * n + o]) * x[c] - static_cast<double>(weight[c * n + o]) * noise[c];
        }
        EXPECT_NEAR(got, want, 1e-12);
    }
}

/// With a softmax that is not quantized V takes the noise exactly; with one, what stays is (1 - row sum) N.
TEST_F(NoisyVit, InVItIsExactWhereSoftmaxRowsAddUpToOne)
{
    for (const bool quantized : {false, true}) {
        const auto logits = [&](bool fold) {
            Noise noise = noiseOf(2);
            noise.foldIntoValue = fold;
            Recipe wanted = recipe(noise, 4);
            for (const char* value : {"av", "qk", "q0", "k0", "v0", "f1", "f2", "logits", "p0"})
                for (const int input : {0, 1})
                    if (const SiteId site = m_vit.at(value, input); site.valid())
                        wanted.overrides[m_vit.sites[site].name].bits = kFloatBits;
            if (quantized)
                wanted.overrides[m_vit.sites[m_vit.at("av", 0)].name].bits = 2;
            return logitsOf(m_vit, planned(wanted)->simulation, m_images);
        };
        const double difference = relativeDifference(logits(true), logits(false));
        if (quantized)
            EXPECT_GT(difference, 1e-3);
        else
            EXPECT_LT(difference, 1e-3); // a code may tip over on the last bit
    }
}

TEST_F(NoisyVit, IsNeverWorseOnTheRowsOfTheSearch)
{
    for (const char* preset : {"noisyquant", "noisyquant-ptq4vit"})
        for (const int bits : {3, 4, 6, 8})
            for (const Objective objective : {Objective::InputError, Objective::OutputError})
                for (const bool shift : {false, true}) {
                    Noise noise;
                    noise.on = true;
                    noise.objective = objective;
                    noise.shift = shift;
                    const auto plan = planned(recipe(noise, bits, preset));
                    const auto base = planned(recipe({}, bits, preset));
                    for (const char* value : {"q0", "a3", "f1", "f2", "logits"}) {
                        const SitePlan& site = at(*plan, value, 0);
                        ASSERT_TRUE(site.noise && !site.noise->noise.empty()) << value;
                        const auto best = std::ranges::min(site.noise->curve, {}, &NoisePlan::Point::error);
                        EXPECT_EQ(best.range, site.noise->range) << value;
                        EXPECT_EQ(site.noise->curve.size(), 101U);
                        EXPECT_EQ(site.grid.scale, at(*base, value, 0).grid.scale); // Δ is frozen
                        if (objective == Objective::OutputError) {
                            EXPECT_LE(site.error.outputError, at(*base, value, 0).error.outputError * (1 + 1e-6))
                                << preset << bits << value;
                        }
                    }
                }
}

TEST_F(NoisyVit, DoesNotDependOnThreadsOrOnEdits)
{
    ThreadPool pool(4);
    Context context;
    context.pool = &pool;
    Noise noise;
    noise.on = true;
    const Recipe wanted = recipe(noise);
    const auto one = planned(wanted);
    const auto many = planned(wanted, nullptr, context);
    for (std::size_t i = 0; i < one->sites.size(); ++i)
        if (one->sites[i]->noise) {
            EXPECT_EQ(one->sites[i]->noise->noise, many->sites[i]->noise->noise);
        }
    EXPECT_EQ(at(*one, "f2", 0).noise->noise.size(), 16U);

    // An edit of one weight keeps every other site and bias; what it gives is what a fresh plan gives.
    Recipe edit = wanted;
    edit.overrides[m_vit.sites[m_vit.at("f2", 1)].name].bits = 6;
    const auto edited = planned(edit, one.get());
    const auto fresh = planned(edit);
    EXPECT_EQ(edited->sites[m_vit.at("q0", 0).index()], one->sites[m_vit.at("q0", 0).index()]);
    EXPECT_EQ(edited->sites[m_vit.at("av", 1).index()], one->sites[m_vit.at("av", 1).index()]);
    const Tensor a = logitsOf(m_vit, edited->simulation, m_images);
    const Tensor b = logitsOf(m_vit, fresh->simulation, m_images);
    EXPECT_EQ(std::memcmp(a.bytes(), b.bytes(), a.sizeBytes()), 0);
    std::size_t kept = 0;
    for (const auto& [node, bias] : one->biases)
        kept += edited->biases.contains(node) && edited->biases.at(node) == bias ? 1 : 0;
    EXPECT_EQ(kept + 1, one->biases.size());
    // And off again.
    const auto off = planned(recipe({}), edited.get());
    const Tensor c = logitsOf(m_vit, off->simulation, m_images);
    const Tensor d = logitsOf(m_vit, planned(recipe({}))->simulation, m_images);
    EXPECT_EQ(std::memcmp(c.bytes(), d.bytes(), c.sizeBytes()), 0);
}

TEST_F(NoisyVit, SaysWhereItDoesNotApply)
{
    Recipe wanted = recipe(noiseOf(1));
    wanted.activation.noise.on = true; // everywhere
    const auto plan = planned(wanted);
    const SitePlan& key = at(*plan, "qk", 1);
    ASSERT_TRUE(key.noise);
    EXPECT_TRUE(key.noise->noise.empty());
    EXPECT_FALSE(key.noise->refusal.empty());
    EXPECT_TRUE(std::ranges::any_of(plan->warnings,
                                    [](const std::string& w) { return w.find("no noise") != std::string::npos; }));
}

TEST_F(NoisyVit, SixteenBitsAreEnoughToStoreIt)
{
    const test::NoiseImages images{4000}; // of few values single codes that tip over would count
    const Tensor reference = logitsOf(m_vit, {}, images);
    const auto sqnr = [&](bool int16) {
        Noise noise = noiseOf(1.5);
        noise.int16 = int16;
        const Tensor logits = logitsOf(m_vit, planned(recipe(noise, 8))->simulation, images);
        double signal = 0, error = 0;
        for (std::size_t i = 0; i < logits.floats().size(); ++i) {
            signal += std::pow(reference.floats()[i], 2);
            error += std::pow(reference.floats()[i] - logits.floats()[i], 2);
        }
        return 10 * std::log10(signal / error);
    };
    EXPECT_NEAR(sqnr(true), sqnr(false), 0.02);
    std::vector<float> values{1, -0.3F, 0.00002F, 0.5F};
    roundToInt16(values);
    for (const float value : values)
        EXPECT_NEAR(value * 32767, std::nearbyint(value * 32767), 1e-2);
    EXPECT_EQ(values[0], 1);
}

// ---- the objective

/// GELU outputs of channels that are nearly all below 0, with rare large ones, and weights whose mean is not 0: what
/// each channel is wrong by adds up in the output. Source of the set-up: the method's notes, §2.7.
struct Coherent {
    static constexpr std::size_t kRows = 96, kChannels = 128, kOutputs = 48;
    std::vector<float> x = std::vector<float>(kRows * kChannels);
    std::vector<float> weight = std::vector<float>(kChannels * kOutputs);
    explicit Coherent(unsigned seed)
    {
        std::mt19937 engine(seed);
        std::normal_distribution<double> normal;
        std::uniform_real_distribution<double> uniform;
        std::vector<double> centre(kChannels), spread(kChannels);
        for (std::size_t c = 0; c < kChannels; ++c) {
            centre[c] = -2 + 0.5 * (-0.8 + 0.6 * normal(engine));
            spread[c] = 0.6 * std::exp(0.4 * normal(engine));
        }
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double v =
                centre[i % kChannels] + spread[i % kChannels] * normal(engine) + (uniform(engine) < 0.01 ? 4 : 0);
            x[i] = static_cast<float>(v * 0.5 * (1 + std::erf(v / std::sqrt(2.0))));
        }
        for (float& value : weight)
            value = static_cast<float>((normal(engine) + 0.5) / std::sqrt(static_cast<double>(kChannels)));
    }
};

/// Output error with noise over that without, on the best symmetric 6-bit range by output error.
double noiseRatio(unsigned seed, Objective objective)
{
    const Coherent data(seed);
    const OutputMetric::Reader reader{data.weight, Coherent::kOutputs};
    const OutputMetric metric(data.x, Coherent::kChannels, {&reader, 1});
    const float largest = *std::ranges::max_element(data.x);
    double smallest = 1e30;
    std::shared_ptr<const exec::ElementMap> base;
    double step = 0;
    for (int i = 1; i <= 60; ++i) {
        const UniformGrid grid = uniformGrid(0, largest * static_cast<float>(i) / 60, 6, Scheme::Symmetric);
        auto map = makeUniformMap(grid);
        if (const double error = metric.squaredError(*map); error < smallest) {
            smallest = error;
            base = map;
            step = grid.scale[0];
        }
    }
    const auto direction = noiseDirection(NoiseLaw::Uniform, seed, "x", Coherent::kChannels);
    double best = 1e30;
    double output = 0;
    for (int i = 0; i <= 40; ++i) {
        std::vector<float> noise;
        for (const float u : direction)
            noise.push_back(static_cast<float>(step * i / 20 * u));
        const auto map = makeNoiseMap(noise, base);
        std::vector<float> y(data.x.size());
        map->apply(data.x.data(), y.data(), {Coherent::kRows, Coherent::kChannels, 1});
        double input = 0;
        for (std::size_t j = 0; j < y.size(); ++j)
            input += std::pow(static_cast<double>(data.x[j]) - y[j], 2);
        const double error = metric.squaredError(*map);
        if ((objective == Objective::InputError ? input : error) < best) {
            best = objective == Objective::InputError ? input : error;
            output = error;
        }
    }
    return output / smallest;
}

TEST(NoiseSearch, TheOutputObjectiveFindsWhatTheInputObjectiveMisses)
{
    double onOutput = 0;
    double onInput = 0;
    for (unsigned seed = 0; seed < 6; ++seed) {
        onOutput += noiseRatio(seed, Objective::OutputError) / 6;
        onInput += noiseRatio(seed, Objective::InputError) / 6;
    }
    EXPECT_LE(onOutput, 0.75);
    EXPECT_GE(onInput, 0.95);
}

} // namespace
} // namespace qs::quant
