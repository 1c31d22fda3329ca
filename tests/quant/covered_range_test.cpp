#include "core/quant/covered_range.h"
#include "core/quant/estimator.h"
#include "core/quant/grid_error.h"
#include "core/quant/quantizer.h"

#include <gtest/gtest.h>

#include <vector>

using namespace qs;
using namespace qs::quant;

// N4: the range on show was the estimator's, not what the codes span.
TEST(CoveredRange, IsThatOfTheGridNotOfTheEstimator)
{
    SitePlan site;
    site.range = {-29.91, 30.68};
    site.grid = uniformGrid(-29.91, 30.68, 4, Scheme::Asymmetric);
    const double step = site.grid.scale[0];
    const Range covered = coveredRange(site);
    EXPECT_NEAR(covered.high - covered.low, 15 * step, 1e-9);
    EXPECT_NEAR(covered.low, -site.grid.zeroPoint[0] * step, 1e-9);
    EXPECT_GT(std::abs(covered.low - site.range.low), 0.1); // a rounded zero point
}

TEST(CoveredRange, OfChannelsItIsTheHull)
{
    SitePlan site;
    site.grid = {{0.5F, 2.0F}, {0, 3}, 0, 15};
    EXPECT_EQ(coveredRange(site).low, -6);
    EXPECT_EQ(coveredRange(site).high, 24);
    site.grid = {{1.0F}, {0}, -8, 7};
    EXPECT_EQ(coveredRange(site).low, -8);
    EXPECT_EQ(coveredRange(site).high, 7);
}

TEST(CoveredRange, InFloatItIsTheEstimators)
{
    SitePlan site;
    site.range = {-1, 2};
    EXPECT_EQ(coveredRange(site).low, -1);
    EXPECT_EQ(coveredRange(site).high, 2);
}

// N3: "3.2 % of the values are clipped" of min-max, which clips nothing: a pile at the smallest value.
TEST(CoveredRange, NothingSeenIsClippedByMinMax)
{
    std::vector<float> values(4000, -0.17F); // as GELU makes them
    for (int i = 0; i <= 4000; ++i)
        values.push_back(-0.17F + 6.17F * static_cast<float>(i) / 4000);
    stats::Histogram histogram;
    histogram.add(values);
    const Range seen{-0.17, 6.0};
    for (const int bits : {2, 3, 4, 8}) {
        const UniformGrid grid = uniformGrid(seen.low, seen.high, bits, Scheme::Asymmetric);
        const UniformGridView view{grid.scale[0], grid.zeroPoint[0], grid.qmin, grid.qmax};
        const GridError error = expectedError(histogram, view, Range{values.front(), values.back()});
        EXPECT_EQ(error.clippedShare, 0) << bits;
        EXPECT_EQ(error.clipping, 0) << bits;
        // What is beyond is still counted.
        const UniformGridView narrow{grid.scale[0] / 4, grid.zeroPoint[0], grid.qmin, grid.qmax};
        EXPECT_GT(expectedError(histogram, narrow, Range{values.front(), values.back()}).clippedShare, 0.1) << bits;
    }
    // A grid whose lowest half step ends at the smallest value: without the extremes a part of the bin there, and so
    // of the pile, seems to be clipped.
    const double step = -2.0 * values.front();
    const UniformGridView edge{step, 0, 0, 31};
    EXPECT_GT(expectedError(histogram, edge).clippedShare, 0.01);
    EXPECT_EQ(expectedError(histogram, edge, Range{values.front(), values.back()}).clippedShare, 0);
}
