#include "core/base/file.h"
#include "core/exec/program.h"
#include "core/onnx/export.h"
#include "core/onnx/export_file.h"
#include "core/onnx/precision.h"
#include "core/quant/recipe_json.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::HandPlanOptions;
using test::NoiseImages;
using test::TempDir;
using test::TinyVitOptions;

Model import(const std::filesystem::path& path)
{
    auto model = importModel(path);
    EXPECT_TRUE(model) << model.error().text();
    return model ? std::move(*model) : Model{{graph::Graph::create({}).value(), {}}, {}};
}

pb::ModelProto readProto(const std::filesystem::path& path)
{
    pb::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(readText(path).value()));
    return proto;
}

const pb::NodeProto* find(const pb::ModelProto& proto, const std::string& name)
{
    for (const pb::NodeProto& node : proto.graph().node())
        if (node.name() == name)
            return &node;
    return nullptr;
}

const pb::TensorProto* initializer(const pb::ModelProto& proto, const std::string& name)
{
    for (const pb::TensorProto& tensor : proto.graph().initializer())
        if (tensor.name() == name)
            return &tensor;
    return nullptr;
}

const pb::NodeProto* producer(const pb::ModelProto& proto, const std::string& value)
{
    for (const pb::NodeProto& node : proto.graph().node())
        for (const std::string& output : node.output())
            if (output == value)
                return &node;
    return nullptr;
}

std::map<std::string, int> operators(const pb::ModelProto& proto)
{
    std::map<std::string, int> counts;
    for (const pb::NodeProto& node : proto.graph().node())
        ++counts[node.op_type()];
    return counts;
}

/// The exported file computes what the simulation computes, and holds its numbers bit by bit.
void expectFaithful(const Model& model, const quant::Plan& plan, const std::filesystem::path& path,
                    const ExportOptions& options)
{
    const auto report = exportModel(model, plan, path, options);
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->fileBytes, std::filesystem::file_size(path));
    const auto verified = verifyExport(model, plan, path, NoiseImages(8), {8}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
    EXPECT_EQ(verified->images, 8u);
    EXPECT_EQ(verified->top1Agreement, 1);
    EXPECT_LT(verified->maxLogitDifference, 1e-5);
}

struct Case {
    TinyVitOptions file;
    HandPlanOptions plan;
    ExportOptions options;
};

class RoundTrip : public testing::TestWithParam<Case> {};

TEST_P(RoundTrip, ReloadedFileEqualsTheSimulation)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx", GetParam().file));
    const quant::Plan plan = test::handPlan(model, GetParam().plan);
    expectFaithful(model, plan, folder / "q.onnx", GetParam().options);
}

std::vector<Case> cases()
{
    std::vector<Case> list;
    for (const int64_t opset : {11, 13, 17, 18})
        for (const int target : {17, 21})
            list.push_back({{.opset = opset}, {}, {.opset = target}});
    list.push_back({{.dynamicBatch = false}, {}, {}});
    list.push_back({{.headTransposed = false, .headAlpha = 0.5f}, {}, {}});
    list.push_back({{.headAlpha = 0.125f}, {}, {}});
    list.push_back({{}, {}, {.unsignedWeights = true}});
    list.push_back({{}, {.weightGranularity = quant::Granularity::Tensor}, {}});
    for (const int target : {17, 21})
        for (const int bits : {4, 8})
            list.push_back({{}, {.weightBits = bits, .weightScheme = quant::Scheme::Asymmetric}, {.opset = target}});
    list.push_back({{}, {.weightScheme = quant::Scheme::Asymmetric}, {.unsignedWeights = true}});
    for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
        list.push_back({{}, {.weightBits = bits, .activationBits = bits}, {}});
        list.push_back({{},
                        {.weightBits = bits, .activationBits = bits, .activationScheme = quant::Scheme::Symmetric},
                        {.opset = 21}});
    }
    return list;
}
INSTANTIATE_TEST_SUITE_P(Export, RoundTrip, testing::ValuesIn(cases()));

TEST(Export, EverySiteAndOnlyTheSites)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const quant::Plan plan = test::handPlan(model);
    ASSERT_TRUE(exportModel(model, plan, folder / "q.onnx", {}));
    const pb::ModelProto q = readProto(folder / "q.onnx");
    const auto before = operators(readProto(folder / "float.onnx"));
    auto after = operators(q);
    // One pair an activation (q, k and v share theirs): image, norm1, 2 + 2 operands, proj, fc1, fc2, head. Weights:
    // patch, q, k, v, proj, fc1, fc2, head; with a bias each.
    EXPECT_EQ(after["QuantizeLinear"], 10);
    EXPECT_EQ(after["DequantizeLinear"], 10 + 8 + 8);
    after.erase("QuantizeLinear");
    after.erase("DequantizeLinear");
    EXPECT_EQ(after, before);
    EXPECT_EQ(q.ir_version(), 8);
    EXPECT_EQ(q.opset_import(0).version(), 17);
    EXPECT_EQ(q.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "N");
    EXPECT_EQ(initializer(q, "fc1.weight"), nullptr);
    EXPECT_EQ(initializer(q, "fc1.bias"), nullptr);
    EXPECT_NE(initializer(q, "norm1.gamma"), nullptr);
}

TEST(Export, FormsThatRunAsIntegerKernels)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    ASSERT_TRUE(exportModel(model, test::handPlan(model), folder / "q.onnx", {}));
    const pb::ModelProto q = readProto(folder / "q.onnx");
    for (const pb::NodeProto& node : q.graph().node()) {
        if (node.op_type() != "DequantizeLinear" && node.op_type() != "QuantizeLinear")
            continue;
        const pb::TensorProto* codes = initializer(q, node.input(0));
        const bool isBias = codes && codes->data_type() == pb::TensorProto::INT32;
        EXPECT_EQ(node.input_size(), isBias ? 2 : 3) << node.name(); // zero points are always written
    }
    // MatMul [k, n]: axis 1; Gemm transB [n, k]: axis 0; Conv: axis 0; bias: axis 0.
    const auto weightOf = [&](const char* name) { return producer(q, find(q, name)->input(1)); };
    EXPECT_EQ(integerAttribute(*weightOf("node/fc1.product"), "axis", -1), 1);
    EXPECT_EQ(integerAttribute(*weightOf("node/logits"), "axis", -1), 0);
    EXPECT_EQ(integerAttribute(*weightOf("node/patch"), "axis", -1), 0);
    EXPECT_EQ(initializer(q, weightOf("node/fc1.product")->input(0))->data_type(), pb::TensorProto::INT8);
    const pb::NodeProto* add = find(q, "node/query"); // Add(bias, product)
    EXPECT_EQ(producer(q, add->input(0))->op_type(), "DequantizeLinear");
    EXPECT_EQ(add->input(1), "query.product");
    const pb::NodeProto* bias = producer(q, find(q, "node/logits")->input(2));
    EXPECT_EQ(initializer(q, bias->input(0))->data_type(), pb::TensorProto::INT32);
}

TEST(Export, UnsignedWeightsAreTheSameValues)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const quant::Plan plan = test::handPlan(model);
    ASSERT_TRUE(exportModel(model, plan, folder / "s.onnx", {}));
    const auto report = exportModel(model, plan, folder / "u.onnx", {.unsignedWeights = true});
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->warnings.empty());
    const pb::ModelProto s = readProto(folder / "s.onnx");
    const pb::ModelProto u = readProto(folder / "u.onnx");
    const std::string name = producer(u, find(u, "node/fc1.product")->input(1))->input(0);
    const pb::TensorProto* codes = initializer(u, name);
    ASSERT_EQ(codes->data_type(), pb::TensorProto::UINT8);
    for (std::size_t i = 0; i < codes->raw_data().size(); ++i)
        ASSERT_EQ(static_cast<uint8_t>(codes->raw_data()[i]),
                  static_cast<int8_t>(initializer(s, name)->raw_data()[i]) + 128);
}

TEST(Export, FourBitWeightsArePackedInOpset21)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const quant::Plan plan = test::handPlan(model, {.weightBits = 4});
    const auto report = exportModel(model, plan, folder / "q.onnx", {.opset = 21});
    ASSERT_TRUE(report) << report.error().text();
    const pb::ModelProto q = readProto(folder / "q.onnx");
    EXPECT_EQ(q.ir_version(), 10);
    const pb::NodeProto* dequantize = producer(q, find(q, "node/fc1.product")->input(1));
    const pb::TensorProto* codes = initializer(q, dequantize->input(0));
    EXPECT_EQ(codes->data_type(), 22);
    EXPECT_EQ(codes->raw_data().size(), 16u * 32 / 2);
    const graph::Site* site = nullptr;
    for (const graph::Site& s : model.sites)
        if (s.kind == graph::SiteKind::Weight && s.valueName == "fc1.weight")
            site = &s;
    ASSERT_NE(site, nullptr);
    const auto expected = plan[site->id].codes.data<int8_t>();
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const int nibble = (static_cast<uint8_t>(codes->raw_data()[i / 2]) >> (i % 2 * 4)) & 15;
        ASSERT_EQ(nibble >= 8 ? nibble - 16 : nibble, expected[i]) << i;
    }
    EXPECT_TRUE(std::ranges::any_of(report->warnings, [](const std::string& w) {
        return w.find("4-bit weights run as float") != std::string::npos;
    }));
    EXPECT_LT(report->int8MacShare(), 0.5);
}

TEST(Export, FewBitsOfActivationsAreClippedExactly)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    ASSERT_TRUE(exportModel(model, test::handPlan(model, {.activationBits = 4}), folder / "q.onnx", {}));
    const pb::ModelProto q = readProto(folder / "q.onnx");
    const quant::UniformGrid grid = quant::uniformGrid(-3.1, 2.7, 4, quant::Scheme::Asymmetric);
    int clips = 0;
    for (const pb::NodeProto& node : q.graph().node()) {
        if (node.op_type() != "Clip")
            continue;
        ++clips;
        ASSERT_EQ(node.input_size(), 3);
        EXPECT_EQ(node.input(1), ""); // the container ends where the grid does
        float high = 0;
        std::memcpy(&high, initializer(q, node.input(2))->raw_data().data(), sizeof(high));
        EXPECT_EQ(std::nearbyint(high / grid.scale[0]) + static_cast<float>(grid.zeroPoint[0]), 15);
    }
    EXPECT_EQ(clips, operators(q)["QuantizeLinear"]);
}

TEST(Export, PrecisionTable)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const quant::Plan plan = test::handPlan(model);
    const auto report = exportModel(model, plan, folder / "q.onnx", {});
    ASSERT_TRUE(report);
    std::map<std::string, NodePrecision> table;
    for (const NodePrecision& node : report->nodes)
        table[node.node] = node;
    for (const char* name : {"node/query.product", "node/fc2.product", "node/scores", "node/mixed", "node/logits"}) {
        ASSERT_TRUE(table.contains(name)) << name;
        EXPECT_EQ(table[name].precision, Precision::Int8) << name;
        EXPECT_EQ(table[name].reason, "");
        EXPECT_NE(table[name].layer, "");
    }
    EXPECT_EQ(table["node/patch"].precision, Precision::Float);
    EXPECT_NE(table["node/patch"].reason, "");
    EXPECT_EQ(table["node/tokens"].precision, Precision::Moves);
    EXPECT_EQ(table["node/fc1.product"].macs, 4 * 16 * 32);
    EXPECT_EQ(table["node/patch"].macs, 4 * 16 * 48);
    EXPECT_EQ(table["node/scores"].macs, 2 * 4 * 4 * 8);
    const double patch = 4 * 16 * 48;
    double all = 0;
    for (const NodePrecision& node : report->nodes)
        all += static_cast<double>(node.macs);
    EXPECT_DOUBLE_EQ(report->int8MacShare(), 1 - patch / all);
}

TEST(Export, HalfQuantizedLayersStayInFloatAndSayWhy)
{
    for (const graph::SiteKind kind : {graph::SiteKind::Weight, graph::SiteKind::Activation}) {
        const TempDir folder;
        const Model model = import(test::writeTinyVit(folder / "float.onnx"));
        HandPlanOptions options;
        options.quantized = [kind](const graph::Site& site) {
            return site.kind == kind && site.coverage == graph::Coverage::MatMul;
        };
        const quant::Plan plan = test::handPlan(model, options);
        expectFaithful(model, plan, folder / "q.onnx", {});
        const auto report = exportModel(model, plan, folder / "q.onnx", {});
        for (const NodePrecision& node : report->nodes)
            if (node.op == "MatMul" && node.node.find(".product") != std::string::npos) {
                EXPECT_EQ(node.precision, Precision::Float) << node.node;
                EXPECT_NE(node.reason, "");
            }
    }
}

TEST(Export, FullCoverage)
{
    for (const int bits : {5, 8}) {
        const TempDir folder;
        const Model model = import(test::writeTinyVit(folder / "float.onnx"));
        ASSERT_TRUE(std::ranges::any_of(model.sites, [](const graph::Site& site) { return site.uses.empty(); }));
        HandPlanOptions options;
        options.activationBits = bits;
        options.quantized = [](const graph::Site&) { return true; };
        expectFaithful(model, test::handPlan(model, options), folder / "q.onnx", {});
        const pb::ModelProto q = readProto(folder / "q.onnx");
        ASSERT_GT(operators(q)["Softmax"], 0);
        for (const pb::NodeProto& node : q.graph().node())
            if (node.op_type() == "Softmax") { // not between pairs: QLinearSoftmax has steps of its own
                const pb::NodeProto* before = producer(q, node.input(0));
                ASSERT_TRUE(before);
                EXPECT_EQ(before->op_type(), "Max");
                EXPECT_EQ(producer(q, before->input(0))->op_type(), "DequantizeLinear");
            }
    }
}

TEST(Export, RealModels)
{
    const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
    if (!assets)
        GTEST_SKIP() << "QUANTOSCOPE_TEST_ASSETS is not set";
    for (const char* name : {"deit_tiny_patch16_224.onnx", "deit_tiny_patch16_224_b1_op17.onnx", "vit_cifar10.onnx",
                             "mobilevit_xxs_cifar10_64.onnx"}) {
        SCOPED_TRACE(name);
        const TempDir folder;
        const Model model = import(std::filesystem::path(assets) / "models" / name);
        const quant::Plan plan = test::handPlan(model);
        const auto report = exportModel(model, plan, folder / "q.onnx", {});
        ASSERT_TRUE(report) << report.error().text();
        EXPECT_LT(report->fileBytes, model.info.fileBytes / 2);
        const auto verified = verifyExport(model, plan, folder / "q.onnx", NoiseImages(2), {2}, {});
        ASSERT_TRUE(verified) << verified.error().text();
        EXPECT_TRUE(verified->passed) << verified->logitSqnrDb << " dB";
        for (const NodePrecision& node : report->nodes)
            if (node.op == "MatMul" || node.op == "Gemm") {
                EXPECT_EQ(node.precision, Precision::Int8) << node.node << ": " << node.reason;
            }
    }
}

TEST(Export, NothingQuantizedIsTheFileItself)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx", {.opset = 17}));
    HandPlanOptions options;
    options.quantized = [](const graph::Site&) { return false; };
    ASSERT_TRUE(exportModel(model, test::handPlan(model, options), folder / "q.onnx", {}));
    EXPECT_EQ(readProto(folder / "q.onnx").graph().SerializeAsString(),
              readProto(folder / "float.onnx").graph().SerializeAsString());
}

TEST(Export, Metadata)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    quant::Plan plan = test::handPlan(model);
    plan.recipe.preset = "minmax";
    ASSERT_TRUE(exportModel(model, plan, folder / "q.onnx", {.metadata = {{"quantoscope.calibration_hash", "abc"}}}));
    std::map<std::string, std::string> metadata;
    const pb::ModelProto q = readProto(folder / "q.onnx");
    for (const auto& entry : q.metadata_props())
        metadata[entry.key()] = entry.value();
    const auto recipe = quant::recipeFromJson(metadata["quantoscope.recipe"]);
    ASSERT_TRUE(recipe) << recipe.error().text();
    EXPECT_EQ(*recipe, plan.recipe);
    EXPECT_EQ(metadata["quantoscope.recipe_hash"], contentHash(metadata["quantoscope.recipe"]));
    EXPECT_EQ(metadata["quantoscope.model_hash"], model.info.hash);
    EXPECT_EQ(metadata["quantoscope.calibration_hash"], "abc");
    EXPECT_NE(metadata["quantoscope.site_bits"].find("\"" + model.sites.all().front().name + "\":8"),
              std::string::npos);
    EXPECT_NE(metadata["quantoscope.version"], "");
}

TEST(Export, SaturationIsForetold)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const auto warns = [&](int weightBits, int activationBits) {
        const quant::Plan plan = test::handPlan(model, {.weightBits = weightBits, .activationBits = activationBits});
        return !saturatingLayers(model, plan).empty();
    };
    EXPECT_TRUE(warns(8, 8));
    EXPECT_FALSE(warns(7, 8)); // 2 · 63 · 255 < 2^15
    EXPECT_FALSE(warns(8, 7)); // 2 · 127 · 127 < 2^15
    const auto report = exportModel(model, test::handPlan(model), folder / "q.onnx", {});
    ASSERT_TRUE(report);
    ASSERT_EQ(report->warnings.size(), 1u);
    EXPECT_NE(report->warnings[0].find("VNNI"), std::string::npos);
}

TEST(Export, EveryOperandOfAnOperatorOfManyHasAQuantizer)
{
    for (const char* op : {"Sum", "Max", "Min"}) {
        const TempDir folder;
        test::OnnxBuilder b(17);
        b.input("image", {1, 3, 8, 8});
        b.output("logits", {1, 192});
        for (const char* name : {"a", "b", "c"}) {
            b.node("Conv", {"image", b.random(std::string(name) + ".weight", {3, 3, 1, 1}, 0.5f)}, name);
            b.with("kernel_shape", test::OnnxBuilder::Ints{1, 1});
        }
        b.node("Relu", {"a"}, "positive");
        b.node(op, {"a", "positive", "b", "a", "c"}, "joined");
        b.node("Sum", {"joined", "image"}, "shortcut");
        b.node("Flatten", {"shortcut"}, "logits");
        b.write(folder / "float.onnx");
        const Model model = import(folder / "float.onnx");
        HandPlanOptions options;
        options.quantized = [](const graph::Site&) { return true; };
        const quant::Plan plan = test::handPlan(model, options);
        EXPECT_GE(
            std::ranges::count_if(model.sites, [](const auto& s) { return s.role == graph::Role::ResidualSum; }), 1);
        expectFaithful(model, plan, folder / "q.onnx", {});
    }
}

TEST(Export, RefusedCasesNameTheSite)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const graph::Site* site = nullptr;
    for (const graph::Site& s : model.sites)
        if (s.kind == graph::SiteKind::Activation && s.role == graph::Role::Fc1)
            site = &s;
    ASSERT_NE(site, nullptr);
    const auto refused = [&](const std::function<void(quant::SitePlan&)>& change) {
        quant::Plan plan = test::handPlan(model);
        auto numbers = std::make_shared<quant::SitePlan>(plan[site->id]);
        change(*numbers);
        plan.sites[site->id.index()] = numbers;
        const auto report = exportModel(model, plan, folder / "q.onnx", {});
        EXPECT_FALSE(report);
        EXPECT_FALSE(std::filesystem::exists(folder / "q.onnx"));
        return report ? Error{} : report.error();
    };
    const Error quantizer = refused([](quant::SitePlan& p) {
        p.grid = {};
        p.levels = quant::RegionGrid{.lower = {.qmin = -300, .qmax = 0}, .upper = {.qmin = 0, .qmax = 7}};
    });
    EXPECT_EQ(quantizer.code, ErrorCode::Unsupported);
    EXPECT_EQ(quantizer.where, site->name);
    quant::Plan changed = test::handPlan(model);
    changed.simulation.constants[{site->uses[0].node, 7}] = Tensor::scalar(1);
    EXPECT_EQ(exportModel(model, changed, folder / "q.onnx", {}).error().code, ErrorCode::Unsupported);
    EXPECT_EQ(exportModel(model, test::handPlan(model), folder / "q.onnx", {.opset = 12}).error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(exportModel(model, test::handPlan(model), model.info.path, {}).error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(exportModel(model, test::handPlan(model), folder / "no" / "q.onnx", {}).error().code, ErrorCode::Io);
    EXPECT_EQ(exportModel(model, quant::Plan{}, folder / "q.onnx", {}).error().code, ErrorCode::InvalidArgument);
}

TEST(Export, VerifyFindsAChangedWeight)
{
    const TempDir folder;
    const Model model = import(test::writeTinyVit(folder / "float.onnx"));
    const quant::Plan plan = test::handPlan(model);
    ASSERT_TRUE(exportModel(model, plan, folder / "q.onnx", {}));
    pb::ModelProto q = readProto(folder / "q.onnx");
    const std::string name = producer(q, find(q, "node/fc1.product")->input(1))->input(0);
    for (pb::TensorProto& tensor : *q.mutable_graph()->mutable_initializer())
        if (tensor.name() == name)
            (*tensor.mutable_raw_data())[5] ^= 1;
    std::ofstream(folder / "q.onnx", std::ios::binary) << q.SerializeAsString();
    const auto verified = verifyExport(model, plan, folder / "q.onnx", NoiseImages(2), {2}, {});
    ASSERT_FALSE(verified);
    EXPECT_NE(verified.error().text().find("weight"), std::string::npos);
}

} // namespace
} // namespace qs::onnx
