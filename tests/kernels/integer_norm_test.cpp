// Layer normalization in integers. Property FQ-6.
#include "core/kernels/integer_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qs::kernels {
namespace {

TEST(ByteMultiplier, IsNearestFromBelowInEightBits)
{
    std::mt19937 engine(1);
    std::uniform_real_distribution<double> exponent(-24, 8);
    std::vector<double> values{std::ldexp(1, -24), 1, 0.5, 127.999, 128, 255.999, std::nextafter(256.0, 0)};
    for (int i = 0; i < 2000; ++i)
        values.push_back(std::exp2(exponent(engine)));
    for (const double a : values) {
        const ByteMultiplier m = byteMultiplier(a);
        EXPECT_GE(m.multiplier, 128) << a;
        EXPECT_LE(m.multiplier, 255) << a;
        const double rest = a - std::ldexp(m.multiplier, -m.shift);
        EXPECT_GE(rest, 0) << a;
        EXPECT_LT(rest, a / 128) << a;
    }
}

TEST(ByteMultiplier, EndsAtItsBounds)
{
    for (const double a : {256.0, 300.5, 1e30, std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(byteMultiplier(a).multiplier, 255) << a;
        EXPECT_EQ(byteMultiplier(a).shift, 0) << a;
    }
    EXPECT_EQ(byteMultiplier(0).multiplier, 0);
    EXPECT_EQ(byteMultiplier(std::ldexp(1, -40)).multiplier, 0);
    EXPECT_EQ(byteMultiplier(std::numeric_limits<double>::quiet_NaN()).multiplier, 0);
}

TEST(IntegerLayerNorm, IsTheNormOfTheCodesUpToItsMultiplier)
{
    constexpr std::size_t kRows = 20, kCols = 48;
    constexpr float kStep = 0.01F, kOutput = 0.05F;
    std::mt19937 engine(2);
    std::normal_distribution<float> normal;
    std::vector<float> steps(kCols), gamma(kCols), beta(kCols), x(kRows * kCols);
    for (std::size_t c = 0; c < kCols; ++c) {
        steps[c] = std::ldexp(kStep, static_cast<int>(c % 4));
        gamma[c] = c == 7 ? 0 : normal(engine);
        beta[c] = normal(engine);
    }
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = steps[i % kCols] * std::nearbyint(40 * normal(engine));
    std::vector<float> y(x.size());
    integerLayerNorm(kRows, kCols, x.data(), gamma.data(), beta.data(), steps.data(), kOutput, y.data());
    for (std::size_t r = 0; r < kRows; ++r) {
        const float* row = &x[r * kCols];
        double mean = 0, variance = 0;
        for (std::size_t c = 0; c < kCols; ++c)
            mean += row[c] / kCols;
        for (std::size_t c = 0; c < kCols; ++c)
            variance += (row[c] - mean) * (row[c] - mean) / kCols;
        for (std::size_t c = 0; c < kCols; ++c) {
            const double gain = gamma[c] / std::sqrt(variance);
            const double exact = (row[c] - mean) * gain + beta[c];
            // The multiplier of x is up to 1/128 too small, and of two roundings each is half a code.
            EXPECT_NEAR(y[r * kCols + c], exact, std::abs(gain * row[c]) / 128 + 1.01 * kOutput) << r << ", " << c;
            const float code = y[r * kCols + c] / kOutput;
            EXPECT_NEAR(code, std::nearbyint(code), 1e-3);
        }
    }
    std::vector<float> inPlace = x;
    integerLayerNorm(kRows, kCols, inPlace.data(), gamma.data(), beta.data(), steps.data(), kOutput, inPlace.data());
    EXPECT_EQ(inPlace, y);
}

TEST(IntegerLayerNorm, EqualValuesGiveBeta)
{
    const std::vector<float> x(16, 0.25F), steps(16, 0.25F);
    std::vector<float> beta(16), y(16);
    for (std::size_t c = 0; c < beta.size(); ++c)
        beta[c] = 0.3F * static_cast<float>(c);
    integerLayerNorm(1, 16, x.data(), nullptr, beta.data(), steps.data(), 0.5F, y.data());
    for (std::size_t c = 0; c < beta.size(); ++c)
        EXPECT_EQ(y[c], 0.5F * std::nearbyint(beta[c] / 0.5F));
    integerLayerNorm(1, 16, x.data(), nullptr, nullptr, steps.data(), 0.5F, y.data());
    EXPECT_EQ(y, std::vector<float>(16, 0.0F));
}

} // namespace
} // namespace qs::kernels
