#include "core/kernels/norm.h"
#include "core/quant/plan.h"
#include "core/quant/resolve.h"
#include "core/quant/site_error.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <vector>

namespace qs::quant {
namespace {

class ErrorOfSites : public ::testing::Test {
protected:
    ErrorOfSites()
    {
        m_calibration = *stats::calibrate(m_vit, m_images, {}, {});
        m_recipe.coverage = graph::Coverage::Full;
        m_recipe.weight.bits = m_recipe.activation.bits = 4;
        m_plan = *resolve(m_vit, m_calibration, m_recipe, nullptr, {});
    }
    double ofActivation(SiteId id, const Plan& plan) const
    {
        const FloatConstants constants(m_vit.graph);
        return SiteErrors(m_vit, *m_calibration)
            .ofActivation(m_vit.sites[id], plan[id], m_calibration->sites[id.index()], constants);
    }
    std::vector<float> quantized(SiteId id, std::span<const float> values, const graph::ChannelLayout& layout) const
    {
        std::vector<float> result(values.size());
        (*m_plan)[id].map->apply(values.data(), result.data(), layout);
        return result;
    }

    test::NoiseImages m_images{20};
    test::SmallVit m_vit = test::smallVit();
    std::shared_ptr<const stats::Calibration> m_calibration;
    Recipe m_recipe;
    std::shared_ptr<const Plan> m_plan;
};

TEST_F(ErrorOfSites, OfOneLinearLayerIsTheOutputError)
{
    for (const char* layer : {"f1", "f2", "a3", "logits"}) {
        const SiteId input = m_vit.at(layer, 0);
        EXPECT_NEAR(ofActivation(input, *m_plan), (*m_plan)[input].error.outputError, 1e-6) << layer;
        const SiteId weight = m_vit.at(layer, 1);
        const double error = SiteErrors(m_vit, *m_calibration)
                                 .ofWeight(m_vit.sites[weight], (*m_plan)[weight],
                                           &m_calibration->sites[input.index()], FloatConstants(m_vit.graph));
        EXPECT_NEAR(error, (*m_plan)[weight].error.outputError, 1e-6) << layer;
    }
}

TEST_F(ErrorOfSites, OfAProductIsThatOfItsSample)
{
    const SiteId left = m_vit.at("av", 0);
    const SiteId right = m_vit.at("av", 1);
    const stats::ProductSample& sample = m_calibration->products.back();
    ASSERT_EQ(sample.left, left);
    const Shape& a = sample.leftValues.shape();
    const Shape& b = sample.rightValues.shape();
    const auto multiply = [&](std::span<const float> x, std::span<const float> y) {
        std::vector<double> z;
        for (int64_t s = 0; s < a[0]; ++s)
            for (int64_t i = 0; i < a[1]; ++i)
                for (int64_t j = 0; j < b[2]; ++j) {
                    double sum = 0;
                    for (int64_t k = 0; k < a[2]; ++k)
                        sum += static_cast<double>(x[static_cast<std::size_t>((s * a[1] + i) * a[2] + k)]) *
                               y[static_cast<std::size_t>((s * b[1] + k) * b[2] + j)];
                    z.push_back(sum);
                }
        return z;
    };
    const auto expected = [&](std::span<const float> x, std::span<const float> y) {
        const auto exact = multiply(sample.leftValues.floats(), sample.rightValues.floats());
        const auto other = multiply(x, y);
        double error = 0;
        double signal = 0;
        for (std::size_t i = 0; i < exact.size(); ++i) {
            error += (exact[i] - other[i]) * (exact[i] - other[i]);
            signal += exact[i] * exact[i];
        }
        return error / signal;
    };
    const auto x = quantized(left, sample.leftValues.floats(), {a[0] * a[1], a[2], 1});
    const auto y = quantized(right, sample.rightValues.floats(), {b[0], b[1], b[2]});
    const double first = expected(x, sample.rightValues.floats());
    EXPECT_NEAR(ofActivation(left, *m_plan), first, 1e-4 * first);
    const double second = expected(sample.leftValues.floats(), y);
    EXPECT_NEAR(ofActivation(right, *m_plan), second, 1e-4 * second);
}

TEST_F(ErrorOfSites, OfANormalizationIsThatOfWhatItGives)
{
    const SiteId id = m_vit.at("n2", 0);
    const Tensor& rows = m_calibration->sites[id.index()].sample;
    const auto gamma = m_vit.graph.value(m_vit.graph.node(m_vit.sites[id].uses[0].node).inputs[1]).constant.floats();
    const auto normalized = [&](std::span<const float> x) {
        std::vector<float> y(x.size());
        kernels::reference::layerNorm(x.size() / 8, 8, x.data(), gamma.data(), nullptr, 1e-6F, y.data());
        return y;
    };
    const auto exact = normalized(rows.floats());
    const auto other = normalized(quantized(id, rows.floats(), {rows.shape()[0], 8, 1}));
    double error = 0;
    double signal = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        error += std::pow(static_cast<double>(exact[i]) - other[i], 2);
        signal += std::pow(static_cast<double>(exact[i]), 2);
    }
    EXPECT_NEAR(ofActivation(id, *m_plan), error / signal, 1e-3 * error / signal);
}

/// A sample of 2 rows has hardly any of the values that a narrow range clips; the histogram has them all.
TEST_F(ErrorOfSites, CountsTheClippingThatTheSampleDoesNotShow)
{
    stats::CalibrationOptions options;
    options.sampleRows = 2;
    const auto few = *stats::calibrate(m_vit, test::NoiseImages(200), options, {});
    const SiteId id = m_vit.at("f2", 0);
    const stats::SiteStatistics& statistics = few->sites[id.index()];
    Recipe recipe = m_recipe;
    recipe.activation.bits = 8;
    const float seen = *std::ranges::max_element(statistics.sample.floats());
    ASSERT_LT(seen, 0.9F * statistics.high());
    recipe.activation.estimator = {EstimatorKind::Manual, Estimator{}.percentiles, statistics.low(), seen};
    const auto clipped = *resolve(m_vit, few, recipe, nullptr, {});
    ASSERT_GT((*clipped)[id].error.clippedShare, 0);
    const double isolated = std::pow(10, -(*clipped)[id].error.sqnrDb / 10);
    const double error = SiteErrors(m_vit, *few)
                             .ofActivation(m_vit.sites[id], (*clipped)[id], statistics, FloatConstants(m_vit.graph));
    EXPECT_GT(error, 10 * (*clipped)[id].error.outputError); // the sample alone
    EXPECT_GT(error, 0.1 * isolated);
    EXPECT_LT(error, 100 * isolated);
}

} // namespace
} // namespace qs::quant
