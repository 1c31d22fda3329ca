#include "core/onnx/import.h"
#include "tests/support/assets.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace qs::onnx {
namespace {

using graph::Coverage;
using graph::Role;
using graph::Site;
using graph::SiteKind;

/// One line a site: everything but ids.
std::string lines(const Model& model)
{
    std::ostringstream text;
    for (const Site& site : model.sites) {
        text << site.name << " | " << (site.kind == SiteKind::Weight ? "weight" : "activation") << " | "
             << roleName(site.role) << " | block " << site.block << " | " << site.shape.text() << " | axis "
             << site.channelAxis << " | " << (site.coverage == Coverage::Full ? "full" : "matmul") << " | "
             << site.macs << " MACs | " << site.uses.size() << " uses | " << site.valueName << "\n";
    }
    return text.str();
}

Model import(const std::filesystem::path& path)
{
    auto model = importModel(path);
    EXPECT_TRUE(model) << model.error().text();
    return model ? *model : Model{{*graph::parse("input x:1\noutput x\n"), {}}, {}};
}

std::size_t countRole(const Model& model, Role role, SiteKind kind)
{
    return static_cast<std::size_t>(std::count_if(model.sites.begin(), model.sites.end(), [&](const Site& site) {
        return site.role == role && site.kind == kind && site.coverage == Coverage::MatMul;
    }));
}

std::size_t countOp(const Model& model, std::string_view op)
{
    const auto& nodes = model.graph.nodes();
    return static_cast<std::size_t>(
        std::count_if(nodes.begin(), nodes.end(), [&](const graph::Node& node) { return node.op == op; }));
}

/// What must hold for the sites of every model.
void expectConsistent(const Model& model)
{
    std::set<std::string> names;
    for (const Site& site : model.sites) {
        EXPECT_TRUE(names.insert(site.name).second) << site.name;
        EXPECT_EQ(site.elements(), site.shape.elements()) << site.name;
        EXPECT_EQ(model.sites.find(site.name), site.id);
        for (const graph::Use& use : site.uses) {
            EXPECT_EQ(model.sites.at(use), site.id) << site.name;
            EXPECT_EQ(model.graph.node(use.node).inputs[static_cast<std::size_t>(use.input)], site.tensor);
        }
    }
    std::set<int> sources;
    for (const graph::Node& node : model.graph.nodes()) {
        EXPECT_FALSE(node.sources.empty()) << node.name;
        for (const int source : node.sources)
            EXPECT_TRUE(source >= 0 && static_cast<std::size_t>(source) < model.info.fileNodes);
    }
}

TEST(Models, DeitTinySitesAreGolden)
{
    const auto path = test::modelAsset("deit_tiny_patch16_224_b1_op17.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    const Model model = import(path);
    expectConsistent(model);
    const std::filesystem::path golden = std::filesystem::path(QUANTOSCOPE_GOLDEN_FOLDER) / "deit_tiny_sites.txt";
    if (std::getenv("QUANTOSCOPE_REGENERATE_GOLDEN"))
        std::ofstream(golden) << lines(model);
    std::stringstream expected;
    expected << std::ifstream(golden).rdbuf();
    EXPECT_EQ(lines(model), expected.str());
}

TEST(Models, DeitTinyOfBothOpsetsIsTheSameNetwork)
{
    const auto fused = test::modelAsset("deit_tiny_patch16_224_b1_op17.onnx");
    const auto decomposed = test::modelAsset("deit_tiny_patch16_224.onnx");
    if (fused.empty() || decomposed.empty())
        GTEST_SKIP() << test::kNoAssets;
    const Model a = import(fused), b = import(decomposed);
    expectConsistent(b);
    EXPECT_FALSE(a.info.dynamicBatch);
    EXPECT_TRUE(b.info.dynamicBatch);
    EXPECT_EQ(b.info.opset, 13);
    EXPECT_EQ(a.info.parameters, b.info.parameters);
    EXPECT_EQ(b.info.classes, 1000);
    ASSERT_EQ(a.sites.size(), b.sites.size());
    for (std::size_t i = 0; i < a.sites.size(); ++i) {
        EXPECT_EQ(a.sites.all()[i].name, b.sites.all()[i].name);
        EXPECT_EQ(a.sites.all()[i].shape, b.sites.all()[i].shape);
        EXPECT_EQ(a.sites.all()[i].macs, b.sites.all()[i].macs);
    }
    EXPECT_EQ(countOp(b, "LayerNormalization"), 25u);
    EXPECT_EQ(countOp(b, "Gelu"), 12u);
}

TEST(Models, VitCifarIsPostNormWithRelu)
{
    const auto path = test::modelAsset("vit_cifar10.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    const Model model = import(path);
    expectConsistent(model);
    EXPECT_EQ(model.sites.blocks(), 6);
    for (const Role role : {Role::Qkv, Role::Proj, Role::Fc1, Role::Fc2})
        EXPECT_EQ(countRole(model, role, SiteKind::Weight), 6u) << roleName(role);
    EXPECT_EQ(countRole(model, Role::SoftmaxOutput, SiteKind::Activation), 6u);
    EXPECT_EQ(countRole(model, Role::Linear, SiteKind::Weight), 0u);
    EXPECT_EQ(countOp(model, "LayerNormalization"), 13u);
}

TEST(Models, MobileVitHasBridgesAndConvolutionBlocks)
{
    const auto path = test::modelAsset("mobilevit_xxs_cifar10_64.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    const Model model = import(path);
    expectConsistent(model);
    EXPECT_EQ(countRole(model, Role::PatchEmbed, SiteKind::Weight), 1u);
    EXPECT_EQ(countRole(model, Role::DepthwiseConv, SiteKind::Weight), 7u);
    EXPECT_EQ(countRole(model, Role::Bridge, SiteKind::Weight), 6u);
    EXPECT_EQ(countRole(model, Role::Qkv, SiteKind::Weight), 9u);
    EXPECT_EQ(countRole(model, Role::Fc2, SiteKind::Weight), 9u);
    EXPECT_EQ(countRole(model, Role::Head, SiteKind::Weight), 1u);
    EXPECT_EQ(countOp(model, "LayerNormalization"), 18u);
    EXPECT_EQ(countOp(model, "Silu"), 37u);
    EXPECT_EQ(countOp(model, "Sigmoid"), 0u);
}

struct Expected {
    std::string_view prefix; ///< of the file name
    int blocks;
    std::size_t qkv, fc1, downsample, general;
};

/// Exports of whole families with random weights, where somebody made them: every one must load, with all its
/// attention and MLPs found and nothing left over.
TEST(Models, FamiliesLoadWithAllTheirRoles)
{
    const char* folder = std::getenv("QUANTOSCOPE_TEST_MODELS");
    if (!folder)
        GTEST_SKIP() << "QUANTOSCOPE_TEST_MODELS does not name a folder of exported models";
    constexpr Expected kExpected[] = {
        {"deit_small", 12, 12, 12, 0, 0},    {"vit_small", 12, 12, 12, 0, 0},
        {"swin_tiny", 12, 12, 12, 3, 0},     {"mobilevit_xxs", 23, 9, 9, 0, 0},
        {"mobilevitv2_050", 21, 9, 9, 0, 0}, {"efficientformer_l1", 19, 1, 15, 4, 0},
    };
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".onnx")
            continue;
        SCOPED_TRACE(entry.path().filename().string());
        const Model model = import(entry.path());
        expectConsistent(model);
        EXPECT_EQ(countRole(model, Role::PatchEmbed, SiteKind::Weight), 1u);
        EXPECT_GE(countRole(model, Role::Head, SiteKind::Weight), 1u); // two where a second one was distilled
        for (const Expected& expected : kExpected) {
            if (!entry.path().filename().string().starts_with(expected.prefix))
                continue;
            EXPECT_EQ(model.sites.blocks(), expected.blocks);
            EXPECT_EQ(countRole(model, Role::Qkv, SiteKind::Weight), expected.qkv);
            EXPECT_EQ(countRole(model, Role::Proj, SiteKind::Weight), expected.qkv);
            EXPECT_EQ(countRole(model, Role::Fc1, SiteKind::Weight), expected.fc1);
            EXPECT_EQ(countRole(model, Role::Fc2, SiteKind::Weight), expected.fc1);
            EXPECT_EQ(countRole(model, Role::Downsample, SiteKind::Weight), expected.downsample);
            EXPECT_EQ(countRole(model, Role::Linear, SiteKind::Weight), expected.general);
            EXPECT_EQ(countRole(model, Role::MatMulOperand, SiteKind::Activation), expected.general);
        }
    }
}

} // namespace
} // namespace qs::onnx
