// Smoothing and noise in networks with several kinds of normalisation: where they apply, and what is said elsewhere.
#include "core/exec/run_images.h"
#include "core/graph/find_sites.h"
#include "core/quant/fold.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/quant/smoothing.h"
#include "core/stats/calibrate.h"
#include "tests/support/graph_text.h"
#include "tests/support/logits.h"
#include "tests/support/noise_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace qs::quant {
namespace {

using testing::HasSubstr;

/// Convolutions (their BatchNormalization folded), a GroupNormalization spelled out, LayerNormalization before linear
/// layers, attention.
constexpr const char* kNetwork = R"(
input x:1x3x8x8
stem:4x3x3x3 = random(1)
c1:4x4x3x3 = random(2)
pw:4x4x1x1 = random(3)
w3:4x12 = random(4)
w:4x4 = random(5)
h:4x5 = random(6)
g:4 = [1 2 0.5 1]
gain:4x1x1 = [1 2 3 4]
offset:4x1x1 = [0.1 0.2 0.3 0.4]
s:1x4x4x4 = Conv(x, stem) strides=[2 2] pads=[1 1 1 1] group=1
a:1x4x4x4 = Conv(s, c1) pads=[1 1 1 1] group=1
gn:1x4x4x4 = Mul(a, gain)
go:1x4x4x4 = Add(gn, offset)
b:1x4x4x4 = Conv(go, pw) group=1
f:1x4x16 = Reshape(b) shape=[1 4 16]
t:1x16x4 = Transpose(f) perm=[0 2 1]
n:1x16x4 = LayerNormalization(t, g, g) axis=2
qkv:1x16x12 = Linear(n, w3)
q:1x16x4, k:1x16x4, v:1x16x4 = Split(qkv) axis=2 split=[4 4 4]
kt:1x4x16 = Transpose(k) perm=[0 2 1]
sc:1x16x16 = MatMul(q, kt)
at:1x16x16 = Softmax(sc) axis=2
o:1x16x4 = MatMul(at, v)
pr:1x16x4 = Linear(o, w)
r:1x16x4 = Add(t, pr)
m:1x4 = ReduceMean(r) axes=[1] keepdims=0
y:1x5 = Linear(m, h)
output y
)";

TEST(FoldReasons, ExactWhereTheyApplyAndSaidWhereNot)
{
    const auto graph = graph::parse(kNetwork);
    ASSERT_TRUE(graph) << graph.error().text();
    const graph::SiteTable sites = graph::findSites(*graph);
    const auto calibration = stats::calibrate({*graph, sites}, test::NoiseImages{4}, {}, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    recipe.activation.smoothing.kind = SmoothingKind::ShiftScale; // everywhere
    recipe.activation.noise.on = true;
    const auto plan = resolve({*graph, sites}, *calibration, recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();

    const std::map<std::string, std::string> reasons{{"x", "pads with zeros"},
                                                     {"s", "pads with zeros"},
                                                     {"go", "no histograms by channel"},
                                                     {"q", "product of two activations"},
                                                     {"kt", "product of two activations"},
                                                     {"at", "product of two activations"}};
    std::size_t seen = 0;
    for (const graph::Site& site : sites) {
        const auto reason = reasons.find(site.valueName);
        if (reason == reasons.end() || site.kind != graph::SiteKind::Activation ||
            site.coverage != graph::Coverage::MatMul)
            continue;
        ++seen;
        EXPECT_EQ((**plan)[site.id].smoothing, nullptr) << site.name;
        std::string warnings;
        for (const std::string& warning : (*plan)->warnings)
            if (warning.starts_with(site.name + ": "))
                warnings += warning + "\n";
        EXPECT_THAT(warnings, HasSubstr("not smoothed: only inputs of linear layers"));
        EXPECT_THAT(warnings, HasSubstr("no noise: only inputs of linear layers"));
        EXPECT_THAT(warnings, HasSubstr(reason->second));
    }
    EXPECT_EQ(seen, reasons.size());
    const auto placeOf = [&](const char* value) {
        for (const graph::Site& site : sites)
            if (site.valueName == value && site.kind == graph::SiteKind::Activation &&
                site.coverage == graph::Coverage::MatMul)
                return findFold({*graph, sites}, site).value();
        return FoldTarget{};
    };
    EXPECT_EQ(placeOf("n").place, FoldPlace::LayerNorm);
    EXPECT_EQ(placeOf("o").place, FoldPlace::Value);
    EXPECT_EQ(placeOf("m").place, FoldPlace::Explicit);
    EXPECT_THAT(placeOf("m").reason, HasSubstr("Add"));
}

/// A BatchNormalization that no convolution takes up (in front of a classifier) folds as a LayerNormalization does.
TEST(FoldReasons, BatchNormalizationTakesUpTheTransform)
{
    const std::string head = "input x:1x3x8x8\nstem:4x3x3x3 = random(1)\nh:4x5 = random(6)\ng:4 = [1 2 0.5 -1]\n"
                             "b:4 = [0.1 5 -7 0]\nmean:4 = [0.1 0.2 -0.3 0]\nvariance:4 = [1 0.2 3 0.01]\n"
                             "s:1x4x4x4 = Conv(x, stem) strides=[2 2] pads=[1 1 1 1] group=1\na:1x4x4x4 = Relu(s)\n";
    for (const char* form : {"m:1x4 = ReduceMean(a) axes=[2 3] keepdims=0\n"
                             "n:1x4 = BatchNormalization(m, g, b, mean, variance) epsilon=0.001\n",
                             "p:1x4x4x4 = BatchNormalization(a, g, b, mean, variance) epsilon=0.001\n"
                             "n:1x4 = ReduceMean(p) axes=[2 3] keepdims=0\n",
                             "p:1x4x4x4 = BatchNormalization(a, g, b, mean, variance) epsilon=0.001\n"
                             "t:1x4x1x1 = AveragePool(p) kernel_shape=[4 4] strides=[4 4] pads=[0 0 0 0]\n"
                             "n:1x4 = Reshape(t) shape=[1 4]\n"}) {
        const auto graph = graph::parse(head + form + "y:1x5 = Linear(n, h)\noutput y\n");
        ASSERT_TRUE(graph) << graph.error().text();
        const graph::SiteTable sites = graph::findSites(*graph);
        const test::NoiseImages images(4);
        const auto calibration = stats::calibrate({*graph, sites}, images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        Recipe recipe = *presetRecipe("minmax", 8, 8);
        recipe.activation.smoothing.kind = SmoothingKind::ShiftScale;
        const auto plan = resolve({*graph, sites}, *calibration, recipe, nullptr, {});
        ASSERT_TRUE(plan) << plan.error().text();
        std::size_t folded = 0;
        for (const auto& site : (*plan)->sites)
            folded += site->smoothing && site->smoothing->target.place == FoldPlace::LayerNorm ? 1 : 0;
        EXPECT_EQ(folded, 1U) << form;
        const auto program = exec::Program::compile({*graph, sites}, (*plan)->smoothed, {});
        ASSERT_TRUE(program) << program.error().text();
        const auto logits = exec::runImages(*program, images, 0, images.size(), {}, "testing");
        ASSERT_TRUE(logits) << logits.error().text();
        EXPECT_LT(test::relativeDifference((*calibration)->logits, *logits), 1e-5);
    }
}

} // namespace
} // namespace qs::quant
