#include "core/quant/quantizer.h"

#include "core/quant/quantizers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qs::quant {
namespace {

std::vector<float> mapped(const UniformGrid& grid, const std::vector<float>& values)
{
    std::vector<float> result(values.size());
    makeUniformMap(grid)->apply(values.data(), result.data(), {static_cast<int64_t>(values.size()), 1, 1});
    return result;
}

double lowest(const UniformGrid& grid)
{
    return gridLevels(grid).front();
}

double highest(const UniformGrid& grid)
{
    return gridLevels(grid).back();
}

struct Case {
    double low, high;
};
const Case kCases[] = {{-1, 1},   {-0.17, 6.3},  {0, 1},        {-5, -2},    {3, 4},
                       {-8, 0.1}, {-1e-6, 3e-6}, {-3e30, 1e30}, {-1e-20, 0}, {-1, 1e-3}};

TEST(UniformGrid, HasTheFormulasOfItsScheme)
{
    const UniformGrid symmetric = uniformGrid(-2, 1, 8, Scheme::Symmetric);
    EXPECT_EQ(symmetric.scale[0], 2.0F / 127);
    EXPECT_EQ(symmetric.zeroPoint[0], 0);
    EXPECT_EQ(symmetric.qmin, -127);
    EXPECT_EQ(symmetric.qmax, 127);

    const UniformGrid asymmetric = uniformGrid(-1, 3, 4, Scheme::Asymmetric);
    EXPECT_EQ(asymmetric.scale[0], 4.0F / 15);
    EXPECT_EQ(asymmetric.zeroPoint[0], 4); // rne(3.75)
    EXPECT_EQ(asymmetric.qmin, 0);
    EXPECT_EQ(asymmetric.qmax, 15);

    EXPECT_EQ(uniformGrid(2, 3, 8, Scheme::Asymmetric).scale[0], 3.0F / 255); // widened to contain 0
    EXPECT_EQ(uniformGrid(-3, -2, 8, Scheme::Asymmetric).zeroPoint[0], 255);
}

TEST(UniformGrid, SurvivesEmptyAndTinyRanges)
{
    for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
        EXPECT_EQ(uniformGrid(0, 0, 8, scheme).scale[0], 1);
        EXPECT_EQ(uniformGrid(-1e-45, 1e-45, 8, scheme).scale[0], std::numeric_limits<float>::min());
        const float huge = std::numeric_limits<float>::max();
        EXPECT_TRUE(std::isfinite(uniformGrid(-huge, huge, 2, scheme).scale[0]));
    }
}

TEST(UniformMap, ErrsByHalfAStepAtMostInsideAndIsMonotone)
{
    std::mt19937 engine(1);
    for (const Case& range : kCases) {
        for (int bits = 2; bits <= 8; ++bits) {
            for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
                const UniformGrid grid = uniformGrid(range.low, range.high, bits, scheme);
                const double step = grid.scale[0];
                std::uniform_real_distribution<double> inside(lowest(grid) - step, highest(grid) + step);
                std::vector<float> values(500);
                for (float& value : values)
                    value = static_cast<float>(inside(engine));
                std::ranges::sort(values);
                const auto result = mapped(grid, values);
                EXPECT_TRUE(std::ranges::is_sorted(result));
                for (std::size_t i = 0; i < values.size(); ++i) {
                    EXPECT_GE(result[i], static_cast<float>(lowest(grid)));
                    EXPECT_LE(result[i], static_cast<float>(highest(grid)));
                    if (values[i] >= lowest(grid) && values[i] <= highest(grid)) {
                        EXPECT_LE(std::abs(result[i] - values[i]), step * 0.50001) << bits << " " << values[i];
                    }
                }
                EXPECT_EQ(mapped(grid, {0.0F, -0.0F}), (std::vector<float>{0, 0}));
                // What is on the grid stays there.
                EXPECT_EQ(mapped(grid, result), result);
            }
        }
    }
}

TEST(UniformMap, RoundsTiesToEven)
{
    const UniformGrid grid{{0.5F}, {0}, -7, 7};
    EXPECT_EQ(mapped(grid, {0.25F, 0.75F, 1.25F, -0.25F, -0.75F, -1.25F}), (std::vector<float>{0, 1, 1, 0, -1, -1}));
}

TEST(UniformMap, ClampsInfinitiesAndFarValues)
{
    const UniformGrid grid = uniformGrid(-1, 1, 4, Scheme::Symmetric);
    const float infinity = std::numeric_limits<float>::infinity();
    const auto result = mapped(grid, {infinity, -infinity, 1e30F, -1e30F});
    EXPECT_EQ(result[0], 1);
    EXPECT_EQ(result[1], -8 * grid.scale[0]);
    EXPECT_EQ(result[2], 1);
    EXPECT_EQ(result[3], -8 * grid.scale[0]);
}

TEST(UniformMap, GivesEachChannelItsGrid)
{
    const UniformGrid grid{{1, 0.5F, 0.25F}, {0, 1, 2}, 0, 3};
    const std::vector<float> src{0.9F, 2, 0.9F, 2, 0.3F, 2, -9, 9, -9, 9, -9, 9};
    std::vector<float> dst(src.size());
    makeUniformMap(grid)->apply(src.data(), dst.data(), {2, 3, 2});
    for (std::size_t i = 0; i < src.size(); ++i) {
        const std::size_t c = i / 2 % 3;
        const UniformGrid one{{grid.scale[c]}, {grid.zeroPoint[c]}, 0, 3};
        EXPECT_EQ(dst[i], mapped(one, {src[i]})[0]) << i;
    }
}

TEST(GridLevels, AreAscendingAndContainZero)
{
    const auto levels = gridLevels(uniformGrid(-0.17, 5, 4, Scheme::Asymmetric));
    ASSERT_EQ(levels.size(), 16U);
    EXPECT_TRUE(std::ranges::is_sorted(levels));
    EXPECT_EQ(std::ranges::count(levels, 0.0), 1);
    EXPECT_TRUE(gridLevels({}).empty());
}

TEST(Quantizers, AreFoundByName)
{
    EXPECT_EQ(quantizers().front().name, "uniform");
    ASSERT_NE(findQuantizer("uniform"), nullptr);
    EXPECT_EQ(findQuantizer("uniformly"), nullptr);
    EXPECT_EQ(findQuantizer(""), nullptr);
}

} // namespace
} // namespace qs::quant
