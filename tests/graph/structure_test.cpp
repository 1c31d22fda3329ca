#include "core/graph/find_sites.h"
#include "core/graph/sites.h"
#include "core/graph/structure.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace qs::graph {
namespace {

using testing::ElementsAre;

SiteTable sitesOf(std::string_view text)
{
    const auto graph = parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return graph ? findSites(*graph) : SiteTable();
}

/// "name role" of the sites of the default coverage.
std::vector<std::string> named(const SiteTable& sites)
{
    std::vector<std::string> lines;
    for (const Site& site : sites)
        if (site.coverage == Coverage::MatMul && site.kind == SiteKind::Activation)
            lines.push_back(site.name + " " + std::string(roleName(site.role)));
    return lines;
}

/// Image -> patches, then `body` from t (1x4x8) to u (1x4x8), then the head.
std::string transformer(const std::string& body)
{
    return "input x:1x3x4x4\npw:8x3x2x2 = random(1)\nw:8x8 = random(2)\nwide:8x16 = random(3)\nnarrow:16x8 = "
           "random(4)\n"
           "w3:8x24 = random(5)\nhw:8x5 = random(6)\ng:8 = [1 1 1 1 1 1 1 1]\nscale:scalar = [0.5]\n"
           "p:1x8x2x2 = Conv(x, pw) strides=[2 2] group=1\nf:1x8x4 = Reshape(p) shape=[1 8 4]\n"
           "t:1x4x8 = Transpose(f) perm=[0 2 1]\n" +
           body + "m:1x8 = ReduceMean(u) axes=[1] keepdims=0\ny:1x5 = Linear(m, hw)\noutput y\n";
}

TEST(Structure, OneProjectionForQkvThroughSplitAndScale)
{
    const SiteTable sites = sitesOf(transformer(
        "n:1x4x8 = LayerNormalization(t, g, g) axis=2\nqkv:1x4x24 = Linear(n, w3)\n"
        "q:1x4x8, k:1x4x8, v:1x4x8 = Split(qkv) axis=2 split=[8 8 8]\nqs:1x4x8 = Mul(q, scale)\n"
        "kt:1x8x4 = Transpose(k) perm=[0 2 1]\ns:1x4x4 = MatMul(qs, kt)\na:1x4x4 = Softmax(s) axis=2\n"
        "o:1x4x8 = MatMul(a, v)\npr:1x4x8 = Linear(o, w)\nr:1x4x8 = Add(t, pr)\n"
        "n2:1x4x8 = LayerNormalization(r, g, g) axis=2\nh:1x4x16 = Linear(n2, wide)\nhr:1x4x16 = Gelu(h)\n"
        "h2:1x4x8 = Linear(hr, narrow)\nu:1x4x8 = Add(r, h2)\n"));
    EXPECT_THAT(named(sites), ElementsAre("patch_embed.input patch-embed", "blocks.0.qkv.input qkv",
                                          "blocks.0.qk.query query-operand", "blocks.0.qk.key key-operand",
                                          "blocks.0.av.softmax softmax-output", "blocks.0.av.value value-operand",
                                          "blocks.0.proj.input proj", "blocks.0.fc1.input fc1",
                                          "blocks.0.fc2.input fc2", "head.input head"));
    EXPECT_EQ(sites.blocks(), 1);
    const Site& key = sites[sites.find("blocks.0.qk.key")];
    EXPECT_EQ(key.channelAxis, 1u);
    EXPECT_EQ(key.layout.channels, 8);
    EXPECT_EQ(key.layout.inner, 4);
    EXPECT_EQ(key.macs, 4 * 4 * 8);
    const Site& weight = sites[sites.find("blocks.0.qkv.weight")];
    EXPECT_EQ(weight.kind, SiteKind::Weight);
    EXPECT_EQ(weight.channelAxis, 1u);
    EXPECT_THAT(sites.ofLayer("blocks.0.qkv"), ElementsAre(sites.find("blocks.0.qkv.input"), weight.id));
    for (const char* name : {"blocks.0.norm1.input", "blocks.0.norm2.input", "blocks.0.softmax.input",
                             "blocks.0.gelu.input", "blocks.0.residual1", "logits"}) {
        ASSERT_TRUE(sites.find(name).valid()) << name;
        EXPECT_EQ(sites[sites.find(name)].coverage, Coverage::Full);
    }
}

TEST(Structure, SeparateProjectionsShareTheirInputAndResidualReadsFloat)
{
    const SiteTable sites = sitesOf(
        transformer("q:1x4x8 = Linear(t, w)\nk:1x4x8 = Linear(t, w)\nv:1x4x8 = Linear(t, w)\n"
                    "kt:1x8x4 = Transpose(k) perm=[0 2 1]\ns:1x4x4 = MatMul(q, kt)\na:1x4x4 = Softmax(s) axis=2\n"
                    "o:1x4x8 = MatMul(a, v)\npr:1x4x8 = Linear(o, w)\nu:1x4x8 = Add(t, pr)\n"));
    const Site& input = sites[sites.find("blocks.0.q.input")];
    EXPECT_EQ(input.uses.size(), 3u) << "q, k and v, not the residual";
    EXPECT_EQ(input.role, Role::Query);
    EXPECT_FALSE(sites.find("blocks.0.k.input").valid());
    EXPECT_EQ(input.macs, 3 * 4 * 8 * 8);
    const Site& weight = sites[sites.find("blocks.0.q.weight")];
    EXPECT_EQ(weight.uses.size(), 4u) << "one weight that q, k, v and proj share is one site";
}

TEST(Structure, MaskAndBiasLieBetweenProductAndSoftmax)
{
    const SiteTable sites = sitesOf(transformer(
        "mask:4x4 = random(9)\nqkv:1x4x24 = Linear(t, w3)\nq:1x4x8, k:1x4x8, v:1x4x8 = Split(qkv) axis=2 split=[8 8 "
        "8]\n"
        "kt:1x8x4 = Transpose(k) perm=[0 2 1]\ns:1x4x4 = MatMul(q, kt)\nsc:1x4x4 = Div(s, scale)\nb:1x4x4 = "
        "Add(mask, sc)\n"
        "r1:1x1x4x4 = Reshape(b) shape=[1 1 4 4]\nr2:1x1x4x4 = Add(r1, mask)\nr3:1x4x4 = Reshape(r2) shape=[1 4 4]\n"
        "a:1x4x4 = Softmax(r3) axis=2\no:1x4x8 = MatMul(a, v)\nu:1x4x8 = Linear(o, w)\n"));
    EXPECT_THAT(named(sites), testing::IsSupersetOf({"blocks.0.qk.query query-operand",
                                                     "blocks.0.av.value value-operand", "blocks.0.proj.input proj"}));
}

TEST(Structure, PatchMergingIsDownsampling)
{
    const SiteTable sites = sitesOf(
        transformer("b:1x4x8 = Add(t, t)\nc:1x2x16 = Reshape(b) shape=[1 2 16]\nu:1x2x8 = Linear(c, narrow)\n"));
    EXPECT_THAT(named(sites), ElementsAre("patch_embed.input patch-embed",
                                          testing::HasSubstr("downsample.input downsample"), "head.input head"));
}

TEST(Structure, SeparableAttention)
{
    const SiteTable sites = sitesOf(
        transformer("qw:8x17 = random(8)\nqkv:1x4x17 = Linear(t, qw)\nq:1x4x1, k:1x4x8, v:1x4x8 = Split(qkv) axis=2 "
                    "split=[1 8 8]\n"
                    "a:1x4x1 = Softmax(q) axis=1\nak:1x4x8 = Mul(k, a)\nc:1x1x8 = ReduceSum(ak) axes=[1] keepdims=1\n"
                    "vr:1x4x8 = Relu(v)\no:1x4x8 = Mul(vr, c)\nu:1x4x8 = Linear(o, w)\n"));
    EXPECT_THAT(named(sites), ElementsAre("patch_embed.input patch-embed", "blocks.0.qkv.input qkv",
                                          "blocks.0.proj.input proj", "head.input head"));
}

TEST(Structure, ConvolutionsByShape)
{
    const SiteTable sites =
        sitesOf("input x:1x3x8x8\na:4x3x3x3 = random(1)\nb:16x4x1x1 = random(2)\nd:16x1x3x3 = random(3)\ne:4x16x1x1 "
                "= random(4)\n"
                "f:4x4x3x3 = random(5)\nh:4x2 = random(6)\n"
                "s:1x4x8x8 = Conv(x, a) strides=[1 1] group=1\ns2:1x4x8x8 = Silu(s)\n"
                "m:1x16x8x8 = Conv(s2, b) strides=[1 1] group=1\nm2:1x16x8x8 = Silu(m)\n"
                "n:1x16x8x8 = Conv(m2, d) strides=[1 1] group=16\nn2:1x16x8x8 = Silu(n)\no:1x4x8x8 = Conv(n2, e) "
                "strides=[1 1] group=1\n"
                "r:1x4x8x8 = Add(o, s2)\np:1x4x4x4 = Conv(r, f) strides=[2 2] group=1\np2:1x4x4x4 = Silu(p)\n"
                "q:1x4x4x4 = Conv(p2, f) strides=[1 1] group=1\nav:1x4 = ReduceMean(q) axes=[2 3] keepdims=0\ny:1x2 "
                "= Linear(av, h)\n"
                "output y\n");
    EXPECT_THAT(named(sites),
                ElementsAre("patch_embed.input patch-embed", "blocks.0.pwconv.input pointwise-conv",
                            "blocks.0.dwconv.input depthwise-conv", "blocks.0.pwconv2.input pointwise-conv",
                            "blocks.1.downsample.input downsample", "blocks.1.conv.input conv", "head.input head"));
    EXPECT_EQ(sites[sites.find("blocks.0.dwconv.input")].macs, 16 * 64 * 9);
    EXPECT_EQ(sites[sites.find("blocks.0.dwconv.weight")].channelAxis, 0u);
}

TEST(Structure, DepthwiseConvolutionInsideAnMlp)
{
    const SiteTable sites = sitesOf(transformer(
        "d:16x1x3x3 = random(9)\nh:1x4x16 = Linear(t, wide)\nht:1x16x4 = Transpose(h) perm=[0 2 1]\n"
        "hm:1x16x2x2 = Reshape(ht) shape=[1 16 2 2]\nf2:1x16x2x2 = Conv(hm, d) pads=[1 1 1 1] strides=[1 1] "
        "group=16\n"
        "fg:1x16x2x2 = Gelu(f2)\nff:1x16x4 = Reshape(fg) shape=[1 16 4]\nft:1x4x16 = Transpose(ff) perm=[0 2 1]\n"
        "h2:1x4x8 = Linear(ft, narrow)\nu:1x4x8 = Add(t, h2)\n"));
    EXPECT_THAT(named(sites),
                ElementsAre("patch_embed.input patch-embed", "blocks.0.fc1.input fc1",
                            "blocks.0.dwconv.input depthwise-conv", "blocks.0.fc2.input fc2", "head.input head"));
}

TEST(Structure, LayersThatMakeParametersAreNoMlp)
{
    const SiteTable sites =
        sitesOf(transformer("h:1x4x16 = Linear(t, wide)\nhr:1x4x16 = Relu(h)\nw5:16x24 = random(9)\n"
                            "h2:1x4x24 = Linear(hr, w5)\na:1x4x8, b:1x4x8, c:1x4x8 = Split(h2) axis=2 "
                            "split=[8 8 8]\nu0:1x4x8 = Mul(t, a)\nu:1x4x8 = Add(u0, b)\n"));
    for (const Site& site : sites)
        EXPECT_TRUE(site.role != Role::Fc1 && site.role != Role::Fc2) << site.name;
}

/// Q·(Kᵀ·V), no softmax: its layers are one block with roles, its operands are general.
TEST(Structure, LinearAttention)
{
    const SiteTable sites = sitesOf(transformer("qkv:1x4x24 = Linear(t, w3)\nq:1x4x8, k:1x4x8, v:1x4x8 = Split(qkv) "
                                                "axis=2 split=[8 8 8]\nqr:1x4x8 = Relu(q)\n"
                                                "kr:1x4x8 = Relu(k)\nkt:1x8x4 = Transpose(kr) perm=[0 2 1]\nkv:1x8x8 "
                                                "= MatMul(kt, v)\no:1x4x8 = MatMul(qr, kv)\n"
                                                "pr:1x4x8 = Linear(o, w)\nu:1x4x8 = Add(t, pr)\n"));
    EXPECT_THAT(named(sites), ElementsAre("patch_embed.input patch-embed", "blocks.0.qkv.input qkv",
                                          "blocks.0.matmul.a matmul-operand", "blocks.0.matmul.b matmul-operand",
                                          "blocks.0.matmul2.a matmul-operand", "blocks.0.matmul2.b matmul-operand",
                                          "blocks.0.proj.input proj", "head.input head"));
}

TEST(Structure, ProductsWithoutSoftmaxAreGeneral)
{
    const SiteTable sites = sitesOf(transformer("k:1x8x4 = Transpose(t) perm=[0 2 1]\ns:1x4x4 = MatMul(t, k)\n"
                                                "u:1x4x8 = MatMul(s, t)\n"));
    std::size_t general = 0;
    for (const Site& site : sites)
        general += site.role == Role::MatMulOperand;
    EXPECT_EQ(general, 4u);
}

TEST(Structure, ProductsWithAConstantAreNoPartOfAnAttention)
{
    // A constant times a softmax, and a softmax of a constant times something: once an exception at import.
    const std::string constants = "mix:4x4 = random(7)\n";
    EXPECT_THAT(named(sitesOf(transformer(constants + "a:1x4x8 = Softmax(t) axis=2\nu:1x4x8 = MatMul(mix, a)\n"))),
                ElementsAre("patch_embed.input patch-embed", "head.input head"));
    EXPECT_THAT(
        named(sitesOf(transformer(constants + "q:1x4x8 = MatMul(mix, t)\nk:1x8x4 = Transpose(t) perm=[0 2 1]\n"
                                              "l:1x4x4 = MatMul(q, k)\na:1x4x4 = Softmax(l) axis=2\n"
                                              "u:1x4x8 = MatMul(a, t)\n"))),
        testing::Contains(testing::HasSubstr("softmax-output")));
}

TEST(Structure, WalksEndInHostileFans)
{
    std::string text = "input x:1x4\nc:1x4 = Reshape(x) shape=[1 4]\n", all;
    for (int i = 0; i < 3000; ++i) {
        text += "r" + std::to_string(i) + ":1x4 = Relu(c)\n";
        all += (i ? ", r" : "r") + std::to_string(i);
    }
    text += "s:3000x4 = Concat(" + all + ") axis=0\noutput s\n";
    const auto graph = parse(text);
    ASSERT_TRUE(graph) << graph.error().text();
    const auto readers = readersAfter(*graph, graph->input(), isMovement);
    EXPECT_GE(readers.size(), 900u);
    EXPECT_LE(readers.size(), 1000u) << "one walk of each softmax over all readers takes minutes";
    EXPECT_TRUE(std::is_sorted(readers.begin(), readers.end()));
}

TEST(Structure, NamesOfRolesRoundTrip)
{
    for (int i = 0; i <= static_cast<int>(Role::Logits); ++i) {
        const Role role = static_cast<Role>(i);
        EXPECT_FALSE(roleName(role).empty());
        EXPECT_FALSE(roleTitle(role).empty());
        EXPECT_EQ(roleFromName(roleName(role)), role);
    }
    EXPECT_FALSE(roleFromName("nonsense"));
}

} // namespace
} // namespace qs::graph
