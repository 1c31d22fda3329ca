// Region and logarithmic quantizers in exported files: the same values bit by bit, found to differ where they do.
#include "core/base/file.h"
#include "core/onnx/export.h"
#include "core/onnx/export_file.h"
#include "core/onnx/precision.h"
#include "core/quant/region_search.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::HandPlanOptions;
using test::NoiseImages;
using test::TempDir;

Model import(const std::filesystem::path& path)
{
    auto model = importModel(path);
    EXPECT_TRUE(model) << model.error().text();
    return model ? std::move(*model) : Model{{graph::Graph::create({}).value(), {}}, {}};
}

quant::RegionGrid splitGrid(int bits, int shift)
{
    quant::RegionGrid grid;
    const int top = (1 << (bits - 1)) - 1;
    const int first = (top >> shift) + 1;
    grid.fineStep = std::ldexp(1.0F / static_cast<float>(top), -shift);
    grid.border = static_cast<float>((top + std::ldexp(first, shift)) / 2 * static_cast<double>(grid.fineStep));
    grid.lower = {.qmin = 0, .qmax = top};
    grid.upper = {.shift = shift, .qmin = std::min(first, top), .qmax = top};
    return grid;
}

std::vector<quant::LevelGrid> levelsOfAllKinds(int bits)
{
    using quant::RegionLayout;
    const quant::Range seen{-0.17, 3.3};
    std::vector<quant::LevelGrid> all;
    for (const int shift : {0, 2, 5}) {
        all.emplace_back(regionGrid(RegionLayout::Sign, seen, bits, shift, 0.9));
        all.emplace_back(regionGrid(RegionLayout::Magnitude, {-2.9, 3.1}, bits, shift, 0.9));
        all.emplace_back(regionGrid(RegionLayout::Asymmetric, {-1.1, 3.1}, bits, shift, 0.9));
        all.emplace_back(splitGrid(bits, shift));
    }
    quant::RegionGrid twin = regionGrid(RegionLayout::Sign, seen, bits, 0, 1);
    twin.upper.freeStep = 0.123F;
    all.emplace_back(twin);
    for (const bool rootTwo : {false, true})
        for (const float scale : {1.0F, 0.77F}) {
            all.emplace_back(quant::LogGrid{scale, rootTwo, 1 << bits, false});
            all.emplace_back(quant::LogGrid{scale, rootTwo, 1 << bits, true});
        }
    return all;
}

void setLevels(quant::Plan& plan, const graph::Site& site, const quant::LevelGrid& levels)
{
    auto numbers = std::make_shared<quant::SitePlan>(plan[site.id]);
    numbers->grid = {};
    numbers->levels = levels;
    if (const auto* regions = std::get_if<quant::RegionGrid>(&levels))
        numbers->map = quant::makeRegionMap(*regions);
    else
        numbers->map = quant::makeLogMap(std::get<quant::LogGrid>(levels));
    plan.simulation.activations[site.id.index()] = numbers->map;
    plan.sites[site.id.index()] = numbers;
    // An integer bias goes with uniform inputs only.
    for (const graph::Use& use : site.uses)
        if (use.input == 0 && plan.biases.erase(use.node) > 0)
            plan.simulation.constants.erase({use.node, 2});
}

/// Every activation site of the plan in turn has the next of the levels, from `first` on.
quant::Plan unevenPlan(const Model& model, int bits, std::size_t first, const HandPlanOptions& options)
{
    quant::Plan plan = test::handPlan(model, options);
    const auto levels = levelsOfAllKinds(bits);
    for (const graph::Site& site : model.sites)
        if (site.kind == graph::SiteKind::Activation && plan[site.id].quantized())
            setLevels(plan, site, levels[first++ % levels.size()]);
    return plan;
}

TEST(ExportLevels, ReloadedFileEqualsTheSimulation)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const std::size_t kinds = levelsOfAllKinds(4).size();
    for (const int bits : {3, 4, 6, 8})
        for (std::size_t first = 0; first < kinds; first += 5)
            for (const int opset : {17, 21}) {
                const quant::Plan plan = unevenPlan(model, bits, first, {.weightBits = bits});
                const auto report = exportModel(model, plan, folder / "q.onnx", {.opset = opset});
                ASSERT_TRUE(report) << report.error().text();
                const auto verified = verifyExport(model, plan, folder / "q.onnx", NoiseImages(4), {4}, {});
                ASSERT_TRUE(verified) << verified.error().text();
                EXPECT_TRUE(verified->passed);
                EXPECT_EQ(verified->top1Agreement, 1);
                EXPECT_LT(verified->maxLogitDifference, 1e-5);
            }
}

TEST(ExportLevels, FullCoverage)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    HandPlanOptions options;
    options.quantized = [](const graph::Site&) { return true; };
    for (std::size_t first = 0; first < levelsOfAllKinds(5).size(); first += 3) {
        const quant::Plan plan = unevenPlan(model, 5, first, options);
        ASSERT_TRUE(exportModel(model, plan, folder / "q.onnx", {}));
        const auto verified = verifyExport(model, plan, folder / "q.onnx", NoiseImages(4), {4}, {});
        ASSERT_TRUE(verified) << verified.error().text();
        EXPECT_LT(verified->maxLogitDifference, 1e-5);
    }
}

TEST(ExportLevels, NoFileHoldsAnIntegerLayerNormalization)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    HandPlanOptions options;
    options.quantized = [](const graph::Site&) { return true; };
    quant::Plan plan = test::handPlan(model, options);
    for (const graph::Site& site : model.sites)
        if (site.role == graph::Role::LayerNormInput) {
            auto numbers = std::make_shared<quant::SitePlan>(plan[site.id]);
            numbers->settings.quantizer = "ptf-integer";
            plan.sites[site.id.index()] = numbers;
        }
    const auto report = exportModel(model, plan, folder / "q.onnx", {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::Unsupported);
    EXPECT_NE(report.error().text().find("ptf"), std::string::npos) << report.error().text();
}

TEST(ExportLevels, ProductsRunInFloatAndSayWhy)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    quant::Plan plan = test::handPlan(model);
    for (const graph::Site& site : model.sites) {
        if (site.kind != graph::SiteKind::Activation)
            continue;
        if (site.role == graph::Role::Fc2)
            setLevels(plan, site, regionGrid(quant::RegionLayout::Sign, {-0.17, 3}, 4, 4, 1));
        if (site.role == graph::Role::SoftmaxOutput)
            setLevels(plan, site, quant::LogGrid{});
    }
    const auto report = exportModel(model, plan, folder / "q.onnx", {});
    ASSERT_TRUE(report);
    std::map<std::string, NodePrecision> table;
    for (const NodePrecision& node : report->nodes)
        table[node.node] = node;
    for (const char* name : {"node/fc2.product", "node/mixed"}) {
        EXPECT_EQ(table[name].precision, Precision::Float) << name;
        EXPECT_NE(table[name].reason.find("not equally spaced"), std::string::npos) << name;
    }
    for (const char* name : {"node/query.product", "node/fc1.product", "node/scores"})
        EXPECT_EQ(table[name].precision, Precision::Int8) << name;
    EXPECT_TRUE(std::ranges::any_of(
        report->warnings, [](const std::string& text) { return text.starts_with("2 products run in float"); }));
    EXPECT_FALSE(plan.biases.empty());
}

/// A step, a border, a threshold and a level of another value are each found.
TEST(ExportLevels, VerifyFindsAChangedNumber)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    for (const auto& [kind, names] : std::map<int, std::vector<std::string>>{
             {0, {"_lower_scale", "_upper_scale", "_border"}}, {1, {"_thresholds", "_levels", "_scale"}}}) {
        for (const std::string& changed : names) {
            quant::Plan plan = test::handPlan(model);
            const graph::Site* site = nullptr;
            for (const graph::Site& s : model.sites)
                if (s.kind == graph::SiteKind::Activation && s.role == graph::Role::Fc2)
                    site = &s;
            ASSERT_NE(site, nullptr);
            setLevels(plan, *site,
                      kind == 0 ? quant::LevelGrid(regionGrid(quant::RegionLayout::Asymmetric, {-0.17, 3}, 4, 3, 1))
                                : quant::LevelGrid(quant::LogGrid{0.7F, true, 16, false}));
            ASSERT_TRUE(exportModel(model, plan, folder / "q.onnx", {}));
            ASSERT_TRUE(verifyExport(model, plan, folder / "q.onnx", NoiseImages(1), {1}, {}));
            pb::ModelProto q;
            ASSERT_TRUE(q.ParseFromString(readText(folder / "q.onnx").value()));
            int found = 0;
            for (pb::TensorProto& tensor : *q.mutable_graph()->mutable_initializer())
                if (tensor.name() == site->name + changed) {
                    (*tensor.mutable_raw_data())[2] ^= 1;
                    ++found;
                }
            EXPECT_EQ(found, 1) << changed;
            std::ofstream(folder / "q.onnx", std::ios::binary) << q.SerializeAsString();
            const auto verified = verifyExport(model, plan, folder / "q.onnx", NoiseImages(1), {1}, {});
            ASSERT_FALSE(verified) << changed;
            EXPECT_EQ(verified.error().where, site->name);
        }
    }
}

} // namespace
} // namespace qs::onnx
