#include "core/graph/find_sites.h"
#include "core/quant/resolve.h"
#include "core/quant/scaled_grid.h"
#include "core/stats/calibrate.h"

#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace qs::quant {
namespace {

/// What searches try is what a plan gives, bit by bit.
TEST(ScaledGrid, IsThatOfAPlan)
{
    const auto graph = graph::parse(
        "input x:1x3x8x8\nw:4x3x3x3 = random(1)\nd:4x1x3x3 = random(2)\nv:4x12 = random(3)\n"
        "h:4x5 = random(4)\ng:4 = [1 1 1 1]\n"
        "a:1x4x8x8 = Conv(x, w) pads=[1 1 1 1] group=1\nb:1x4x8x8 = Conv(a, d) pads=[1 1 1 1] group=4\n"
        "f:1x4x64 = Reshape(b) shape=[1 4 64]\nt:1x64x4 = Transpose(f) perm=[0 2 1]\n"
        "n:1x64x4 = LayerNormalization(t, g, g) axis=2\nqkv:1x64x12 = Linear(n, v)\n"
        "q:1x64x4, k:1x64x4, u:1x64x4 = Split(qkv) axis=2 split=[4 4 4]\n"
        "kt:1x4x64 = Transpose(k) perm=[0 2 1]\ns:1x64x64 = MatMul(q, kt)\np:1x64x64 = Softmax(s) axis=2\n"
        "o:1x64x4 = MatMul(p, u)\nm:1x4 = ReduceMean(o) axes=[1] keepdims=0\ny:1x5 = Linear(m, h)\n"
        "output y\n");
    ASSERT_TRUE(graph) << graph.error().text();
    const graph::SiteTable sites = graph::findSites(*graph);
    const auto calibration = stats::calibrate({*graph, sites}, test::NoiseImages{3}, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    for (const int bits : {2, 4, 8})
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric})
            for (const Granularity granularity : {Granularity::Tensor, Granularity::Channel, Granularity::Part})
                for (const double factor : {0.3, 1.0, 1.15}) {
                    Recipe recipe = *presetRecipe("minmax", bits, bits);
                    recipe.rules.clear();
                    for (SiteSettings* settings : {&recipe.weight, &recipe.activation}) {
                        settings->scheme = scheme;
                        settings->granularity = granularity;
                        settings->estimator.kind = EstimatorKind::Scaled;
                        settings->estimator.factor = factor;
                    }
                    const auto plan = resolve({*graph, sites}, *calibration, recipe, nullptr, {});
                    ASSERT_TRUE(plan) << plan.error().text();
                    for (const graph::Site& site : sites) {
                        const SitePlan& numbers = (**plan)[site.id];
                        if (!numbers.quantized())
                            continue;
                        if (site.kind == graph::SiteKind::Activation) {
                            const auto grid = scaledGrid((*calibration)->sites[site.id.index()], numbers.settings);
                            ASSERT_TRUE(grid) << grid.error().text();
                            EXPECT_EQ(grid->scale, numbers.grid.scale) << site.name;
                            EXPECT_EQ(grid->zeroPoint, numbers.grid.zeroPoint) << site.name;
                            EXPECT_EQ(grid->qmin, numbers.grid.qmin);
                            EXPECT_EQ(grid->qmax, numbers.grid.qmax);
                            continue;
                        }
                        const auto values = scaledWeight(FloatConstants(*graph), site, numbers.settings);
                        ASSERT_TRUE(values) << values.error().text();
                        const std::span<const float> expected = numbers.dequantized.floats();
                        ASSERT_EQ(values->floats().size(), expected.size());
                        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), values->floats().begin()))
                            << site.name << " " << bits;
                    }
                }
}

} // namespace
} // namespace qs::quant
