#pragma once

#include "core/exec/run_images.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/search/hybrid_search.h"
#include "core/stats/calibrate.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace qs::search {

/// Convolutions, an attention over their pixels, a classifier: the convolutions a and b are a bridge block.
inline const std::string kHybridNetwork = R"(
input x:1x3x8x8
stem:4x3x3x3 = random(1)
c1:4x4x3x3 = random(2)
pw:4x4x1x1 = random(3)
w:4x4 = random(4)
w3:4x12 = random(5)
hw:4x5 = random(8)
g:4 = [1 1 1 1]
s:1x4x4x4 = Conv(x, stem) strides=[2 2] pads=[1 1 1 1] group=1
sr:1x4x4x4 = Relu(s)
a:1x4x4x4 = Conv(sr, c1) pads=[1 1 1 1] group=1
a2:1x4x4x4 = Silu(a)
b:1x4x4x4 = Conv(a2, pw) group=1
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
y:1x5 = Linear(m, hw)
output y
)";

class HybridTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_NO_FATAL_FAILURE(use(kHybridNetwork));
        m_recipe = *quant::presetRecipe("minmax", 4, 4);
        m_options.grid = {0.1, 1.2, 11, 1, false};
    }

    void use(const std::string& network)
    {
        auto graph = graph::parse(network);
        ASSERT_TRUE(graph) << graph.error().text();
        m_network = graph::networkOf(std::move(*graph));
        auto calibration = stats::calibrate(*m_network, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
    }

    HybridResult search(const quant::Recipe& recipe, const HybridOptions& options, const Context& context = {}) const
    {
        auto result = searchHybrid(*m_network, m_calibration, recipe, m_images, options, context);
        EXPECT_TRUE(result) << result.error().text();
        return std::move(*result);
    }
    const HybridChoice& choiceOf(const HybridResult& result, std::string_view value, graph::SiteKind kind) const
    {
        for (const HybridChoice& choice : result.choices)
            if (m_network->sites[choice.site].valueName == value && m_network->sites[choice.site].kind == kind)
                return choice;
        ADD_FAILURE() << "no choice for " << value;
        return result.choices.front();
    }
    std::string nameOf(std::string_view value, graph::SiteKind kind) const
    {
        for (const graph::Site& site : m_network->sites)
            if (site.valueName == value && site.kind == kind)
                return site.name;
        ADD_FAILURE() << "no site reads " << value;
        return {};
    }
    Tensor logits(const quant::Recipe& recipe) const
    {
        const auto plan = quant::resolve(*m_network, m_calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        const auto program = exec::Program::compile(*m_network, (*plan)->simulation, {});
        return exec::runImages(*program, m_images, 0, m_images.size(), {}, "test").value();
    }

    std::optional<graph::Network> m_network;
    test::NoiseImages m_images{6};
    std::shared_ptr<const stats::Calibration> m_calibration;
    quant::Recipe m_recipe;
    HybridOptions m_options;
};

} // namespace qs::search
