#include "core/graph/bridges.h"
#include "core/graph/find_sites.h"
#include "core/graph/sites.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qs::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Graph graphOf(const std::string& text)
{
    const auto graph = parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return graph.value();
}

std::vector<std::string> layersOf(const SiteTable& sites, int bridge)
{
    std::vector<std::string> layers;
    for (const SiteId id : sites.ofBridge(bridge))
        if (sites[id].kind == SiteKind::Weight)
            layers.push_back(sites[id].layer);
    return layers;
}

std::string outputOf(const Graph& graph, const SiteTable& sites, std::size_t bridge)
{
    return graph.value(sites.bridges()[bridge].output).name;
}

/// Constants, stem (image -> s 1x4x4x4), and the head from u (1x4x4x4).
std::string hybrid(const std::string& body)
{
    return "input x:1x3x8x8\nstem:4x3x3x3 = random(1)\nc1:4x4x3x3 = random(2)\npw:4x4x1x1 = random(3)\n"
           "w:4x4 = random(4)\nw3:4x12 = random(5)\nwide:4x8 = random(6)\nnarrow:8x4 = random(7)\nhw:4x2 = "
           "random(8)\n"
           "g:4 = [1 1 1 1]\nz:1x2x4 = random(9)\n"
           "s:1x4x4x4 = Conv(x, stem) strides=[2 2] pads=[1 1 1 1] group=1\n" +
           body + "m:1x4 = ReduceMean(u) axes=[2 3] keepdims=0\ny:1x2 = Linear(m, hw)\noutput y\n";
}

const std::string kConvolutions = "a:1x4x4x4 = Conv(s, c1) pads=[1 1 1 1] group=1\na2:1x4x4x4 = Silu(a)\n"
                                  "b:1x4x4x4 = Conv(a2, pw) group=1\n";

/// Tokens t -> t2, with a residual attention and MLP; names begin with `p`.
std::string block(const std::string& p, const std::string& t, const std::string& t2)
{
    return p + "n:1x16x4 = LayerNormalization(" + t + ", g, g) axis=2\n" + p + "qkv:1x16x12 = Linear(" + p +
           "n, w3)\n" + p + "q:1x16x4, " + p + "k:1x16x4, " + p + "v:1x16x4 = Split(" + p +
           "qkv) axis=2 split=[4 4 4]\n" + p + "kt:1x4x16 = Transpose(" + p + "k) perm=[0 2 1]\n" + p +
           "s:1x16x16 = MatMul(" + p + "q, " + p + "kt)\n" + p + "a:1x16x16 = Softmax(" + p + "s) axis=2\n" + p +
           "o:1x16x4 = MatMul(" + p + "a, " + p + "v)\n" + p + "pr:1x16x4 = Linear(" + p + "o, w)\n" + p +
           "r:1x16x4 = Add(" + t + ", " + p + "pr)\n" + p + "n2:1x16x4 = LayerNormalization(" + p +
           "r, g, g) axis=2\n" + p + "h:1x16x8 = Linear(" + p + "n2, wide)\n" + p + "hr:1x16x8 = Gelu(" + p + "h)\n" +
           p + "h2:1x16x4 = Linear(" + p + "hr, narrow)\n" + t2 + ":1x16x4 = Add(" + p + "r, " + p + "h2)\n";
}

const std::string kToTokens = "f:1x4x16 = Reshape(b) shape=[1 4 16]\nt:1x16x4 = Transpose(f) perm=[0 2 1]\n";
const std::string kToMap = "back:1x4x16 = Transpose(t3) perm=[0 2 1]\nu:1x4x4x4 = Reshape(back) shape=[1 4 4 4]\n";

TEST(Bridges, ConvolutionsBeforeTheFirstOfTwoTransformerBlocks)
{
    const Graph graph =
        graphOf(hybrid(kConvolutions + kToTokens + block("p", "t", "t2") + block("q", "t2", "t3") + kToMap));
    const SiteTable sites = findSites(graph);
    ASSERT_EQ(sites.bridges().size(), 1u);
    const BridgeBlock& bridge = sites.bridges()[0];
    EXPECT_EQ(bridge.kind, BridgeBlock::Kind::Entry);
    EXPECT_EQ(outputOf(graph, sites, 0), "t");
    EXPECT_THAT(layersOf(sites, 0), ElementsAre("blocks.0.conv", "blocks.0.bridge"));
    EXPECT_EQ(bridge.nodes.size(), 5u) << "two convolutions, Silu, Reshape, Transpose";
    EXPECT_EQ(bridge.block, 0);
    EXPECT_EQ(sites[sites.find("blocks.0.conv.weight")].bridge, 0);
    EXPECT_EQ(sites[sites.find("blocks.1.qkv.input")].bridge, -1);
}

TEST(Bridges, NoneAfterThePatchEmbedding)
{
    const Graph graph = graphOf(hybrid("b:1x4x4x4 = Relu(s)\n" + kToTokens + block("p", "t", "t3") + kToMap));
    EXPECT_THAT(findSites(graph).bridges(), IsEmpty());
}

TEST(Bridges, NoneInConvolutions)
{
    EXPECT_THAT(findSites(graphOf(hybrid(kConvolutions + "u:1x4x4x4 = Add(b, s)\n"))).bridges(), IsEmpty());
}

/// As EfficientFormer V2 has it: attention by 1×1 convolutions, no tokens anywhere; the residual sum is the output.
TEST(Bridges, AttentionOfAFeatureMap)
{
    const Graph graph = graphOf(hybrid(
        kConvolutions + "e:1x4x4x4 = Add(s, b)\nq:1x4x4x4 = Conv(e, pw) group=1\nk:1x4x4x4 = Conv(e, pw) group=1\n"
                        "v:1x4x4x4 = Conv(e, pw) group=1\nqf:1x4x16 = Reshape(q) shape=[1 4 16]\n"
                        "qt:1x16x4 = Transpose(qf) perm=[0 2 1]\nkf:1x4x16 = Reshape(k) shape=[1 4 16]\n"
                        "vf:1x4x16 = Reshape(v) shape=[1 4 16]\nvt:1x16x4 = Transpose(vf) perm=[0 2 1]\n"
                        "sc:1x16x16 = MatMul(qt, kf)\nat:1x16x16 = Softmax(sc) axis=2\no:1x16x4 = MatMul(at, vt)\n"
                        "ot:1x4x16 = Transpose(o) perm=[0 2 1]\nom:1x4x4x4 = Reshape(ot) shape=[1 4 4 4]\n"
                        "pr:1x4x4x4 = Conv(om, pw) group=1\nu:1x4x4x4 = Add(e, pr)\n"));
    const SiteTable sites = findSites(graph);
    ASSERT_EQ(sites.bridges().size(), 1u);
    EXPECT_EQ(outputOf(graph, sites, 0), "e");
    EXPECT_THAT(layersOf(sites, 0), ElementsAre("blocks.0.conv", "blocks.0.pwconv"));
    EXPECT_EQ(sites[sites.find("blocks.1.q.input")].role, Role::Query);
    EXPECT_EQ(sites[sites.find("blocks.1.proj.input")].role, Role::Proj);
}

/// As Mobile-Former has it: tokens z attend to the map (queries projected), then the map attends to the tokens (keys
/// and values projected); the map itself is projected nowhere.
TEST(Bridges, AttentionBetweenTokensAndAFeatureMap)
{
    const std::string body =
        "wq:4x4 = random(11)\nwk:4x4 = random(12)\nwv:4x4 = random(13)\npw2:4x4x1x1 = random(14)\n"
        "z0:1x4x4 = ReduceMean(s) axes=[2] keepdims=0\nz1:1x4x4 = LayerNormalization(z0, g, g) axis=2\n"
        "q:1x4x4 = Linear(z1, wq)\nf:1x4x16 = Reshape(b) shape=[1 4 16]\nft:1x16x4 = Transpose(f) perm=[0 2 1]\n"
        "sc:1x4x16 = MatMul(q, f)\nat:1x4x16 = Softmax(sc) axis=2\no:1x4x4 = MatMul(at, ft)\n"
        "pr:1x4x4 = Linear(o, w)\nz2:1x4x4 = Add(z1, pr)\nz3:1x4x4 = LayerNormalization(z2, g, g) axis=2\n"
        "k:1x4x4 = Linear(z3, wk)\nv:1x4x4 = Linear(z3, wv)\nkt:1x4x4 = Transpose(k) perm=[0 2 1]\n"
        "sc2:1x16x4 = MatMul(ft, kt)\nat2:1x16x4 = Softmax(sc2) axis=2\no2:1x16x4 = MatMul(at2, v)\n"
        "o2t:1x4x16 = Transpose(o2) perm=[0 2 1]\no2m:1x4x4x4 = Reshape(o2t) shape=[1 4 4 4]\n"
        "u0:1x4x4x4 = Add(b, o2m)\nu1:1x4x4x4 = Conv(u0, pw2) group=1\nu:1x4x4x4 = Add(u0, u1)\n";
    const Graph graph = graphOf(hybrid(kConvolutions + body));
    const SiteTable sites = findSites(graph);
    ASSERT_EQ(sites.bridges().size(), 2u);
    for (const BridgeBlock& bridge : sites.bridges())
        EXPECT_EQ(bridge.kind, BridgeBlock::Kind::Crossing);
    EXPECT_EQ(outputOf(graph, sites, 0), "z3");
    EXPECT_EQ(outputOf(graph, sites, 1), "u0");
    EXPECT_THAT(layersOf(sites, 0), ElementsAre(testing::EndsWith(".q"), testing::EndsWith(".proj")));
    EXPECT_THAT(layersOf(sites, 1), ElementsAre(testing::EndsWith(".k"), testing::EndsWith(".v")));
    for (const Site& site : sites)
        if (site.valueName == "b" && site.kind == SiteKind::Activation) {
            EXPECT_NE(site.role, Role::Qkv);
        }
}

TEST(Bridges, NodesAreInOrderAndLeadToTheOutput)
{
    const Graph graph = graphOf(hybrid(kConvolutions + kToTokens + block("p", "t", "t3") + kToMap));
    const SiteTable sites = findSites(graph);
    ASSERT_EQ(sites.bridges().size(), 1u);
    const BridgeBlock& bridge = sites.bridges()[0];
    EXPECT_TRUE(std::is_sorted(bridge.nodes.begin(), bridge.nodes.end()));
    EXPECT_EQ(graph.value(bridge.output).producer, bridge.nodes.back());
    EXPECT_TRUE(sites.ofBridge(1).empty());
}

} // namespace
} // namespace qs::graph
