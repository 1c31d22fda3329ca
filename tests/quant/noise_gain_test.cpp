// The gain region of noise over a histogram: theorem 1 where it speaks, simulation beyond it.
#include "core/quant/noise.h"
#include "core/quant/noise_gain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace qs::quant {
namespace {

/// A sequence that covers [0, 1) evenly.
double even(int i)
{
    const double x = i * 0.6180339887498949;
    return x - std::floor(x);
}

/// E[(Q(x + N) - x - N)²] with N ~ U(shift - n, shift + n), by trying.
double tried(const std::vector<double>& levels, double x, double n, double shift, int count = 100'000)
{
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        const double y = x + shift + n * (2 * even(i) - 1);
        double least = std::numeric_limits<double>::infinity();
        for (const double level : levels)
            least = std::min(least, (level - y) * (level - y));
        sum += least;
    }
    return sum / count;
}

UniformGrid gridOf(float scale, int levels)
{
    UniformGrid grid;
    grid.scale = {scale};
    grid.zeroPoint = {levels / 2};
    grid.qmin = 0;
    grid.qmax = levels - 1;
    return grid;
}

TEST(NoiseGain, IsTheTheoremInsideTheGrid)
{
    const double b = 0.25;
    const LevelCells cells = cellsOf(gridOf(0.5F, 16));
    EXPECT_EQ(cells.levels.size(), 16U);
    const double middle = cells.borders[7];
    for (const double n : {0.25, 0.5, 0.75, 1.0, 1.2}) {
        const NoiseGain gain(cells, n * b);
        for (double x = 0; x <= std::min(1.0, 2 - n) + 1e-9; x += 0.05)
            for (const double side : {-1.0, 1.0})
                EXPECT_NEAR(gain.change(middle + side * x * b), noiseErrorChange(x * b, n * b, b), 1e-12)
                    << n << " " << x;
        if (n > 1)
            continue;
        const double turns = noiseGainDistance(n * b, b);
        EXPECT_LT(gain.change(middle + 0.99 * turns), 0);
        EXPECT_GT(gain.change(middle + 1.01 * turns), 0);
    }
}

TEST(NoiseGain, HoldsBeyondTheTheorem)
{
    const auto cells = cellsOf(gridOf(0.5F, 5));
    for (const double n : {0.6, 1.5, 4.0})
        for (const double shift : {0.0, -0.2, 0.45})
            for (const double x : {-3.0, -1.2, -0.1, 0.24, 0.7, 2.5}) { // also where levels end
                const NoiseGain gain(cells, n, shift);
                EXPECT_NEAR(gain.errorWith(x), tried(cells.levels, x, n, shift), 2e-3) << n << shift << x;
            }
}

TEST(NoiseGain, OfUnevenLevels)
{
    LevelCells cells{{-1, -0.9, 0, 2}, {-0.95, -0.45, 1}, -1.05, 3};
    for (const double x : {-1.4, -0.94, -0.3, 0.9, 1.1, 2.6})
        EXPECT_NEAR(NoiseGain(cells, 0.3).errorWith(x), tried(cells.levels, x, 0.3, 0), 1e-4) << x;
}

TEST(NoiseGain, NoNoiseChangesNothing)
{
    const NoiseGain gain(cellsOf(gridOf(0.1F, 16)), 0);
    for (const double x : {-2.0, -0.33, 0.0, 0.05, 0.4})
        EXPECT_EQ(gain.change(x), 0);
}

TEST(NoiseGain, IsZeroOnAverageForEvenlySpreadValues)
{
    // 0.25 is a multiple of the bin's width, so that the values fill cells evenly.
    stats::Histogram histogram;
    std::vector<float> values;
    for (int i = 0; i < 64 * 64; ++i)
        values.push_back(-1.0F + (static_cast<float>(i) + 0.5F) / 2048);
    histogram.add(values);
    const auto cells = cellsOf(gridOf(0.25F, 32)); // ends far outside
    for (const double n : {0.03, 0.06, 0.125, 0.2}) {
        const NoiseGains gains = noiseGains(histogram, NoiseGain(cells, n));
        EXPECT_NEAR(gains.errorWith, gains.errorWithout, 2e-3 * gains.errorWithout) << n;
        EXPECT_GT(gains.winning, 0.1);
        EXPECT_GT(gains.losing, 0.3);
        EXPECT_NEAR(gains.winning + gains.losing, 1, 1e-9);
    }
}

TEST(NoiseGain, ValuesBetweenLevelsWinAndValuesOnLevelsLose)
{
    const auto cells = cellsOf(gridOf(1, 16));
    for (const bool between : {true, false}) {
        stats::Histogram histogram;
        histogram.add(std::vector<float>(1000, between ? 0.5F : 1.0F));
        const NoiseGains gains = noiseGains(histogram, NoiseGain(cells, 0.3));
        EXPECT_EQ(gains.winning, between ? 1 : 0);
        EXPECT_EQ(gains.losing, between ? 0 : 1);
        EXPECT_NEAR(gains.errorWithout, between ? 0.25 : 0, 1e-2);
        EXPECT_EQ(gains.errorWith < gains.errorWithout, between);
    }
}

TEST(NoiseGain, OfNoValuesIsNothing)
{
    const NoiseGains gains = noiseGains({}, NoiseGain(cellsOf(gridOf(1, 4)), 0.3));
    EXPECT_EQ(gains.errorWith, 0);
    EXPECT_EQ(gains.winning + gains.losing, 0);
}

} // namespace
} // namespace qs::quant
