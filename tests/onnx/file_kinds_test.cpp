// Files of other floats, files that are already quantized, and weights that a file computes.
#include "core/base/file.h"
#include "core/base/write_file.h"
#include "core/onnx/export.h"
#include "core/onnx/export_file.h"
#include "core/onnx/file_quantization.h"
#include "core/onnx/prepare/floats.h"
#include "core/onnx/tensor_reader.h"
#include "core/quant/recipe_json.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/onnx/hand_plan.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::NoiseImages;
using test::TempDir;

pb::ModelProto readProto(const std::filesystem::path& path)
{
    pb::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(readText(path).value()));
    return proto;
}

void writeProto(const pb::ModelProto& proto, const std::filesystem::path& path)
{
    ASSERT_TRUE(writeAtomically(path, proto.SerializeAsString()));
}

/// Normal numbers only, cut to 10 bits.
uint16_t toHalf(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    const int exponent = static_cast<int>(bits >> 23 & 0xffU) - 112;
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
    return exponent <= 0 ? sign : static_cast<uint16_t>(sign | exponent << 10 | (bits >> 13 & 0x3ffU));
}

/// The file with all floats as float16, or bfloat16, inputs and outputs too.
void makeHalf(pb::ModelProto& proto, int32_t type)
{
    for (pb::TensorProto& tensor : *proto.mutable_graph()->mutable_initializer()) {
        if (tensor.data_type() != kFloat)
            continue;
        const Tensor values = TensorReader().read(tensor).value();
        std::string bytes;
        for (const float value : values.floats()) {
            const uint16_t half =
                type == kFloat16 ? toHalf(value) : static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
            bytes.append(reinterpret_cast<const char*>(&half), sizeof half);
        }
        tensor.clear_float_data();
        tensor.set_data_type(type);
        tensor.set_raw_data(bytes);
    }
    for (auto* list : {proto.mutable_graph()->mutable_input(), proto.mutable_graph()->mutable_output()})
        for (pb::ValueInfoProto& value : *list)
            value.mutable_type()->mutable_tensor_type()->set_elem_type(type);
}

const pb::TensorProto* initializer(const pb::ModelProto& proto, const std::string& name)
{
    for (const pb::TensorProto& tensor : proto.graph().initializer())
        if (tensor.name() == name)
            return &tensor;
    return nullptr;
}

class OtherFloats : public testing::TestWithParam<int32_t> {};

TEST_P(OtherFloats, ExportComputesInFloatAndKeepsWhatItDoesNotQuantize)
{
    const TempDir folder;
    const int32_t type = GetParam();
    pb::ModelProto proto = readProto(test::writeTinyVit(folder / "float.onnx"));
    makeHalf(proto, type);
    writeProto(proto, folder / "half.onnx");
    const auto model = importModel(folder / "half.onnx");
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_TRUE(std::ranges::any_of(model->info.warnings, [&](const std::string& warning) {
        return warning.find(fileTypeName(type) + ": computed in float32") != std::string::npos;
    })) << "said before any work";

    test::HandPlanOptions options;
    options.quantized = [](const graph::Site& site) {
        return site.coverage == graph::Coverage::MatMul && site.role != graph::Role::Fc1;
    };
    const quant::Plan plan = test::handPlan(*model, options);
    const auto preview = previewExport(*model, plan, {});
    ASSERT_TRUE(preview) << preview.error().text();
    const auto report = exportModel(*model, plan, folder / "q.onnx", {});
    ASSERT_TRUE(report) << report.error().text();
    const auto verified = verifyExport(*model, plan, folder / "q.onnx", NoiseImages(8), {8}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
    EXPECT_LT(verified->maxLogitDifference, 1e-5);
    const auto own = std::ranges::find_if(verified->opinions, &Opinion::informs);
    ASSERT_NE(own, verified->opinions.end()) << "what 16 bits change is said";
    EXPECT_NE(own->text().find("values rounded to " + fileTypeName(type)), std::string::npos) << own->text();
    EXPECT_EQ(own->text().find("passed"), std::string::npos) << own->text();
    const double bits = type == kFloat16 ? 11 : 8; // 6 dB each, and what many roundings in a row add
    EXPECT_GT(own->sqnrDb, 6 * bits - 20);
    EXPECT_LT(own->sqnrDb, 6 * bits + 20);

    const pb::ModelProto q = readProto(folder / "q.onnx");
    EXPECT_EQ(q.graph().input(0).type().tensor_type().elem_type(), type);
    EXPECT_EQ(q.graph().output(0).type().tensor_type().elem_type(), type);
    const pb::TensorProto* kept = initializer(q, "fc1.weight_" + fileTypeName(type));
    ASSERT_TRUE(kept) << "the weight that stays is stored as it was";
    EXPECT_EQ(kept->raw_data(), initializer(proto, "fc1.weight")->raw_data());
    for (const pb::TensorProto& tensor : q.graph().initializer())
        if (isOtherFloat(tensor.data_type())) {
            EXPECT_TRUE(tensor.name().ends_with(fileTypeName(type))) << tensor.name();
        }
}

TEST(OtherFloats, AFileThatOnlyStoresThemHasNoArithmeticOfItsOwn)
{
    const TempDir folder;
    pb::ModelProto proto = readProto(test::writeTinyVit(folder / "float.onnx"));
    pb::ModelProto narrow = proto;
    makeHalf(narrow, kFloat16);
    auto& graph = *proto.mutable_graph();
    for (int i = 0; i < graph.initializer_size(); ++i) {
        if (graph.initializer(i).data_type() != kFloat)
            continue;
        const std::string name = graph.initializer(i).name();
        *graph.mutable_initializer(i) = narrow.graph().initializer(i);
        graph.mutable_initializer(i)->set_name(name + "_stored");
        pb::NodeProto cast;
        cast.set_op_type("Cast");
        cast.add_input(name + "_stored");
        cast.add_output(name);
        pb::AttributeProto& to = *cast.add_attribute();
        to.set_name("to");
        to.set_type(pb::AttributeProto::INT);
        to.set_i(kFloat);
        *graph.add_node() = cast;
        for (int n = graph.node_size() - 1; n > 0; --n)
            graph.mutable_node()->SwapElements(n, n - 1);
    }
    writeProto(proto, folder / "stored.onnx");
    const auto model = importModel(folder / "stored.onnx");
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_TRUE(model->info.otherFloats.contains("float16"));
    const auto own = ownArithmetic(*model, NoiseImages(2), 2, "", {});
    ASSERT_TRUE(own) << own.error().text();
    EXPECT_TRUE(own->empty());
}

INSTANTIATE_TEST_SUITE_P(Types, OtherFloats, testing::Values(int32_t{kFloat16}, int32_t{kBFloat16}));

class QuantizedFile : public testing::Test {
protected:
    void write(const test::HandPlanOptions& options)
    {
        auto model = importModel(test::writeTinyVit(m_folder / "float.onnx"));
        ASSERT_TRUE(model) << model.error().text();
        m_plan = test::handPlan(*model, options);
        ASSERT_TRUE(exportModel(*model, m_plan, m_folder / "q.onnx", {}));
        m_model = std::move(*model);
        ImportOptions importing;
        importing.floatNetwork = true;
        auto opened = importModel(m_folder / "q.onnx", importing);
        ASSERT_TRUE(opened) << opened.error().text();
        m_opened = std::move(*opened);
    }

    TempDir m_folder;
    std::optional<Model> m_model, m_opened;
    quant::Plan m_plan;
};

TEST_F(QuantizedFile, RecipeGivesTheCodesOfTheFile)
{
    ASSERT_NO_FATAL_FAILURE(write({}));
    ASSERT_TRUE(m_opened->info.quantization);
    const FileQuantization& file = *m_opened->info.quantization;
    EXPECT_EQ(file.form, "QDQ");
    EXPECT_TRUE(file.notes.empty()) << file.notes.front();
    for (const graph::Node& node : m_opened->graph.nodes())
        EXPECT_NE(node.op, "FakeQuantize");
    ASSERT_EQ(m_opened->sites.size(), m_model->sites.size());

    const NoiseImages images(4);
    stats::CalibrationOptions calibrating;
    calibrating.images = 4;
    const auto calibration = stats::calibrate(*m_opened, images, calibrating, {});
    ASSERT_TRUE(calibration) << calibration.error().text();
    const auto recipe = quant::recipeFromJson(quant::recipeToJson(file.recipe));
    ASSERT_TRUE(recipe) << recipe.error().text();
    const auto plan = quant::resolve(*m_opened, *calibration, *recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    for (const graph::Site& site : m_model->sites) {
        const SiteId other = m_opened->sites.find(site.name);
        ASSERT_TRUE(other.valid()) << site.name;
        const quant::SitePlan& expected = m_plan[site.id];
        const quant::SitePlan& found = (**plan)[other];
        EXPECT_EQ(found.quantized(), expected.quantized()) << site.name;
        EXPECT_EQ(found.grid.scale, expected.grid.scale) << site.name;
        for (std::size_t c = 0; c < found.grid.scale.size(); ++c)
            if (site.kind == graph::SiteKind::Activation) {
                EXPECT_EQ(found.grid.zeroPoint[c] - found.grid.qmin, expected.grid.zeroPoint[c] - expected.grid.qmin);
            }
        if (site.kind == graph::SiteKind::Weight && expected.quantized()) {
            EXPECT_TRUE(std::ranges::equal(found.dequantized.floats(), expected.dequantized.floats())) << site.name;
        }
    }
}

TEST_F(QuantizedFile, AnotherRecipeIsExportedWithoutTheOldQuantizers)
{
    ASSERT_NO_FATAL_FAILURE(write({}));
    test::HandPlanOptions options;
    options.quantized = [](const graph::Site& site) { return site.role == graph::Role::Head; };
    const quant::Plan plan = test::handPlan(*m_opened, options);
    ASSERT_TRUE(exportModel(*m_opened, plan, m_folder / "again.onnx", {}));
    const auto verified = verifyExport(*m_opened, plan, m_folder / "again.onnx", NoiseImages(4), {4}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
    const pb::ModelProto again = readProto(m_folder / "again.onnx");
    EXPECT_EQ(std::ranges::count_if(again.graph().node(),
                                    [](const pb::NodeProto& node) { return node.op_type() == "QuantizeLinear"; }),
              1);
    EXPECT_EQ(std::ranges::count_if(again.graph().initializer(),
                                    [](const pb::TensorProto& tensor) { return tensor.data_type() == kInt8; }),
              2)
        << "codes and zero point of the head's weight";
}

TEST_F(QuantizedFile, AsTheFileComputesItKeepsItsQuantizers)
{
    ASSERT_NO_FATAL_FAILURE(write({}));
    const auto kept = importModel(m_folder / "q.onnx");
    ASSERT_TRUE(kept) << kept.error().text();
    ASSERT_TRUE(kept->info.quantization);
    EXPECT_TRUE(kept->info.quantization->recipe.overrides.empty());
    EXPECT_TRUE(
        std::ranges::any_of(kept->graph.nodes(), [](const graph::Node& node) { return node.op == "FakeQuantize"; }));
}

/// The weight of fc1 cut out of a larger one at a place that comes from the shape of an activation, as TorchScript
/// writes torch's MultiheadAttention.
TEST(ComputedWeight, CutAtPlacesFromShapesIsExported)
{
    const TempDir folder;
    pb::ModelProto proto = readProto(test::writeTinyVit(folder / "plain.onnx"));
    pb::GraphProto& graph = *proto.mutable_graph();
    const auto ints = [&](const std::string& name, int64_t value) {
        pb::TensorProto& tensor = *graph.add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(kInt64);
        tensor.add_dims(1);
        tensor.set_raw_data(&value, sizeof value);
        return name;
    };
    pb::NodeProto* product = nullptr;
    for (pb::NodeProto& node : *graph.mutable_node())
        if (node.output(0) == "fc1.product")
            product = &node;
    ASSERT_TRUE(product);
    const std::string x = product->input(0);
    const std::string zero = ints("cut.zero", 0), last = ints("cut.last", 2);
    product->set_input(1, "cut.weight");
    google::protobuf::RepeatedPtrField<pb::NodeProto> nodes;
    for (pb::NodeProto& node : *graph.mutable_node()) {
        if (node.output(0) == "fc1.product") {
            *nodes.Add() = makeNode("Shape", "cut/Shape", {x}, "cut.shape");
            *nodes.Add() = makeNode("Gather", "cut/Gather", {"cut.shape", last}, "cut.rows");
            *nodes.Add() = makeNode("Slice", "cut/Slice", {"fc1.weight", zero, "cut.rows", zero}, "cut.weight");
        }
        *nodes.Add() = std::move(node);
    }
    graph.mutable_node()->Swap(&nodes);
    writeProto(proto, folder / "cut.onnx");
    const auto model = importModel(folder / "cut.onnx");
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_TRUE(model->info.dynamicBatch);
    const quant::Plan plan = test::handPlan(*model);
    const auto report = exportModel(*model, plan, folder / "q.onnx", {});
    ASSERT_TRUE(report) << report.error().text();
    const auto verified = verifyExport(*model, plan, folder / "q.onnx", NoiseImages(4), {4}, {});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_TRUE(verified->passed);
}

} // namespace
} // namespace qs::onnx
