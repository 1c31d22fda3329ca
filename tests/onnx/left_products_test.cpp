// Products whose left operand is a weight: sites like any other, exported, and right beside ONNX Runtime.
#include "core/exec/program.h"
#include "core/onnx/export.h"
#include "core/onnx/import.h"
#include "tests/onnx/hand_plan.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace qs::onnx {
namespace {

using test::OnnxBuilder;
using Ints = OnnxBuilder::Ints;

constexpr int64_t kRows = 6, kInner = 4, kColumns = 5;

struct Form {
    std::string name;
    bool gemm = false, leftTurned = false, rightTurned = false, bias = false;
    float alpha = 1, beta = 1;
    int64_t images = 1; ///< of the right operand's first dimension; 0: it is a matrix
    bool leadingOne = false, computed = false;
};

/// image [images, 1, 4, 5] -> W · x -> a row of numbers.
class LeftProducts : public testing::TestWithParam<Form> {
protected:
    static OnnxBuilder build(const Form& form)
    {
        OnnxBuilder b(17);
        const int64_t height = form.rightTurned ? kColumns : kInner, width = form.rightTurned ? kInner : kColumns;
        b.input("image", {form.gemm || form.images == 0 ? 1 : form.images, 1, height, width});
        b.output("row", {});
        b.node(
            "Reshape",
            {"image", b.ints("sizes", form.gemm || form.images == 0 ? Ints{height, width} : Ints{-1, height, width})},
            "x");
        const bool turned = form.leftTurned || form.computed;
        Ints dims = turned ? Ints{kInner, kRows} : Ints{kRows, kInner};
        if (form.leadingOne)
            dims.insert(dims.begin(), 1);
        std::string w = b.random("w", dims, 1);
        if (form.computed) {
            b.node("Transpose", {"w"}, "w_turned");
            b.with("perm", Ints{1, 0});
            w = "w_turned";
        }
        if (!form.gemm) {
            b.node("MatMul", {w, "x"}, "y");
        } else {
            std::vector<std::string> inputs{w, "x"};
            if (form.bias)
                inputs.push_back(b.random("c", {kRows, 1}, 1));
            b.node("Gemm", inputs, "y");
            b.with("transA", int64_t{form.leftTurned});
            b.with("transB", int64_t{form.rightTurned});
            b.with("alpha", form.alpha);
            b.with("beta", form.beta);
        }
        b.node("Reshape", {"y", b.ints("row_sizes", {form.gemm || form.images == 0 ? 1 : form.images, -1})}, "row");
        return b;
    }

    /// W · x for one image, from the definition.
    static std::vector<float> expected(const Form& form, OnnxBuilder& b, std::span<const float> x)
    {
        const auto numbers = [&](const std::string& name) {
            for (const auto& tensor : b.model().graph().initializer())
                if (tensor.name() == name) {
                    const auto* data = reinterpret_cast<const float*>(tensor.raw_data().data());
                    return std::vector<float>(data, data + tensor.raw_data().size() / sizeof(float));
                }
            return std::vector<float>();
        };
        const auto w = numbers("w"), c = numbers("c");
        const bool turned = form.leftTurned || form.computed;
        std::vector<float> y;
        for (int64_t i = 0; i < kRows; ++i)
            for (int64_t j = 0; j < kColumns; ++j) {
                double sum = 0;
                for (int64_t k = 0; k < kInner; ++k)
                    sum += static_cast<double>(w[static_cast<std::size_t>(turned ? k * kRows + i : i * kInner + k)]) *
                           x[static_cast<std::size_t>(form.rightTurned ? j * kInner + k : k * kColumns + j)];
                y.push_back(static_cast<float>(form.alpha * sum +
                                               (form.bias ? form.beta * c[static_cast<std::size_t>(i)] : 0)));
            }
        return y;
    }
};

TEST_P(LeftProducts, AreSitesAndComputeAndExportWhatTheFileDoes)
{
    const Form& form = GetParam();
    const test::TempDir folder;
    OnnxBuilder b = build(form);
    const auto path = folder.write("left.onnx", b.model().SerializeAsString());
    const auto model = importModel(path);
    ASSERT_TRUE(model) << model.error().text();
    std::vector<const graph::Site*> weights;
    for (const graph::Site& site : model->sites)
        if (site.kind == graph::SiteKind::Weight)
            weights.push_back(&site);
    ASSERT_EQ(weights.size(), 1U);
    EXPECT_EQ(weights[0]->shape, (Shape{kInner, kRows}));
    EXPECT_EQ(weights[0]->channelAxis, 1U);

    const test::NoiseImages images(4);
    const auto program = exec::Program::compile(*model);
    ASSERT_TRUE(program) << program.error().text();
    std::vector<float> x(static_cast<std::size_t>(program->inputElements()));
    ASSERT_TRUE(images.load(0, x));
    Tensor out(DType::Float32, Shape{program->outputElements()});
    exec::Workspace workspace;
    exec::run(*program, workspace, x.data(), out.mutableData<float>().data());
    const auto y = expected(form, b, x);
    for (std::size_t i = 0; i < y.size(); ++i)
        EXPECT_NEAR(out.floats()[i], y[i], 1e-5) << i;

    for (const auto granularity : {quant::Granularity::Channel, quant::Granularity::Tensor}) {
        test::HandPlanOptions options;
        options.weightGranularity = granularity;
        const quant::Plan plan = test::handPlan(*model, options);
        const auto report = exportModel(*model, plan, folder / "q.onnx", {});
        ASSERT_TRUE(report) << report.error().text();
        VerifyOptions verifying;
        if (std::getenv("QUANTOSCOPE_PYTHON")) // ONNX Runtime's opinion where there is one
            verifying.python = judgePython();
        const auto verified = verifyExport(*model, plan, folder / "q.onnx", images, verifying, {});
        ASSERT_TRUE(verified) << verified.error().text();
        for (const Opinion& opinion : verified->opinions)
            EXPECT_TRUE(opinion.passed) << opinion.text();
        EXPECT_TRUE(verified->passed);
        EXPECT_EQ(verified->weightsCompared, 1U);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, LeftProducts,
    testing::Values(Form{.name = "matrix", .images = 0}, Form{.name = "images", .images = 3},
                    Form{.name = "leadingOne", .images = 3, .leadingOne = true},
                    Form{.name = "computedWeight", .images = 3, .computed = true}, Form{.name = "gemm", .gemm = true},
                    Form{.name = "gemmAll", .gemm = true, .bias = true, .alpha = 0.5F, .beta = 2},
                    Form{.name = "gemmLeftTurned", .gemm = true, .leftTurned = true, .bias = true, .alpha = 2},
                    Form{.name = "gemmRightTurned", .gemm = true, .rightTurned = true, .bias = true, .beta = 0.5F},
                    Form{.name = "gemmBothTurned", .gemm = true, .leftTurned = true, .rightTurned = true}),
    [](const auto& test) { return test.param.name; });

} // namespace
} // namespace qs::onnx
