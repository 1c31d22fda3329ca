#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/kernels/quantize.h"
#include "core/quant/plan.h"
#include "core/quant/resolve.h"
#include "core/quant/smoothing.h"
#include "core/stats/calibrate.h"
#include "tests/support/logits.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace qs::quant {
namespace {

using test::logitsOf;
using test::relativeDifference;
using test::SmallVit;

/// The extremes by channel of what enters a site.
class Extremes final : public exec::Observer {
public:
    Extremes(const graph::SiteTable& sites, SiteId wanted) : m_sites(sites), m_wanted(wanted) {}
    void observe(SiteId id, std::size_t, int, std::span<const float> data) override
    {
        if (id != m_wanted)
            return;
        const auto channels = static_cast<std::size_t>(m_sites[id].layout.channels);
        low.resize(channels, 1e30F);
        high.resize(channels, -1e30F);
        for (std::size_t i = 0; i < data.size(); ++i) {
            low[i % channels] = std::min(low[i % channels], data[i]);
            high[i % channels] = std::max(high[i % channels], data[i]);
        }
    }
    std::vector<float> low, high;

private:
    const graph::SiteTable& m_sites;
    SiteId m_wanted;
};

class SmoothingTest : public ::testing::Test {
protected:
    SmoothingTest()
    {
        auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        EXPECT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }

    /// A recipe with this smoothing on activations of these roles, everything at `bits`.
    static Recipe recipe(Smoothing smoothing, std::vector<graph::Role> roles, int bits = kFloatBits)
    {
        Recipe result;
        result.weight.bits = bits;
        result.activation.bits = bits;
        result.activation.scheme = Scheme::Symmetric;
        for (const graph::Role role : roles) {
            Rule rule;
            rule.match.kind = graph::SiteKind::Activation;
            rule.match.role = role;
            rule.set.smoothing = smoothing;
            result.rules.push_back(rule);
        }
        return result;
    }

    std::shared_ptr<const Plan> planned(const Recipe& recipe, const Plan* previous = nullptr) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, previous, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }

    SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{24};
    std::shared_ptr<const stats::Calibration> m_calibration;
};

constexpr graph::Role kQkv = graph::Role::Query; // q, k, v read one site; its role is that of its first reader

TEST_F(SmoothingTest, LeavesTheFloatNetworkUnchanged)
{
    const Tensor expected = logitsOf(m_vit, {}, m_images);
    for (const SmoothingKind kind : {SmoothingKind::Scale, SmoothingKind::ShiftScale, SmoothingKind::Shift})
        for (const double alpha : {0.0, 0.5, 0.8, 1.0}) {
            const auto plan = planned(recipe(
                {kind, alpha}, {kQkv, graph::Role::Proj, graph::Role::Fc1, graph::Role::Fc2, graph::Role::Head}));
            std::size_t smoothed = 0;
            for (const auto& site : plan->sites)
                smoothed += site->smoothing ? 1 : 0;
            EXPECT_EQ(smoothed, 5U);
            EXPECT_LT(relativeDifference(expected, logitsOf(m_vit, plan->smoothed, m_images)), 1e-5)
                << static_cast<int>(kind) << " " << alpha;
        }
}

TEST_F(SmoothingTest, IsFoldedWhereItCanBe)
{
    const auto plan =
        planned(recipe({SmoothingKind::ShiftScale}, {kQkv, graph::Role::Proj, graph::Role::Fc1, graph::Role::Fc2}));
    const auto target = [&](std::string_view value) { return (*plan)[m_vit.at(value, 0)].smoothing->target; };
    EXPECT_EQ(target("q0").place, FoldPlace::LayerNorm);
    EXPECT_EQ(target("f1").place, FoldPlace::LayerNorm);
    EXPECT_EQ(target("f2").place, FoldPlace::Explicit);
    EXPECT_NE(target("f2").reason.find("Gelu"), std::string::npos) << target("f2").reason;
    const FoldTarget value = target("a3");
    EXPECT_EQ(value.place, FoldPlace::Value);
    EXPECT_EQ(m_vit.graph.value(m_vit.graph.node(value.producer).outputs[0]).name, "v0");
    EXPECT_EQ(value.columns, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
    // What was folded costs nothing: no map of its own.
    EXPECT_EQ(plan->smoothed.activations[m_vit.at("q0", 0).index()], nullptr);
    EXPECT_EQ(plan->smoothed.activations[m_vit.at("a3", 0).index()], nullptr);
    EXPECT_NE(plan->smoothed.activations[m_vit.at("f2", 0).index()], nullptr);
}

TEST_F(SmoothingTest, MakesABiasWhereThereIsNone)
{
    std::string text(test::kSmallVit);
    text.replace(text.find("Linear(n2, fc1.w, fc1.b)"), 24, "Linear(n2, fc1.w)");
    m_vit = test::smallVit(text);
    m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
    const auto plan = planned(recipe({SmoothingKind::ShiftScale}, {graph::Role::Fc1}));
    const SiteId site = m_vit.at("f1", 0);
    EXPECT_TRUE(plan->smoothed.constants.contains({m_vit.sites[site].uses.front().node, 2}));
    EXPECT_LT(relativeDifference(logitsOf(m_vit, {}, m_images), logitsOf(m_vit, plan->smoothed, m_images)), 1e-5);
}

TEST_F(SmoothingTest, StaysOutsideWhereSomethingElseReadsTheNorm)
{
    std::string text(test::kSmallVit);
    text.replace(text.find("Add(f2, r1)"), 11, "Add(f2, n2)"); // the residual reads the LayerNormalization
    m_vit = test::smallVit(text);
    m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
    const auto plan = planned(recipe({SmoothingKind::ShiftScale}, {graph::Role::Fc1}));
    const auto& target = (*plan)[m_vit.at("f1", 0)].smoothing->target;
    EXPECT_EQ(target.place, FoldPlace::Explicit);
    EXPECT_NE(target.reason.find("something else reads"), std::string::npos);
    EXPECT_LT(relativeDifference(logitsOf(m_vit, {}, m_images), logitsOf(m_vit, plan->smoothed, m_images)), 1e-5);
}

TEST_F(SmoothingTest, PaddedZerosAreMovedToo)
{
    std::string text(test::kSmallVit);
    text.replace(text.find("f1:1x4x16 = Linear(n2"), 21,
                 "np:1x6x8 = Pad(n2) pads=[0 0 0 0 2 0] mode=\"constant\"\nf1p:1x6x16 = Linear(np");
    text.replace(text.find("g1:1x4x16 = Gelu(f1)"), 20,
                 "f1:1x4x16 = Slice(f1p) starts=[0] ends=[4] axes=[1] steps=[1]\ng1:1x4x16 = Gelu(f1)");
    m_vit = test::smallVit(text);
    m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
    const auto plan = planned(recipe({SmoothingKind::ShiftScale}, {m_vit.sites[m_vit.at("f1p", 0)].role}));
    ASSERT_NE((*plan)[m_vit.at("f1p", 0)].smoothing, nullptr);
    EXPECT_EQ((*plan)[m_vit.at("f1p", 0)].smoothing->target.place, FoldPlace::Explicit);
    EXPECT_LT(relativeDifference(logitsOf(m_vit, {}, m_images), logitsOf(m_vit, plan->smoothed, m_images)), 1e-5);
}

TEST_F(SmoothingTest, CentresAndScalesTheCalibrationValues)
{
    for (const double alpha : {0.5, 1.0}) {
        const auto plan = planned(recipe({SmoothingKind::ShiftScale, alpha}, {kQkv, graph::Role::Proj}));
        for (const char* value : {"q0", "a3"}) {
            const SiteId site = m_vit.at(value, 0);
            const ChannelTransform& transform = (*plan)[site].smoothing->transform;
            const auto& statistics = m_calibration->sites[site.index()];
            Extremes extremes(m_vit.sites, site);
            exec::Program::Options options;
            options.observed = {site};
            const auto program = exec::Program::compile(m_vit, plan->smoothed, options);
            ASSERT_TRUE(exec::runImages(*program, m_images, 0, m_images.size(), {}, "testing", &extremes));
            for (std::size_t c = 0; c < transform.scale.size(); ++c) {
                const double radius = (static_cast<double>(statistics.maximum[c]) - statistics.minimum[c]) / 2;
                const double expected = radius / transform.scale[c];
                EXPECT_NEAR(extremes.low[c] + extremes.high[c], 0, 1e-4 * expected) << value << " " << c;
                EXPECT_NEAR(extremes.high[c], expected, 1e-4 * expected) << value << " " << c;
                if (alpha == 1) {
                    EXPECT_NEAR(extremes.high[c], 1, 1e-4) << value << " " << c;
                }
            }
        }
    }
}

/// What the smoothed network would have been calibrated to, against a calibration of it.
TEST_F(SmoothingTest, StatisticsAreThoseOfTheSmoothedNetwork)
{
    const auto plan = planned(recipe({SmoothingKind::ShiftScale, 0.7}, {kQkv, graph::Role::Proj}));
    for (const SiteId site : {m_vit.at("q0", 0), m_vit.at("a3", 0), m_vit.at("av", 1)}) {
        ASSERT_NE(plan->laneTransform(site), nullptr);
        const auto predicted = transformed(m_calibration->sites[site.index()], *plan->laneTransform(site));
        stats::Histogram seen;
        class Collect final : public exec::Observer {
        public:
            Collect(SiteId wanted, stats::Histogram& histogram) : m_wanted(wanted), m_histogram(histogram) {}
            void observe(SiteId id, std::size_t, int, std::span<const float> data) override
            {
                if (id == m_wanted)
                    m_histogram.add(data);
            }

        private:
            SiteId m_wanted;
            stats::Histogram& m_histogram;
        } collect(site, seen);
        exec::Program::Options options;
        options.observed = {site};
        const auto program = exec::Program::compile(m_vit, plan->smoothed, options);
        ASSERT_TRUE(exec::runImages(*program, m_images, 0, m_images.size(), {}, "testing", &collect));
        EXPECT_NEAR(static_cast<double>(predicted.histogram.total()), static_cast<double>(seen.total()),
                    0.01 * static_cast<double>(seen.total()));
        const double span = seen.quantile(1) - seen.quantile(0);
        for (const double q : {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999})
            EXPECT_NEAR(predicted.histogram.quantile(q), seen.quantile(q), (q < 0.1 || q > 0.9 ? 0.03 : 0.01) * span)
                << m_vit.sites[site].name << " " << q;
    }
}

TEST(ChannelTransform, FollowsTheFormulas)
{
    const std::vector<float> low{-1, 2, -4, 3, 0};
    const std::vector<float> high{3, 4, 4, 3, 1};
    const std::vector<float> weights{0.5F, 2, 1, 1, 0};
    const auto both = channelTransform(SmoothingKind::ShiftScale, 0.5, low, high, weights);
    EXPECT_EQ(both.shift, (std::vector<float>{1, 3, 0, 3, 0.5F}));
    EXPECT_FLOAT_EQ(both.scale[0], std::sqrt(2.0F) / std::sqrt(0.5F));
    EXPECT_FLOAT_EQ(both.scale[1], 1 / std::sqrt(2.0F));
    EXPECT_FLOAT_EQ(both.scale[3], 1); // constant: nothing to scale
    EXPECT_FLOAT_EQ(both.scale[4], 1); // no weight reads it
    const auto scale = channelTransform(SmoothingKind::Scale, 0.5, low, high, weights);
    EXPECT_EQ(scale.shift, std::vector<float>(5, 0.0F));
    EXPECT_FLOAT_EQ(scale.scale[1], std::sqrt(4.0F) / std::sqrt(2.0F));
    // Channels that are symmetric already: SQ-b is SmoothQuant.
    const std::vector<float> mirrored{-3, -4, -4, -3, -1};
    EXPECT_EQ(channelTransform(SmoothingKind::ShiftScale, 0.5, mirrored, high, weights),
              channelTransform(SmoothingKind::Scale, 0.5, mirrored, high, weights));
}

/// Rows of a LayerNorm-like activation: some channels with outliers and offsets. Source of the set-up: sheet §3.1.
struct Synthetic {
    static constexpr std::size_t kRows = 512, kChannels = 96, kOutputs = 64;
    std::vector<float> x = std::vector<float>(kRows * kChannels);
    std::vector<float> w = std::vector<float>(kChannels * kOutputs);

    Synthetic()
    {
        std::mt19937 random(11);
        std::normal_distribution<float> normal;
        for (std::size_t c = 0; c < kChannels; ++c) {
            const bool outlier = c % 16 == 3;
            const float spread = outlier ? 6.0F : 0.5F + 0.5F * std::abs(normal(random));
            const float offset = outlier ? 8.0F * (c % 32 == 3 ? 1.0F : -1.0F) : 0.6F * normal(random);
            for (std::size_t r = 0; r < kRows; ++r)
                x[r * kChannels + c] = offset + spread * normal(random);
        }
        for (float& v : w)
            v = 0.1F * normal(random);
    }

    /// Mean squared error of the outputs, per tensor activations and per channel weights, min-max ranges.
    double outputError(SmoothingKind kind, int bits, Scheme scheme) const
    {
        std::vector<float> low(kChannels, 1e30F), high(kChannels, -1e30F), weights(kChannels, 0.0F);
        for (std::size_t i = 0; i < x.size(); ++i) {
            low[i % kChannels] = std::min(low[i % kChannels], x[i]);
            high[i % kChannels] = std::max(high[i % kChannels], x[i]);
        }
        for (std::size_t i = 0; i < w.size(); ++i)
            weights[i / kOutputs] = std::max(weights[i / kOutputs], std::abs(w[i]));
        const auto transform = channelTransform(kind, 0.5, low, high, weights);
        std::vector<float> xs(x.size()), ws(w.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            xs[i] = (x[i] - transform.shift[i % kChannels]) / transform.scale[i % kChannels];
        for (std::size_t i = 0; i < w.size(); ++i)
            ws[i] = w[i] * transform.scale[i / kOutputs];
        const auto [least, most] = std::ranges::minmax(xs);
        std::vector<float> xq(xs.size()), wq(ws.size());
        makeUniformMap(uniformGrid(least, most, bits, scheme))->apply(xs.data(), xq.data(), {kRows, kChannels, 1});
        for (std::size_t o = 0; o < kOutputs; ++o) {
            float largest = 0;
            for (std::size_t c = 0; c < kChannels; ++c)
                largest = std::max(largest, std::abs(ws[c * kOutputs + o]));
            const auto map = makeUniformMap(uniformGrid(-largest, largest, bits, Scheme::Symmetric));
            for (std::size_t c = 0; c < kChannels; ++c)
                map->apply(&ws[c * kOutputs + o], &wq[c * kOutputs + o], {1, 1, 1});
        }
        double error = 0;
        for (std::size_t r = 0; r < kRows; ++r)
            for (std::size_t o = 0; o < kOutputs; ++o) {
                double difference = 0;
                for (std::size_t c = 0; c < kChannels; ++c)
                    difference += static_cast<double>(xs[r * kChannels + c]) * ws[c * kOutputs + o] -
                                  static_cast<double>(xq[r * kChannels + c]) * wq[c * kOutputs + o];
                error += difference * difference;
            }
        return error;
    }
};

TEST(SmoothQuantWithBias, BeatsSmoothQuantOnAsymmetricChannels)
{
    const Synthetic data;
    for (const int bits : {4, 6, 8}) {
        const double plain = data.outputError(SmoothingKind::Scale, bits, Scheme::Symmetric);
        const double biased = data.outputError(SmoothingKind::ShiftScale, bits, Scheme::Symmetric);
        const double asymmetric = data.outputError(SmoothingKind::ShiftScale, bits, Scheme::Asymmetric);
        EXPECT_LE(biased, 0.6 * plain) << bits;
        EXPECT_LE(biased, data.outputError(SmoothingKind::Shift, bits, Scheme::Symmetric)) << bits;
        EXPECT_NEAR(asymmetric, biased, 0.1 * biased) << bits; // nothing is left for a zero point
    }
}

TEST_F(SmoothingTest, AnEditKeepsWhatItDoesNotTouch)
{
    const auto first = planned(recipe({SmoothingKind::ShiftScale, 0.5}, {kQkv, graph::Role::Fc1}, 8));
    Recipe changed = first->recipe;
    changed.overrides[m_vit.sites[m_vit.at("f1", 0)].name].smoothing = Smoothing{SmoothingKind::ShiftScale, 0.9};
    const auto second = planned(changed, first.get());
    const auto fresh = planned(changed);
    const SiteId qkv = m_vit.at("q0", 0);
    EXPECT_EQ(first->sites[qkv.index()], second->sites[qkv.index()]);
    EXPECT_NE(first->sites[m_vit.at("f1", 1).index()], second->sites[m_vit.at("f1", 1).index()]);
    EXPECT_EQ(relativeDifference(logitsOf(m_vit, second->simulation, m_images),
                                 logitsOf(m_vit, fresh->simulation, m_images)),
              0);
    // Back again: the numbers of the start.
    const auto third = planned(first->recipe, second.get());
    EXPECT_EQ(relativeDifference(logitsOf(m_vit, third->simulation, m_images),
                                 logitsOf(m_vit, first->simulation, m_images)),
              0);
}

TEST_F(SmoothingTest, TheSearchedAlphaIsTheBestOfTheGrid)
{
    Smoothing searched{SmoothingKind::ShiftScale};
    searched.searchAlpha = true;
    const auto plan = planned(recipe(searched, {graph::Role::Fc1}, 4));
    const double found = (*plan)[m_vit.at("f1", 0)].smoothing->alpha;
    const Tensor expected = logitsOf(m_vit, {}, m_images);
    EXPECT_GE(found, 0);
    EXPECT_LE(found, 1);
    EXPECT_NEAR(found * 20, std::round(found * 20), 1e-9);
}

TEST_F(SmoothingTest, SaysWhereItDoesNotApply)
{
    const auto plan =
        planned(recipe({SmoothingKind::ShiftScale}, {graph::Role::SoftmaxOutput, graph::Role::PatchEmbed}));
    EXPECT_EQ(std::ranges::count_if(plan->warnings,
                                    [](const std::string& w) { return w.find("not smoothed") != std::string::npos; }),
              2);
}

} // namespace
} // namespace qs::quant
