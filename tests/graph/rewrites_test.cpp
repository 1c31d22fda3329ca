#include "core/graph/rewrites/rewrites.h"
#include "core/graph/text_dump.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace qs::graph {
namespace {

using testing::ElementsAre;

Graph rewritten(std::string_view text)
{
    auto graph = parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    auto result = canonicalise(graph->data());
    EXPECT_TRUE(result) << result.error().text();
    return *result;
}

std::vector<std::string> ops(const Graph& graph)
{
    std::vector<std::string> names;
    for (const Node& node : graph.nodes())
        names.push_back(node.op);
    return names;
}

constexpr const char* kLayerNorm = "input x:1x4x8\n"
                                   "two:scalar = [2.0]\n"
                                   "eps:scalar = [1e-05]\n"
                                   "gamma:8 = [1 2 3 4 5 6 7 8]\n"
                                   "beta:1x1x8 = [8 7 6 5 4 3 2 1]\n"
                                   "mean:1x4x1 = ReduceMean(x) axes=[2] keepdims=1 # m 0\n"
                                   "d:1x4x8 = Sub(x, mean) # d 1\n"
                                   "sq:1x4x8 = Pow(d, two) # p 2\n"
                                   "var:1x4x1 = ReduceMean(sq) axes=[2] keepdims=1 # v 3\n"
                                   "ve:1x4x1 = Add(var, eps) # a 4\n"
                                   "sd:1x4x1 = Sqrt(ve) # s 5\n"
                                   "n:1x4x8 = Div(d, sd) # norm 6\n"
                                   "g:1x4x8 = Mul(n, gamma) # gamma 7\n"
                                   "y:1x4x8 = Add(g, beta) # beta 8\n"
                                   "output y\n";

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Rewrites, MatMulAndBiasBecomeLinear)
{
    for (const char* add : {"Add(p, b)", "Add(b, p)"}) {
        const Graph graph = rewritten(std::string("input x:1x4x8\nw:8x3 = random(1)\nb:3 = [1 2 3]\n"
                                                  "p:1x4x3 = MatMul(x, w) # product 4\ny:1x4x3 = ") +
                                      add + " # bias 6\noutput y\n");
        ASSERT_THAT(ops(graph), ElementsAre("Linear"));
        EXPECT_EQ(graph.nodes()[0].name, "product");
        EXPECT_THAT(graph.nodes()[0].sources, ElementsAre(4, 6));
        EXPECT_EQ(graph.value(graph.nodes()[0].inputs[2]).name, "b");
    }
}

TEST(Rewrites, RowBiasOfHigherRankIsReshaped)
{
    const Graph graph = rewritten("input x:1x4x8\nw:8x3 = random(1)\nb:1x1x3 = [1 2 3]\n"
                                  "p:1x4x3 = MatMul(x, w)\ny:1x4x3 = Add(p, b)\noutput y\n");
    ASSERT_THAT(ops(graph), ElementsAre("Linear"));
    EXPECT_EQ(graph.value(graph.nodes()[0].inputs[2]).shape, (Shape{3}));
}

TEST(Rewrites, ProductWithOtherReadersKeepsItsAddition)
{
    const Graph graph = rewritten("input x:1x4x3\nw:3x3 = random(1)\nb:3 = [1 2 3]\n"
                                  "p:1x4x3 = MatMul(x, w)\nq:1x4x3 = Add(p, b)\ny:1x4x3 = Mul(q, p)\noutput y\n");
    EXPECT_THAT(ops(graph), ElementsAre("Linear", "Add", "Mul"));
}

TEST(Rewrites, BiasThatIsNoRowStaysAnAddition)
{
    for (const char* bias : {"b:4x1 = [1 2 3 4]", "b:4x3 = [1 2 3 4 5 6 7 8 9 10 11 12]", "b:scalar = [1]"}) {
        const Graph graph = rewritten(std::string("input x:1x4x8\nw:8x3 = random(1)\n") + bias +
                                      "\np:1x4x3 = MatMul(x, w)\ny:1x4x3 = Add(p, b)\noutput y\n");
        EXPECT_THAT(ops(graph), ElementsAre("Linear", "Add")) << bias;
    }
}

TEST(Rewrites, ActivationProductsStayMatMul)
{
    const Graph graph = rewritten("input x:1x4x4\nc:2x4x4 = random(1)\na:1x4x4 = MatMul(x, x)\n"
                                  "y:2x4x4 = MatMul(a, c)\noutput y\n");
    EXPECT_THAT(ops(graph), ElementsAre("MatMul", "MatMul"));
}

TEST(Rewrites, DecomposedLayerNorm)
{
    const Graph graph = rewritten(kLayerNorm);
    ASSERT_THAT(ops(graph), ElementsAre("LayerNormalization")) << dump(graph);
    const Node& norm = graph.nodes()[0];
    EXPECT_EQ(graph.value(norm.inputs[0]).name, "x");
    EXPECT_EQ(graph.value(norm.inputs[1]).name, "gamma");
    EXPECT_EQ(graph.value(norm.inputs[2]).shape, (Shape{8}));
    EXPECT_EQ(norm.attributes.integer("axis", 0), 2);
    EXPECT_FLOAT_EQ(norm.attributes.real("epsilon", 0), 1e-5f);
    EXPECT_THAT(norm.sources, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(Rewrites, LayerNormVariants)
{
    const std::string text = kLayerNorm;
    const std::string square = replaced(text, "Pow(d, two)", "Mul(d, d)");
    const std::string twice = replaced(replaced(text, "sq:1x4x8 = Pow(d, two)",
                                                "m2:1x4x1 = ReduceMean(x) axes=[2] keepdims=1\n"
                                                "d2:1x4x8 = Sub(x, m2)\nsq:1x4x8 = Pow(d2, two)"),
                                       "Add(g, beta)", "Add(beta, g)");
    const std::string reciprocal =
        replaced(text, "n:1x4x8 = Div(d, sd)", "r:1x4x1 = Reciprocal(sd)\nn:1x4x8 = Mul(r, d)");
    for (const std::string& variant : {square, twice, reciprocal})
        EXPECT_THAT(ops(rewritten(variant)), ElementsAre("LayerNormalization")) << variant;
}

TEST(Rewrites, WhatOnlyLooksLikeLayerNormStays)
{
    const std::string text = kLayerNorm;
    for (const std::string& variant :
         {replaced(text, "two:scalar = [2.0]", "two:scalar = [3.0]"), replaced(text, "axes=[2]", "axes=[1]"),
          replaced(text, "Div(d, sd)", "Div(x, sd)"), replaced(text, "Add(var, eps)", "Add(var, var)"),
          replaced(text, "output y", "output sd\noutput y")})
        EXPECT_THAT(ops(rewritten(variant)), testing::Not(testing::Contains("LayerNormalization"))) << variant;
}

TEST(Rewrites, InnerValueThatIsReadElsewhereIsNotSwallowed)
{
    const std::string text =
        replaced(kLayerNorm, "y:1x4x8 = Add(g, beta) # beta 8", "z:1x4x8 = Add(g, beta)\ny:1x4x8 = Add(z, g)");
    const Graph graph = rewritten(text);
    EXPECT_THAT(ops(graph), ElementsAre("LayerNormalization", "Add", "Add"));
    EXPECT_FALSE(graph.nodes()[0].inputs[2].valid());
}

struct GeluForm {
    std::string body;
    std::string approximate;
};

TEST(Rewrites, GeluInAllUsualOrders)
{
    const std::string head =
        "input x:1x8\nhalf:scalar = [0.5]\ntwo:scalar = [2.0]\none:scalar = [1.0]\nthree:scalar = [3.0]\n"
        "root:scalar = [1.4142135]\nrsqrt:scalar = [0.70710677]\nk:scalar = [0.044715]\n"
        "s:scalar = [0.7978846]\n";
    const std::string erf = "a:1x8 = Div(x, root)\ne:1x8 = Erf(a)\ng:1x8 = Add(e, one)\n";
    const std::string erfMul = "a:1x8 = Mul(rsqrt, x)\ne:1x8 = Erf(a)\ng:1x8 = Add(one, e)\n";
    const std::string cube = "c:1x8 = Pow(x, three)\n";
    const std::string cubeMul = "c2:1x8 = Mul(x, x)\nc:1x8 = Mul(c2, x)\n";
    const std::string tanh =
        "kc:1x8 = Mul(c, k)\nu:1x8 = Add(x, kc)\nv:1x8 = Mul(u, s)\nt:1x8 = Tanh(v)\ng:1x8 = Add(t, one)\n";
    const GeluForm forms[] = {
        {erf + "p:1x8 = Mul(x, g)\ny:1x8 = Mul(p, half)\n", "none"},
        {erf + "p:1x8 = Mul(g, x)\ny:1x8 = Mul(half, p)\n", "none"},
        {erf + "p:1x8 = Mul(x, g)\ny:1x8 = Div(p, two)\n", "none"},
        {erfMul + "p:1x8 = Mul(x, half)\ny:1x8 = Mul(p, g)\n", "none"},
        {erfMul + "p:1x8 = Mul(half, x)\ny:1x8 = Mul(g, p)\n", "none"},
        {erf + "p:1x8 = Mul(g, half)\ny:1x8 = Mul(x, p)\n", "none"},
        {cube + tanh + "p:1x8 = Mul(x, half)\ny:1x8 = Mul(p, g)\n", "tanh"},
        {cubeMul + tanh + "p:1x8 = Mul(x, g)\ny:1x8 = Mul(p, half)\n", "tanh"},
    };
    for (const GeluForm& form : forms) {
        const Graph graph = rewritten(head + form.body + "output y\n");
        ASSERT_THAT(ops(graph), ElementsAre("Gelu")) << form.body;
        EXPECT_EQ(graph.nodes()[0].attributes.text("approximate", ""), form.approximate);
    }
    for (const char* wrong : {"half:scalar = [0.6]", "one:scalar = [1.1]", "root:scalar = [1.5]"}) {
        const std::string name = std::string(wrong).substr(0, std::string(wrong).find('='));
        std::string text = head + forms[0].body + "output y\n";
        const std::size_t at = text.find(name);
        text.replace(at, text.find('\n', at) - at, wrong);
        EXPECT_THAT(ops(rewritten(text)), testing::Not(testing::Contains("Gelu"))) << wrong;
    }
}

TEST(Rewrites, DecomposedSoftmax)
{
    const std::string text =
        "input x:1x4x8\nm:1x4x1 = ReduceMax(x) axes=[2] keepdims=1\nd:1x4x8 = Sub(x, m)\n"
        "e:1x4x8 = Exp(d)\ns:1x4x1 = ReduceSum(e) axes=[2] keepdims=1\ny:1x4x8 = Div(e, s)\noutput y\n";
    const Graph graph = rewritten(text);
    ASSERT_THAT(ops(graph), ElementsAre("Softmax"));
    EXPECT_EQ(graph.nodes()[0].attributes.integer("axis", 0), 2);
    EXPECT_THAT(ops(rewritten(replaced(text, "ReduceSum(e) axes=[2]", "ReduceSum(e) axes=[1]"))),
                testing::Contains("Exp"));
}

TEST(Rewrites, GatedActivations)
{
    EXPECT_THAT(ops(rewritten("input x:1x8\ns:1x8 = Sigmoid(x)\ny:1x8 = Mul(x, s)\noutput y\n")),
                ElementsAre("Silu"));
    EXPECT_THAT(ops(rewritten("input x:1x8\ns:1x8 = Sigmoid(x)\ny:1x8 = Mul(s, x)\noutput y\n")),
                ElementsAre("Silu"));
    EXPECT_THAT(ops(rewritten(
                    "input x:1x8\ns:1x8 = HardSigmoid(x) alpha=0.16666667 beta=0.5\ny:1x8 = Mul(s, x)\noutput y\n")),
                ElementsAre("HardSwish"));
    EXPECT_THAT(
        ops(rewritten("input x:1x8\ns:1x8 = HardSigmoid(x) alpha=0.2 beta=0.5\ny:1x8 = Mul(s, x)\noutput y\n")),
        ElementsAre("HardSigmoid", "Mul"));
    EXPECT_THAT(ops(rewritten("input x:1x8\nr:1x8 = Relu(x)\ns:1x8 = Sigmoid(r)\ny:1x8 = Mul(x, s)\noutput y\n")),
                ElementsAre("Relu", "Sigmoid", "Mul"));
}

TEST(Rewrites, BatchNormAndBiasGoIntoTheConvolution)
{
    const Graph graph =
        rewritten("input x:1x1x2x2\nw:2x1x1x1 = [2 4]\nb:2x1x1 = [1 1]\nscale:2 = [3 1]\nbias:2 = [10 20]\n"
                  "mean:2 = [1 2]\nvar:2 = [3.999 0.999]\n"
                  "c:1x2x2x2 = Conv(x, w) group=1 strides=[1 1] # conv 3\n"
                  "a:1x2x2x2 = Add(c, b) # bias 4\n"
                  "y:1x2x2x2 = BatchNormalization(a, scale, bias, mean, var) epsilon=0.001 # bn 5\noutput y\n");
    ASSERT_THAT(ops(graph), ElementsAre("Conv"));
    const Node& conv = graph.nodes()[0];
    EXPECT_THAT(conv.sources, ElementsAre(3, 4, 5));
    EXPECT_EQ(conv.name, "conv");
    const auto w = graph.value(conv.inputs[1]).constant.floats();
    const auto b = graph.value(conv.inputs[2]).constant.floats();
    EXPECT_NEAR(w[0], 2 * 3 / 2.0, 1e-6);
    EXPECT_NEAR(w[1], 4, 1e-6);
    EXPECT_NEAR(b[0], (1 - 1) * 1.5 + 10, 1e-6);
    EXPECT_NEAR(b[1], (1 - 2) * 1.0 + 20, 1e-6);
}

TEST(Rewrites, BypassedNodesAreSourcesOfWhatSwallowsTheirValue)
{
    const auto graph = parse("input x:1x4x8\nw:8x3 = random(1)\nb:3 = [1 2 3]\n"
                             "p:1x4x3 = MatMul(x, w) # product 4\ny:1x4x3 = Add(p, b) # bias 6\noutput y\n");
    ASSERT_TRUE(graph);
    const TensorId product = graph->nodes()[0].outputs[0];
    const auto result = canonicalise(graph->data(), {{product, {5}}});
    ASSERT_TRUE(result);
    EXPECT_THAT(result->nodes()[0].sources, ElementsAre(4, 5, 6));
}

} // namespace
} // namespace qs::graph
