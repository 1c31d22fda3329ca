#include "core/quant/estimator.h"
#include "core/quant/quantizer.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace qs::quant {
namespace {

double weighted(const std::vector<float>& values, const std::vector<float>& importance, const Range& range)
{
    std::vector<float> quantized(values.size());
    makeUniformMap(uniformGrid(range.low, range.high, 4, Scheme::Symmetric))
        ->apply(values.data(), quantized.data(), {1, 1, static_cast<int64_t>(values.size())});
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        sum += importance[i] * (values[i] - quantized[i]) * (values[i] - quantized[i]);
    return sum;
}

/// The range is the best of the declared 100 steps, by brute force on the kernels' own codes.
TEST(WeightedError, ChoosesTheBestStep)
{
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    Estimator mse;
    mse.kind = EstimatorKind::Mse;
    for (int round = 0; round < 20; ++round) {
        std::vector<float> values(97 + static_cast<std::size_t>(round)), importance(values.size());
        for (float& v : values)
            v = normal(random) * (random() % 16 == 0 ? 4.0F : 1.0F);
        for (float& h : importance)
            h = std::abs(normal(random)) + (random() % 8 == 0 ? 20.0F : 0.0F);
        const Range chosen = *estimateRange(mse, values, 4, Scheme::Symmetric, importance);
        float largest = 0;
        for (const float v : values)
            largest = std::max(largest, std::abs(v));
        double best = HUGE_VAL;
        for (int step = 1; step <= 100; ++step)
            best = std::min(best, weighted(values, importance, {-largest * step / 100.0, largest * step / 100.0}));
        EXPECT_LE(weighted(values, importance, chosen), best * 1.0001);
    }
}

TEST(WeightedError, EqualImportanceIsNoImportance)
{
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    std::vector<float> values(200);
    for (float& v : values)
        v = normal(random);
    Estimator mse;
    mse.kind = EstimatorKind::Mse;
    const std::vector<float> ones(values.size(), 1.0F);
    for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
        const Range plain = *estimateRange(mse, values, 4, scheme);
        const Range same = *estimateRange(mse, values, 4, scheme, ones);
        EXPECT_EQ(plain.low, same.low);
        EXPECT_EQ(plain.high, same.high);
    }
}

} // namespace
} // namespace qs::quant
