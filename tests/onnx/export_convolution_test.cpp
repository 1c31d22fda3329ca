#include "core/base/file.h"
#include "core/onnx/export.h"
#include "tests/onnx/hand_plan.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;

/// Four convolutions: the quantizer of `second` and a sum read `first`, the quantizer of `third` alone reads `second`
/// (depthwise), the sum reads `third`, and `fourth` is pooled.
std::filesystem::path writeNetwork(const std::filesystem::path& path)
{
    OnnxBuilder b(17);
    b.input("image", {-1, 3, 8, 8});
    b.output("logits", {-1, 4});
    const auto conv = [&](const std::string& x, const OnnxBuilder::Ints& shape, int64_t group,
                          const std::string& name) {
        b.node("Conv", {x, b.random(name + ".weight", shape, 0.3f), b.random(name + ".bias", {shape[0]}, 0.1f)},
               name);
        b.with("pads", OnnxBuilder::Ints{shape[2] / 2, shape[2] / 2, shape[2] / 2, shape[2] / 2})
            .with("group", group);
        return name;
    };
    conv("image", {4, 3, 3, 3}, 1, "first");
    conv("first", {4, 1, 3, 3}, 4, "second");
    conv("second", {4, 4, 1, 1}, 1, "third");
    b.node("Add", {"third", "first"}, "sum");
    conv("sum", {4, 4, 3, 3}, 1, "fourth");
    b.node("GlobalAveragePool", {"fourth"}, "pooled");
    b.node("Flatten", {"pooled"}, "flat");
    b.node("Gemm", {"flat", b.random("head.weight", {4, 4}, 0.5f), b.random("head.bias", {4}, 0.1f)}, "logits");
    return b.write(path);
}

/// Type of the codes of a convolution's weights.
int typeOfCodes(const pb::ModelProto& file, const std::string& name)
{
    std::map<std::string, const pb::NodeProto*> producers;
    for (const pb::NodeProto& node : file.graph().node())
        producers[node.output(0)] = &node;
    const std::string codes = producers.at(producers.at(name)->input(1))->input(0);
    for (const pb::TensorProto& tensor : file.graph().initializer())
        if (tensor.name() == codes)
            return tensor.data_type();
    return 0;
}

TEST(ExportConvolution, IntegerOnesAreForetoldAndDoNotSaturate)
{
    const test::TempDir folder;
    const auto model = importModel(writeNetwork(folder / "float.onnx"));
    ASSERT_TRUE(model) << model.error().text();
    quant::Plan plan = test::handPlan(*model);
    const auto exported = [&](bool safe) {
        for (auto& numbers : plan.sites) {
            auto changed = std::make_shared<quant::SitePlan>(*numbers);
            changed->settings.saturationSafe = safe;
            numbers = std::move(changed);
        }
        const auto report = exportModel(*model, plan, folder / "q.onnx", {});
        EXPECT_TRUE(report) << report.error().text();
        const auto verified = verifyExport(*model, plan, folder / "q.onnx", test::NoiseImages(8), {8}, {});
        EXPECT_TRUE(verified && verified->passed);
        return report.value();
    };
    const auto types = [&] {
        pb::ModelProto file;
        EXPECT_TRUE(file.ParseFromString(readText(folder / "q.onnx").value()));
        std::map<std::string, int> found;
        for (const char* name : {"first", "second", "third", "fourth"})
            found[name] = typeOfCodes(file, name);
        return found;
    };

    std::map<std::string, Precision> precision;
    for (const NodePrecision& node : exported(true).nodes)
        precision[node.node] = node.precision;
    EXPECT_EQ(precision["node/first"], Precision::Float) << "a sum reads it too";
    EXPECT_EQ(precision["node/second"], Precision::Int8);
    EXPECT_EQ(precision["node/third"], Precision::Float);
    const int u8 = pb::TensorProto::UINT8, s8 = pb::TensorProto::INT8;
    const std::map<std::string, int> safe{{"first", u8}, {"second", s8}, {"third", s8}, {"fourth", s8}};
    EXPECT_EQ(types(), safe) << "second is depthwise; no quantizer reads third and fourth";
    exported(false);
    EXPECT_EQ(types()["first"], s8);
}

} // namespace
} // namespace qs::onnx
