// RepQ-ViT: scale reparameterization, its preset and its softmax quantizer. Properties RQ-1 to RQ-6.
#include "core/exec/program.h"
#include "core/quant/estimator.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/quantizers.h"
#include "core/quant/reparameterize.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/logits.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>

namespace qs::quant {
namespace {

using test::logitsOf;
using test::relativeDifference;
using test::SmallVit;

SiteSettings settingsAt(int bits, Scheme scheme = Scheme::Asymmetric,
                        EstimatorKind estimator = EstimatorKind::Percentile)
{
    SiteSettings settings;
    settings.bits = bits;
    settings.scheme = scheme;
    settings.estimator.kind = estimator;
    settings.smoothing.kind = SmoothingKind::Reparameterize;
    return settings;
}

/// Rows of Gaussian channels with spreads and centres of their own; with `dead` one channel that is nearly constant.
struct Channels {
    static constexpr std::size_t kRows = 600, kChannels = 40;
    std::vector<float> x = std::vector<float>(kRows * kChannels);
    stats::SiteStatistics statistics;

    explicit Channels(bool dead = false, double offset = 0)
    {
        std::mt19937 engine(5);
        std::normal_distribution<double> normal;
        statistics.lanes = stats::LaneHistograms(kChannels);
        statistics.minimum.assign(kChannels, 1e30F);
        statistics.maximum.assign(kChannels, -1e30F);
        for (std::size_t c = 0; c < kChannels; ++c) {
            const double spread = dead && c == 8 ? 1e-7 : 0.2 + 0.1 * static_cast<double>(c % 9);
            const double centre = offset + 0.4 * static_cast<double>(c % 5) - 0.8;
            for (std::size_t r = 0; r < kRows; ++r) {
                const auto value = static_cast<float>(centre + spread * normal(engine));
                x[r * kChannels + c] = value;
                statistics.minimum[c] = std::min(statistics.minimum[c], value);
                statistics.maximum[c] = std::max(statistics.maximum[c], value);
            }
        }
        statistics.lanes.add(0, kChannels, x.data(), kRows, 0, 1, statistics.minimum.data(),
                             statistics.maximum.data());
    }
};

struct Codes {
    std::size_t compared = 0;
    std::size_t different = 0;
};

/// Codes of the grids of channels, and of the common grid with zero point `common` on X̂, away from ties.
Codes compareCodes(const Channels& data, const Reparameterization& found, double common)
{
    const double scale = found.grid.scale[0];
    const double zero = found.grid.zeroPoint[0];
    Codes codes;
    for (std::size_t i = 0; i < data.x.size(); ++i) {
        const std::size_t c = i % Channels::kChannels;
        const double own = data.x[i] / found.scale[c];
        if (std::abs(own - std::floor(own) - 0.5) < 1e-3)
            continue;
        const double shift = (common - static_cast<double>(found.zeroPoint[c])) * found.scale[c];
        const double moved = (data.x[i] - shift) / found.transform.scale[c];
        const double a = std::clamp<double>(std::nearbyint(own) + static_cast<double>(found.zeroPoint[c]),
                                            found.grid.qmin, found.grid.qmax);
        const double b = std::clamp<double>(std::nearbyint(moved / scale) + zero, found.grid.qmin, found.grid.qmax);
        ++codes.compared;
        codes.different += a != b ? 1 : 0;
    }
    return codes;
}

TEST(Reparameterization, GivesTheCodesOfTheChannelsOwnGrids)
{
    for (const double offset : {0.0, 3.0, -3.0}) // all of one sign: zero points outside the codes
        for (const EstimatorKind estimator :
             {EstimatorKind::MinMax, EstimatorKind::Percentile, EstimatorKind::Mse, EstimatorKind::Entropy})
            for (const Scheme scheme : {Scheme::Asymmetric, Scheme::Symmetric})
                for (const int bits : {3, 4, 8}) {
                    const Channels data(true, offset);
                    const auto found = reparameterize(data.statistics, settingsAt(bits, scheme, estimator));
                    ASSERT_TRUE(found) << found.error().text();
                    EXPECT_GE(found->grid.zeroPoint[0], found->grid.qmin);
                    EXPECT_LE(found->grid.zeroPoint[0], found->grid.qmax);
                    for (std::size_t c = 0; c < Channels::kChannels; ++c) {
                        const double zero = found->grid.zeroPoint[0] - static_cast<double>(found->zeroPoint[c]);
                        EXPECT_NEAR(found->transform.shift[c], zero * found->scale[c],
                                    1e-6 * std::abs(zero * found->scale[c]));
                    }
                    const Codes codes = compareCodes(data, *found, found->grid.zeroPoint[0]);
                    EXPECT_GT(codes.compared, data.x.size() * 9 / 10);
                    EXPECT_EQ(codes.different, 0U) << bits;
                }
}

/// The released code keeps the mean of the zero points fractional: on an integer grid its codes are others.
TEST(Reparameterization, AFractionalZeroPointWouldChangeCodes)
{
    const Channels data;
    const auto found = reparameterize(data.statistics, settingsAt(4));
    ASSERT_TRUE(found);
    EXPECT_GT(compareCodes(data, *found, found->grid.zeroPoint[0] + 0.4).different, data.x.size() / 10);
}

TEST(Reparameterization, AChannelThatIsDeadDoesNotMoveTheOthers)
{
    const Channels alive;
    const Channels dead(true);
    const auto a = reparameterize(alive.statistics, settingsAt(4));
    const auto b = reparameterize(dead.statistics, settingsAt(4));
    ASSERT_TRUE(a && b);
    std::vector<double> scales = b->scale;
    std::ranges::nth_element(scales, scales.begin() + scales.size() / 2);
    EXPECT_NEAR(b->scale[8], 0.02 * scales[scales.size() / 2], 1e-12);
    EXPECT_GE(std::abs(b->zeroPoint[8]), 100); // its values are far from 0 in its steps, and it is not in the mean
    EXPECT_NEAR(b->grid.scale[0], a->grid.scale[0], 0.05 * a->grid.scale[0]);
    EXPECT_LE(std::abs(b->grid.zeroPoint[0] - a->grid.zeroPoint[0]), 1);
}

TEST(Reparameterization, TakesTheBestPercentileOfEachChannel)
{
    const Channels data;
    for (const int bits : {3, 4, 8}) {
        const auto found = reparameterize(data.statistics, settingsAt(bits));
        ASSERT_TRUE(found);
        for (std::size_t c = 0; c < Channels::kChannels; ++c) {
            std::vector<double> values;
            for (std::size_t r = 0; r < Channels::kRows; ++r)
                values.push_back(data.x[r * Channels::kChannels + c]);
            const auto errorOf = [&](double scale, double zero) {
                double sum = 0;
                for (const double value : values) {
                    const double code = std::clamp(std::nearbyint(value / scale) + zero, 0.0, std::exp2(bits) - 1);
                    sum += (value - (code - zero) * scale) * (value - (code - zero) * scale);
                }
                return sum;
            };
            double smallest = 1e30;
            for (const double p : {0.999, 0.9999, 0.99999}) {
                const double low = data.statistics.lanes.quantile(c, 1 - p);
                const double scale = (data.statistics.lanes.quantile(c, p) - low) / (std::exp2(bits) - 1);
                smallest = std::min(smallest, errorOf(scale, std::nearbyint(-low / scale)));
            }
            EXPECT_LE(errorOf(found->scale[c], static_cast<double>(found->zeroPoint[c])), 1.1 * smallest);
        }
    }
}

TEST(Reparameterization, SaysWhatItCannotDo)
{
    const Channels data;
    SiteSettings settings = settingsAt(4);
    settings.estimator.kind = EstimatorKind::Manual;
    EXPECT_EQ(reparameterize(data.statistics, settings).error().code, ErrorCode::InvalidArgument);
    settings = settingsAt(4);
    settings.quantizer = "region-sign";
    EXPECT_FALSE(reparameterize(data.statistics, settings));
    settings = settingsAt(4);
    settings.granularity = Granularity::Channel;
    EXPECT_FALSE(reparameterize(data.statistics, settings));
    EXPECT_FALSE(reparameterize({}, settingsAt(4)));
    stats::SiteStatistics constant = data.statistics;
    constant.maximum = constant.minimum;
    EXPECT_FALSE(reparameterize(constant, settingsAt(4)));
}

class RepqVit : public ::testing::Test {
protected:
    explicit RepqVit(std::string text = std::string(test::kSmallVit)) : m_vit(test::smallVit(text))
    {
        auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        EXPECT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }

    std::shared_ptr<const Plan> planned(const Recipe& recipe, const Plan* previous = nullptr) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, previous, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }

    static bool refuses(const Plan& plan)
    {
        return std::ranges::any_of(plan.warnings, [](const std::string& warning) {
            return warning.find("not smoothed") != std::string::npos;
        });
    }

    const SitePlan& at(const Plan& plan, std::string_view value, int input) const
    {
        return plan[m_vit.at(value, input)];
    }

    test::NoiseImages m_images{24};
    SmallVit m_vit;
    std::shared_ptr<const stats::Calibration> m_calibration;
};

std::string edited(std::string_view from, std::string_view to)
{
    std::string text(test::kSmallVit);
    return text.replace(text.find(from), from.size(), to);
}

/// A LayerNormalization with a channel that it switches off.
class RepqVitWithDeadChannel : public RepqVit {
protected:
    RepqVitWithDeadChannel()
        : RepqVit(edited("ln1.g:8 = random(3)", "ln1.g:8 = [0.9 1.1 0.0000001 0.8 1.2 0.7 1 1.3]"))
    {
    }
};

/// Without a bias in the first layer of the MLP.
class RepqVitWithoutBias : public RepqVit {
protected:
    RepqVitWithoutBias() : RepqVit(edited("Linear(n2, fc1.w, fc1.b)", "Linear(n2, fc1.w)")) {}
};

TEST_F(RepqVit, LeavesTheFloatNetworkUnchanged)
{
    const Tensor expected = logitsOf(m_vit, {}, m_images);
    for (const int bits : {3, 4, 8})
        EXPECT_LT(relativeDifference(
                      expected,
                      logitsOf(m_vit, planned(*presetRecipe("repq-vit-literal", bits, bits))->smoothed, m_images)),
                  1e-5)
            << bits;
}

TEST_F(RepqVitWithDeadChannel, LeavesTheFloatNetworkUnchanged)
{
    for (const int bits : {4, 8}) {
        const auto plan = planned(*presetRecipe("repq-vit-literal", bits, bits));
        const Tensor expected = logitsOf(m_vit, {}, m_images);
        EXPECT_LT(relativeDifference(expected, logitsOf(m_vit, plan->smoothed, m_images)), 1e-4) << bits;
        EXPECT_LT(relativeDifference(expected, logitsOf(m_vit, plan->simulation, m_images)), bits == 4 ? 1 : 0.1);
        for (const float scale : at(*plan, "q0", 0).smoothing->transform.scale)
            EXPECT_GT(scale, 0.005F);
    }
}

/// In double: (x - b) / r through r W and c + W b, for the numbers that the plan has.
TEST_F(RepqVit, IsExactInDouble)
{
    const auto plan = planned(*presetRecipe("repq-vit-literal", 4, 4));
    const ChannelTransform& transform = at(*plan, "f1", 0).smoothing->transform;
    const auto weight = m_vit.graph.value(m_vit.sites[m_vit.at("f1", 1)].tensor).constant.floats();
    std::mt19937 engine(3);
    std::normal_distribution<double> normal;
    const std::size_t outputs = 16;
    for (int round = 0; round < 20; ++round) {
        std::vector<double> x(8);
        std::ranges::generate(x, [&] { return normal(engine); });
        for (std::size_t o = 0; o < outputs; ++o) {
            double want = 0, got = 0, scale = 0;
            for (std::size_t c = 0; c < x.size(); ++c) {
                const double w = weight[c * outputs + o];
                const double r = transform.scale[c];
                want += x[c] * w;
                got += (x[c] - transform.shift[c]) / r * (w * r) + w * transform.shift[c];
                scale += std::abs(x[c] * w) + std::abs(w * transform.shift[c]);
            }
            EXPECT_NEAR(got, want, 1e-14 * scale);
        }
    }
}

TEST_F(RepqVit, PutsItsGridIntoThePlan)
{
    const auto plan = planned(*presetRecipe("repq-vit-literal", 4, 4));
    for (const char* value : {"q0", "f1"}) {
        const SitePlan& site = at(*plan, value, 0);
        ASSERT_TRUE(site.smoothing) << value;
        EXPECT_EQ(site.smoothing->target.place, FoldPlace::LayerNorm);
        EXPECT_EQ(site.grid.scale, site.smoothing->grid.scale);
        EXPECT_EQ(site.grid.zeroPoint, site.smoothing->grid.zeroPoint);
        EXPECT_EQ(site.grid.qmax, 15);
        EXPECT_TRUE(std::isfinite(site.error.sqnrDb));
    }
    EXPECT_FALSE(refuses(*plan));
}

TEST_F(RepqVit, IsMadeAnewForOtherBitsAndEstimators)
{
    const Recipe four = *presetRecipe("repq-vit-literal", 4, 4);
    const auto before = planned(four);
    for (int what = 0; what < 3; ++what) {
        Recipe changed = four;
        if (what == 0)
            changed.activation.bits = 6;
        else if (what == 1)
            changed.activation.estimator.kind = EstimatorKind::MinMax;
        else
            changed.activation.scheme = Scheme::Symmetric;
        const auto edit = planned(changed, before.get());
        const auto fresh = planned(changed);
        EXPECT_EQ(at(*edit, "q0", 0).grid.scale, at(*fresh, "q0", 0).grid.scale);
        EXPECT_EQ(at(*edit, "q0", 0).smoothing->transform, at(*fresh, "q0", 0).smoothing->transform);
        if (what != 1) { // of so few values the percentiles are the extremes
            EXPECT_NE(at(*edit, "q0", 0).smoothing->transform, at(*before, "q0", 0).smoothing->transform);
        }
    }
    // Nothing to do with it: taken over.
    Recipe weights = four;
    weights.weight.bits = 6;
    EXPECT_EQ(at(*planned(weights, before.get()), "q0", 0).smoothing, at(*before, "q0", 0).smoothing);
    // In float there is no grid to be made.
    Recipe floating = four;
    floating.activation.bits = kFloatBits;
    const auto none = planned(floating, before.get());
    EXPECT_FALSE(at(*none, "q0", 0).smoothing);
    EXPECT_FALSE(refuses(*none));
}

TEST_F(RepqVit, SaysWhereItDoesNotApply)
{
    Recipe recipe = *presetRecipe("repq-vit-literal", 4, 4);
    recipe.overrides[m_vit.sites[m_vit.at("q0", 0)].name].granularity = Granularity::Channel;
    const auto plan = planned(recipe);
    EXPECT_FALSE(at(*plan, "q0", 0).smoothing);
    EXPECT_TRUE(refuses(*plan));
    // An edit says it again.
    recipe.weight.bits = 8;
    const auto again = planned(recipe, plan.get());
    EXPECT_TRUE(refuses(*again));
}

TEST_F(RepqVit, CoversWhatThePaperCovers)
{
    for (const int bits : {3, 4, 6}) {
        const auto plan = planned(*presetRecipe("repq-vit-literal", bits, bits));
        EXPECT_EQ(at(*plan, "p0", 0).settings.bits, 8); // the image
        EXPECT_EQ(at(*plan, "p0", 1).settings.bits, bits);
        EXPECT_EQ(at(*plan, "logits", 0).settings.bits, bits);
        EXPECT_EQ(at(*plan, "av", 0).settings.quantizer, "log-sqrt2-zero");
        EXPECT_EQ(at(*plan, "av", 0).settings.estimator.kind, EstimatorKind::Percentile);
        EXPECT_EQ(at(*plan, "f2", 0).settings.estimator.kind, EstimatorKind::Percentile);
    }
    // Only what LayerNormalizations feed inside the blocks is changed.
    const auto plan = planned(*presetRecipe("repq-vit-literal", 4, 4));
    std::set<std::string> changed;
    for (const auto& [use, tensor] : plan->smoothed.constants)
        changed.insert(m_vit.graph.value(m_vit.graph.node(use.node).outputs[0]).name);
    EXPECT_EQ(changed, (std::set<std::string>{"n1", "q0", "k0", "v0", "n2", "f1"}));
}

TEST_F(RepqVitWithoutBias, GetsOne)
{
    const auto plan = planned(*presetRecipe("repq-vit-literal", 4, 4));
    const NodeId layer = m_vit.sites[m_vit.at("f1", 0)].uses.front().node;
    EXPECT_TRUE(plan->smoothed.constants.contains({layer, 2}));
    EXPECT_LT(relativeDifference(logitsOf(m_vit, {}, m_images), logitsOf(m_vit, plan->smoothed, m_images)), 1e-5);
}

ActivationNumbers softmaxNumbers(const char* quantizer, int bits)
{
    stats::SiteStatistics statistics;
    statistics.minimum = {0};
    statistics.maximum = {1};
    const std::vector<float> values{0, 1e-4F, 0.01F, 0.3F, 1};
    statistics.histogram.add(values);
    statistics.values = values.size();
    SiteSettings settings = settingsAt(bits, Scheme::Asymmetric, EstimatorKind::MinMax);
    const auto numbers = findQuantizer(quantizer)->resolve({statistics, settings});
    EXPECT_TRUE(numbers) << numbers.error().text();
    return *numbers;
}

TEST(LogSqrt2, HasTheLevelsOfThePaperAndOfTheReleasedCode)
{
    for (const bool released : {true, false}) {
        const auto numbers = softmaxNumbers(released ? "log-sqrt2-zero" : "log-sqrt2", 4);
        const auto levels = levelsOf(std::get<LogGrid>(numbers.levels));
        const int last = released ? 15 : 14;
        ASSERT_EQ(levels.size(), static_cast<std::size_t>(last) + 2);
        EXPECT_EQ(levels.front(), 0);
        for (int q = 0; q <= last; ++q)
            EXPECT_NEAR(levels[static_cast<std::size_t>(last - q + 1)], std::exp2(-q / 2.0), 1e-7);
        const double border = std::exp2(-(last + 0.5) / 2); // 2^-7.75 of the released code
        std::vector<float> x{static_cast<float>(border * (1 + 1e-5)), static_cast<float>(border * (1 - 1e-5)), 1, 7};
        std::vector<float> y(x.size());
        numbers.map->apply(x.data(), y.data(), {1, 1, static_cast<int64_t>(x.size())});
        EXPECT_GT(y[0], 0);
        EXPECT_EQ(y[1], 0);
        EXPECT_EQ(y[2], 1);
        EXPECT_EQ(y[3], 1);
        // Relative error at most 2^(1/4) - 1.
        for (int i = 0; i < 10'000; ++i) {
            const auto value = static_cast<float>(border + (1 - border) * (i + 1) / 10'000);
            float got = 0;
            numbers.map->apply(&value, &got, {1, 1, 1});
            EXPECT_LE(std::abs(got / value - 1), std::exp2(0.25) - 1 + 1e-5) << value;
        }
    }
}

/// RQ-5: rare outliers are cut where codes are few, kept longer where there are many.
TEST(PercentileByError, CutsRareOutliersOnlyWhereCodesAreFew)
{
    for (const unsigned seed : {1U, 2U, 3U}) {
        std::mt19937 engine(seed);
        std::normal_distribution<float> normal;
        std::vector<float> values(100'000);
        std::ranges::generate(values, [&] { return normal(engine); });
        std::fill_n(values.begin(), 50, 10.0F);
        stats::Histogram histogram;
        histogram.add(values);
        const auto extremes = std::ranges::minmax(values);
        Estimator estimator;
        estimator.kind = EstimatorKind::Percentile;
        for (const int bits : {3, 4, 6, 8}) {
            for (const bool fromValues : {true, false}) {
                const auto range = fromValues ? *estimateRange(estimator, values, bits, Scheme::Asymmetric)
                                              : *estimateRange(estimator, histogram, extremes.min, extremes.max, bits,
                                                               Scheme::Asymmetric);
                if (bits <= 4)
                    EXPECT_LT(range.high, 4) << bits << " " << seed;
                else
                    EXPECT_NEAR(range.high, 10, 0.1) << bits << " " << seed;
                // 0.9999 and 0.99999 differ at the lower end.
                Estimator one = estimator;
                one.percentiles = {bits <= 4 ? 0.999 : 0.9999};
                const auto alone =
                    fromValues ? *estimateRange(one, values, bits, Scheme::Asymmetric)
                               : *estimateRange(one, histogram, extremes.min, extremes.max, bits, Scheme::Asymmetric);
                EXPECT_EQ(range.low, alone.low) << bits << " " << seed;
            }
        }
    }
}

} // namespace
} // namespace qs::quant
