#pragma once

#include "core/graph/network.h"
#include "core/stats/calibration.h"
#include "core/stats/collector.h"
#include "tests/support/graph_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

namespace qs::test {

/// A vision transformer of one block: 8 × 8 image, 4 tokens of 8 channels, 2 heads, 5 classes; q, k, v apart.
inline constexpr std::string_view kSmallVit = R"(input image:1x3x8x8
patch.w:8x3x4x4 = random(1)
patch.b:8 = random(2)
ln1.g:8 = random(3)
ln1.b:8 = random(4)
q.w:8x8 = random(5)
q.b:8 = random(6)
k.w:8x8 = random(7)
k.b:8 = random(8)
v.w:8x8 = random(9)
v.b:8 = random(10)
proj.w:8x8 = random(11)
proj.b:8 = random(12)
ln2.g:8 = random(13)
ln2.b:8 = random(14)
fc1.w:8x16 = random(15)
fc1.b:16 = random(16)
fc2.w:16x8 = random(17)
fc2.b:8 = random(18)
head.w:8x5 = random(19)
head.b:5 = random(20)
half:1 = [0.5]
p0:1x8x2x2 = Conv(image, patch.w, patch.b) strides=[4 4] dilations=[1 1] pads=[0 0 0 0] group=1
p1:1x8x4 = Reshape(p0) shape=[1 8 4]
p2:1x4x8 = Transpose(p1) perm=[0 2 1]
n1:1x4x8 = LayerNormalization(p2, ln1.g, ln1.b) axis=2 epsilon=1e-6
q0:1x4x8 = Linear(n1, q.w, q.b)
k0:1x4x8 = Linear(n1, k.w, k.b)
v0:1x4x8 = Linear(n1, v.w, v.b)
q1:1x4x2x4 = Reshape(q0) shape=[1 4 2 4]
k1:1x4x2x4 = Reshape(k0) shape=[1 4 2 4]
v1:1x4x2x4 = Reshape(v0) shape=[1 4 2 4]
q2:1x2x4x4 = Transpose(q1) perm=[0 2 1 3]
k2:1x2x4x4 = Transpose(k1) perm=[0 2 3 1]
v2:1x2x4x4 = Transpose(v1) perm=[0 2 1 3]
qk:1x2x4x4 = MatMul(q2, k2)
qs:1x2x4x4 = Mul(qk, half)
sm:1x2x4x4 = Softmax(qs) axis=3
av:1x2x4x4 = MatMul(sm, v2)
a1:1x4x2x4 = Transpose(av) perm=[0 2 1 3]
a2:1x4x8 = Reshape(a1) shape=[1 4 8]
a3:1x4x8 = Linear(a2, proj.w, proj.b)
r1:1x4x8 = Add(a3, p2)
n2:1x4x8 = LayerNormalization(r1, ln2.g, ln2.b) axis=2 epsilon=1e-6
f1:1x4x16 = Linear(n2, fc1.w, fc1.b)
g1:1x4x16 = Gelu(f1) approximate="none"
f2:1x4x8 = Linear(g1, fc2.w, fc2.b)
r2:1x4x8 = Add(f2, r1)
pool:1x8 = ReduceMean(r2) axes=[1] keepdims=0
logits:1x5 = Linear(pool, head.w, head.b)
output logits
)";

struct SmallVit : graph::Network {
    /// Site that input `input` of the node that produces `value` reads.
    SiteId at(std::string_view value, int input) const
    {
        for (const graph::Value& candidate : graph.values())
            if (candidate.name == value)
                return sites.at({candidate.producer, input});
        return {};
    }
};

inline SmallVit smallVit(std::string_view text = kSmallVit)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return {graph::networkOf(std::move(*graph))};
}

/// Gaussian values of every activation site for `runs` images, some sites with outliers: a calibration without
/// running anything.
inline std::vector<float> madeUpValues(const graph::Site& site, std::size_t run)
{
    std::mt19937 engine(static_cast<unsigned>(site.id.index() * 1000 + run));
    std::normal_distribution<float> normal(0.1F, 1.0F + static_cast<float>(site.id.index() % 3));
    std::vector<float> values(static_cast<std::size_t>(site.elements()));
    for (float& value : values)
        value = normal(engine);
    if (site.id.index() % 4 == 0)
        values[run % values.size()] *= 8;
    return values;
}

inline std::vector<SiteId> activationSites(const graph::SiteTable& sites)
{
    std::vector<SiteId> result;
    for (const graph::Site& site : sites)
        if (site.kind == graph::SiteKind::Activation)
            result.push_back(site.id);
    return result;
}

inline std::shared_ptr<const stats::Calibration> madeUpCalibration(const graph::SiteTable& sites,
                                                                   std::size_t runs = 20)
{
    stats::Collector collector(sites, activationSites(sites), 1, runs, 1, 64, 0);
    for (std::size_t run = 0; run < runs; ++run)
        for (const SiteId id : activationSites(sites))
            collector.observe(id, run, 0, madeUpValues(sites[id], run));
    auto result = std::make_shared<stats::Calibration>();
    result->images = runs;
    result->sites = collector.finish();
    result->products = collector.finishProducts();
    return result;
}

} // namespace qs::test
