// The fixed rule of Q-HyViT's released code: preset q-hyvit-code.
#include "core/exec/run_images.h"
#include "core/graph/find_sites.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qs::quant {
namespace {

/// The second channel of the stem is 0 throughout.
constexpr const char* kNetwork = R"(
input x:1x3x8x8
stem:4x3x1x1 = [1 -0.5 0.3 0 0 0 6 3 1 0.1 0.2 0.1]
dw:4x1x3x3 = random(2)
pw:6x4x1x1 = random(3)
hw:6x5 = random(4)
s:1x4x8x8 = Conv(x, stem) group=1
a:1x4x8x8 = Conv(s, dw) pads=[1 1 1 1] group=4
b:1x6x8x8 = Conv(a, pw) group=1
m:1x6 = ReduceMean(b) axes=[2 3] keepdims=0
y:1x5 = Linear(m, hw)
output y
)";

TEST(ReleasedRule, ScalesByChannelInFrontOfDepthwiseConvolutionsAlone)
{
    const auto graph = graph::parse(kNetwork);
    ASSERT_TRUE(graph) << graph.error().text();
    const graph::SiteTable sites = graph::findSites(*graph);
    const test::NoiseImages images(4);
    const auto calibration = stats::calibrate({*graph, sites}, images, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    for (const int bits : {4, 8}) {
        const auto plan =
            resolve({*graph, sites}, *calibration, *presetRecipe("q-hyvit-code-literal", bits, bits), nullptr, {});
        ASSERT_TRUE(plan) << plan.error().text();
        for (const graph::Site& site : sites) {
            const UniformGrid& grid = (**plan)[site.id].grid;
            if (site.coverage != graph::Coverage::MatMul)
                continue;
            const graph::Node& reader = graph->node(site.uses.front().node);
            const int64_t group = reader.attributes.integer("group", 1);
            const bool byChannel = site.kind == graph::SiteKind::Weight || group > 1;
            EXPECT_EQ(grid.scale.size(), byChannel ? static_cast<std::size_t>(site.layout.channels) : 1U)
                << site.name;
            EXPECT_TRUE(std::ranges::all_of(grid.zeroPoint, [](int32_t zero) { return zero == 0; })) << site.name;
            EXPECT_TRUE(std::ranges::all_of(grid.scale, [](float s) { return s > 0 && std::isfinite(s); }))
                << site.name;
            if (group != 4 || site.kind == graph::SiteKind::Weight)
                continue;
            // The channel without values keeps them, and makes nothing of others that is not finite.
            std::vector<float> values(static_cast<std::size_t>(site.elements()), 0.0F);
            (**plan)[site.id].map->apply(values.data(), values.data(), site.layout);
            EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return value == 0; }));
            std::ranges::fill(values, 3e30F);
            (**plan)[site.id].map->apply(values.data(), values.data(), site.layout);
            EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return std::isfinite(value); }));
        }
        const auto program = exec::Program::compile({*graph, sites}, (*plan)->simulation, {});
        ASSERT_TRUE(program);
        const auto logits = exec::runImages(*program, images, 0, images.size(), {}, "test");
        ASSERT_TRUE(logits);
        EXPECT_TRUE(std::ranges::all_of(logits->floats(), [](float value) { return std::isfinite(value); }));
    }
}

} // namespace
} // namespace qs::quant
