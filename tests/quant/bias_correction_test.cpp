// Closed-form correction of biases. Properties BC-1 and BC-2.
#include "core/exec/program.h"
#include "core/quant/bias_correction.h"
#include "core/quant/noise.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/quant/smoothed_network.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace qs::quant {
namespace {

using test::SmallVit;

class Correction : public ::testing::Test {
protected:
    Correction()
    {
        stats::CalibrationOptions options;
        options.sampleRows = 24 * 4; // every row there is: the sample's means are the exact ones
        auto calibration = stats::calibrate(m_vit, m_images, options, {});
        EXPECT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }

    std::shared_ptr<const Plan> planned(const Recipe& recipe) const
    {
        auto plan = resolve(m_vit, m_calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }

    struct Means {
        double largest = 0; ///< |mean of y - yq|, less what an integer bias rounds off, over rms of y; worst output
        double squared = 0; ///< sum (y - yq)²
        double rounded = 0; ///< what integer biases may bring into it
    };
    /// Outputs of the layer that makes `value` on all rows: float, and quantized with the plan's bias.
    Means compare(const Plan& plan, std::string_view value) const
    {
        const SiteId input = m_vit.at(value, 0);
        const SiteId weight = m_vit.at(value, 1);
        const graph::Use bias{m_vit.sites[weight].uses.front().node, 2};
        const auto& statistics = m_calibration->sites[input.index()];
        const auto rows = statistics.sample.floats();
        const auto k = static_cast<std::size_t>(statistics.sample.shape()[1]);
        std::vector<float> quantized(rows.begin(), rows.end());
        if (plan.simulation.activations[input.index()]) {
            auto map = plan[input].map;
            if (const auto& transform = plan[input].transform())
                map = makeSmoothingMap(transform->transform, map);
            map->apply(rows.data(), quantized.data(),
                       {static_cast<int64_t>(rows.size() / k), static_cast<int64_t>(k), 1});
        }
        const auto exact = m_vit.graph.value(m_vit.sites[weight].tensor).constant.floats();
        const auto rounded = plan[weight].quantized() ? plan[weight].dequantized.floats() : exact;
        const FloatConstants original(m_vit.graph);
        const FloatConstants changed(m_vit.graph, &plan.simulation.constants);
        const std::size_t n = exact.size() / k;
        Means result;
        for (std::size_t o = 0; o < n; ++o) {
            double mean = 0, signal = 0;
            for (std::size_t r = 0; r < rows.size() / k; ++r) {
                double y = original.of(bias).floats()[o];
                double yq = changed.of(bias).floats()[o];
                for (std::size_t c = 0; c < k; ++c) {
                    y += static_cast<double>(rows[r * k + c]) * exact[c * n + o];
                    yq += static_cast<double>(quantized[r * k + c]) * rounded[c * n + o];
                }
                mean += y - yq;
                signal += y * y;
                result.squared += (y - yq) * (y - yq);
            }
            const auto count = static_cast<double>(rows.size() / k);
            const auto integers = plan.biases.find(bias.node);
            const double half = integers == plan.biases.end() ? 0 : 0.5001 * integers->second->scale[o];
            result.rounded += count * half * half;
            result.largest = std::max(result.largest, (std::abs(mean / count) - half) / std::sqrt(signal / count));
        }
        return result;
    }

    SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{24};
    std::shared_ptr<const stats::Calibration> m_calibration;
};

TEST_F(Correction, MakesMeansEqualAndErrorsSmaller)
{
    for (const char* preset : {"minmax", "percentile", "noisyquant", "noisyquant-ptq4vit"})
        for (const int bits : {2, 4}) {
            if (bits == 2 && std::string_view(preset) == "noisyquant-ptq4vit")
                continue; // two regions need more codes
            Recipe recipe = *presetRecipe(preset + std::string(kLiteral), bits, bits);
            const auto before = planned(recipe);
            recipe.weight.biasCorrection = true;
            const auto after = planned(recipe);
            for (const char* value : {"q0", "f1", "f2", "logits"}) {
                const Means old = compare(*before, value);
                const Means now = compare(*after, value);
                EXPECT_LE(now.squared, old.squared * (1 + 1e-6) + now.rounded) << preset << value << bits;
                EXPECT_LE(now.largest, 1e-6) << preset << value << bits;
            }
        }
}

TEST_F(Correction, OfNothingIsNothing)
{
    Recipe recipe = *presetRecipe("minmax", kFloatBits, kFloatBits);
    recipe.weight.biasCorrection = true;
    EXPECT_TRUE(planned(recipe)->simulation.constants.empty());
    const std::vector<float> weight{1, 2, 3, 4};
    stats::SiteStatistics statistics;
    statistics.mean = {0.5, -0.25};
    statistics.sample = Tensor::fromFloats({2, 2}, std::vector<float>{1, -1, 0, 0.5F});
    EXPECT_EQ(outputShift(statistics, nullptr, weight, weight), (std::vector<double>{0, 0}));
    // What is lost by a constant error of the input is exactly that constant through the weights.
    class Plus final : public exec::ElementMap {
    public:
        void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
        {
            for (int64_t i = 0; i < layout.elements(); ++i)
                dst[i] = src[i] + 0.5F;
        }
    } plus;
    EXPECT_EQ(outputShift(statistics, &plus, weight, weight), (std::vector<double>{-0.5 * 4, -0.5 * 6}));
    // An error of the weights counts with the mean of their input.
    const std::vector<float> rounded{1, 2, 3.5F, 4};
    EXPECT_EQ(outputShift(statistics, nullptr, weight, rounded), (std::vector<double>{-0.5 * -0.25, 0}));
}

TEST_F(Correction, MakesABiasWhereThereIsNone)
{
    std::string text(test::kSmallVit);
    text.replace(text.find("Linear(n2, fc1.w, fc1.b)"), 24, "Linear(n2, fc1.w)");
    m_vit = test::smallVit(text);
    m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
    Recipe recipe = *presetRecipe("minmax", 3, 3);
    recipe.weight.biasCorrection = true;
    const auto plan = planned(recipe);
    const graph::Use bias{m_vit.sites[m_vit.at("f1", 1)].uses.front().node, 2};
    ASSERT_TRUE(plan->simulation.constants.contains(bias));
    EXPECT_TRUE(exec::Program::compile(m_vit, plan->simulation, {}));
}

} // namespace
} // namespace qs::quant
