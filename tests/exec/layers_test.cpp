#include "op_testing.h"

#include <cmath>

namespace qs::exec::testing {
namespace {

TEST(Reduce, foldsAxes)
{
    const Tensor x = counting({2, 3});
    expectTensor(evaluateOne("ReduceMean", {{"axes", Ints{-1}}}, {x}), {2, 1}, Floats{1, 4});
    expectTensor(evaluateOne("ReduceSum", {{"axes", Ints{0}}, {"keepdims", int64_t{0}}}, {x}), {3}, Floats{3, 5, 7});
    expectTensor(evaluateOne("ReduceMax", {}, {x}), {1, 1}, Floats{5});
    expectTensor(evaluateOne("ReduceMin", {{"keepdims", int64_t{0}}}, {x}), {}, Floats{0});
    expectTensor(evaluateOne("ReduceProd", {{"axes", Ints{1}}}, {x}), {2, 1}, Floats{0, 60});
    expectTensor(evaluateOne("ReduceL2", {{"axes", Ints{1}}}, {floats({1, 2}, {3, 4})}), {1, 1}, Floats{5});
    expectTensor(evaluateOne("ReduceSumSquare", {{"axes", Ints{1}}}, {x}), {2, 1}, Floats{5, 50});
    expectTensor(evaluateOne("ReduceL1", {}, {floats({2}, {-3, 4})}), {1}, Floats{7});
    expectTensor(evaluateOne("ReduceProd", {}, {ints({3}, {2, 3, -4})}), {1}, Ints{-24});
    expectTensor(evaluateOne("ReduceMax", {}, {ints({2}, {-2, -3})}), {1}, Ints{-2});
    expectTensor(evaluateOne("ReduceSum", {{"noop_with_empty_axes", int64_t{1}}}, {x}), {2, 3},
                 Floats{0, 1, 2, 3, 4, 5});
    EXPECT_EQ(errorOf("ReduceMean", {{"axes", Ints{2}}}, {x}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("ReduceMean", {}, {counting({0})}), ErrorCode::ShapeMismatch);
    EXPECT_TRUE(std::isnan(evaluateOne("ReduceMax", {}, {floats({3}, {1, NAN, 2})}).floats()[0]));
}

TEST(Reduce, sumsManyElementsAccurately)
{
    const Tensor x = randomTensor({7, 100, 33});
    const Tensor y = evaluateOne("ReduceMean", {{"axes", Ints{0, 1}}, {"keepdims", int64_t{0}}}, {x});
    for (std::size_t c = 0; c < 33; ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < 700; ++i)
            sum += x.floats()[i * 33 + c];
        EXPECT_FLOAT_EQ(y.floats()[c], static_cast<float>(sum / 700));
    }
}

TEST(Arg, findsTheFirstOrTheLast)
{
    const Tensor x = floats({2, 3}, {1, 3, 3, 0, 0, -1});
    expectTensor(evaluateOne("ArgMax", {{"axis", int64_t{1}}}, {x}), {2, 1}, Ints{1, 0});
    expectTensor(evaluateOne("ArgMax", {{"axis", int64_t{1}}, {"select_last_index", int64_t{1}}}, {x}), {2, 1},
                 Ints{2, 1});
    expectTensor(evaluateOne("ArgMin", {{"keepdims", int64_t{0}}}, {x}), {3}, Ints{1, 1, 1});
}

TEST(CumSum, addsUp)
{
    const Tensor x = floats({3}, {1, 2, 3});
    expectTensor(evaluateOne("CumSum", {{"axis", int64_t{0}}}, {x}), {3}, Floats{1, 3, 6});
    expectTensor(
        evaluateOne("CumSum", {{"axis", int64_t{0}}, {"exclusive", int64_t{1}}, {"reverse", int64_t{1}}}, {x}), {3},
        Floats{5, 3, 0});
}

TEST(MatMul, multipliesBatches)
{
    expectTensor(evaluateOne("MatMul", {}, {counting({2, 2}), counting({2, 2})}), {2, 2}, Floats{2, 3, 6, 11});
    expectTensor(evaluateOne("MatMul", {}, {counting({2}), counting({2, 2})}), {2}, Floats{2, 3});
    expectTensor(evaluateOne("MatMul", {}, {counting({2, 2}), counting({2})}), {2}, Floats{1, 3});
    expectTensor(evaluateOne("MatMul", {}, {counting({2}), counting({2})}), {}, Floats{1});
    expectTensor(evaluateOne("MatMul", {}, {counting({2, 1, 1, 2}), counting({2, 2, 1})}), {2, 2, 1, 1},
                 Floats{1, 3, 3, 13});
    expectTensor(evaluateOne("MatMul", {}, {counting({2, 0}), counting({0, 2})}), {2, 2}, Floats{0, 0, 0, 0});
    EXPECT_EQ(errorOf("MatMul", {}, {counting({2, 2}), counting({3, 2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("MatMul", {}, {counting({2, 2, 2}), counting({3, 2, 2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("MatMul", {}, {Tensor::scalar(1), counting({2})}), ErrorCode::ShapeMismatch);
}

TEST(Linear, addsItsBias)
{
    expectTensor(evaluateOne("Linear", {}, {counting({1, 2, 2}), counting({2, 3}), floats({3}, {1, 1, 1})}),
                 {1, 2, 3}, Floats{4, 5, 6, 10, 15, 20});
    expectTensor(evaluateOne("Linear", {}, {counting({2}), counting({2, 3})}), {3}, Floats{3, 4, 5});
    EXPECT_EQ(errorOf("Linear", {}, {counting({2, 2}), counting({3, 2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Linear", {}, {counting({2, 2}), counting({2, 2}), counting({3})}), ErrorCode::ShapeMismatch);
}

TEST(Conv, slidesItsWindow)
{
    const Tensor x = counting({1, 1, 3, 3});
    const Tensor ones = floats({1, 1, 2, 2}, {1, 1, 1, 1});
    expectTensor(evaluateOne("Conv", {}, {x, ones}), {1, 1, 2, 2}, Floats{8, 12, 20, 24});
    expectTensor(
        evaluateOne("Conv", {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 0, 0}}}, {x, ones, floats({1}, {1})}),
        {1, 1, 2, 2}, Floats{1, 4, 10, 25});
    expectTensor(evaluateOne("Conv", {{"dilations", Ints{2, 2}}}, {x, ones}), {1, 1, 1, 1}, Floats{16});
    expectTensor(evaluateOne("Conv", {{"auto_pad", std::string("SAME_UPPER")}}, {x, ones}), {1, 1, 3, 3},
                 Floats{8, 12, 7, 20, 24, 13, 13, 15, 8});
    expectTensor(evaluateOne("Conv", {{"group", int64_t{2}}}, {counting({1, 2, 1, 2}), floats({2, 1, 1, 1}, {2, 3})}),
                 {1, 2, 1, 2}, Floats{0, 2, 6, 9});
    expectTensor(evaluateOne("Conv", {{"group", int64_t{2}}},
                             {counting({1, 4, 1, 1}), floats({2, 2, 1, 1}, {1, 1, 1, 2}), floats({2}, {0, 1})}),
                 {1, 2, 1, 1}, Floats{1, 9});
    expectTensor(evaluateOne("Conv", {{"pads", Ints{1, 1}}}, {counting({1, 1, 3}), floats({1, 1, 3}, {1, 0, -1})}),
                 {1, 1, 3}, Floats{-1, -2, 1});
}

TEST(Conv, refusesWhatDoesNotFit)
{
    const Tensor x = counting({1, 2, 3, 3});
    const Tensor w = counting({4, 2, 2, 2});
    EXPECT_EQ(errorOf("Conv", {{"strides", Ints{0, 1}}}, {x, w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {{"pads", Ints{0, 0, -1, 0}}}, {x, w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {{"pads", Ints{0, 0}}}, {x, w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {{"group", int64_t{0}}}, {x, w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {{"group", int64_t{2}}}, {x, w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {}, {x, counting({4, 2, 4, 4})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {}, {x, w, counting({3})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {}, {counting({1, 2}), w}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Conv", {}, {counting({1, 1, 2, 2, 2}), counting({1, 1, 1, 1, 1})}), ErrorCode::Unsupported);
    EXPECT_EQ(errorOf("Conv", {{"pads", Ints{1 << 20, 1 << 20, 1 << 20, 1 << 20}}}, {x, w}), ErrorCode::TooLarge);
}

TEST(ConvTranspose, spreadsItsInput)
{
    const Tensor x = counting({1, 1, 2, 2});
    const Tensor ones = floats({1, 1, 2, 2}, {1, 1, 1, 1});
    expectTensor(evaluateOne("ConvTranspose", {{"strides", Ints{2, 2}}}, {x, ones}), {1, 1, 4, 4},
                 Floats{0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3});
    expectTensor(evaluateOne("ConvTranspose", {}, {x, ones, floats({1}, {1})}), {1, 1, 3, 3},
                 Floats{1, 2, 2, 3, 7, 5, 3, 6, 4});
}

TEST(Pool, averagesAndTakesTheLargest)
{
    const Tensor x = counting({1, 1, 3, 3});
    const AttributeList two{{"kernel_shape", Ints{2, 2}}};
    expectTensor(evaluateOne("MaxPool", two, {x}), {1, 1, 2, 2}, Floats{4, 5, 7, 8});
    expectTensor(evaluateOne("AveragePool", two, {x}), {1, 1, 2, 2}, Floats{2, 3, 5, 6});
    AttributeList padded = two;
    padded.insert(padded.end(), {{"pads", Ints{1, 1, 0, 0}}, {"strides", Ints{2, 2}}});
    expectTensor(evaluateOne("AveragePool", padded, {x}), {1, 1, 2, 2}, Floats{0, 1.5f, 4.5f, 6});
    padded.push_back({"count_include_pad", int64_t{1}});
    expectTensor(evaluateOne("AveragePool", padded, {x}), {1, 1, 2, 2}, Floats{0, 0.75f, 2.25f, 6});
    AttributeList ceil = two;
    ceil.insert(ceil.end(), {{"ceil_mode", int64_t{1}}, {"strides", Ints{2, 2}}});
    expectTensor(evaluateOne("MaxPool", ceil, {x}), {1, 1, 2, 2}, Floats{4, 5, 7, 8});
    expectTensor(evaluateOne("GlobalAveragePool", {}, {x}), {1, 1, 1, 1}, Floats{4});
    EXPECT_EQ(errorOf("MaxPool", {}, {x}), ErrorCode::Unsupported);
    EXPECT_EQ(errorOf("MaxPool", {{"kernel_shape", Ints{4, 4}}}, {x}), ErrorCode::ShapeMismatch);
}

TEST(Normalisation, centresAndScales)
{
    expectTensor(evaluateOne("LayerNormalization", {{"epsilon", 0.0f}},
                             {floats({1, 2}, {1, 3}), floats({2}, {2, 2}), floats({2}, {0, 1})}),
                 {1, 2}, Floats{-2, 3}, 1e-6f);
    expectTensor(evaluateOne("BatchNormalization", {{"epsilon", 0.0f}},
                             {floats({1, 2, 1}, {3, 5}), floats({2}, {2, 1}), floats({2}, {1, 0}),
                              floats({2}, {1, 5}), floats({2}, {4, 1})}),
                 {1, 2, 1}, Floats{3, 0}, 1e-6f);
    expectTensor(evaluateOne("InstanceNormalization", {{"epsilon", 0.0f}},
                             {floats({1, 2, 2}, {1, 3, 10, 30}), floats({2}, {1, 2}), floats({2}, {0, 1})}),
                 {1, 2, 2}, Floats{-1, 1, -1, 3}, 1e-5f);
    expectTensor(evaluateOne("GroupNormalization", {{"epsilon", 0.0f}, {"num_groups", int64_t{1}}},
                             {floats({1, 2, 1}, {1, 3}), floats({2}, {1, 2}), floats({2}, {0, 0})}),
                 {1, 2, 1}, Floats{-1, 2}, 1e-5f);
    EXPECT_EQ(errorOf("LayerNormalization", {}, {counting({2, 3}), counting({2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("BatchNormalization", {}, {counting({1, 2}), counting({2})}), ErrorCode::ShapeMismatch);
}

TEST(Softmax, sumsToOne)
{
    const Tensor x = floats({2, 2}, {0, 0, 1000, 0});
    expectTensor(evaluateOne("Softmax", {}, {x}), {2, 2}, Floats{0.5f, 0.5f, 1, 0});
    expectTensor(evaluateOne("Softmax", {{"axis", int64_t{0}}}, {x}), {2, 2}, Floats{0, 0.5f, 1, 0.5f});
    expectTensor(evaluateOne("LogSoftmax", {}, {x}), {2, 2}, Floats{-0.6931472f, -0.6931472f, 0, -1000}, 1e-6f);
}

TEST(Resize, samplesAsTheModesSay)
{
    const Tensor x = floats({1, 1, 1, 2}, {0, 4});
    const auto resize = [&](AttributeList attributes) {
        attributes.push_back({"sizes", Ints{1, 1, 1, 4}});
        return evaluateOne("Resize", attributes, {x});
    };
    const std::string mode = "mode";
    expectTensor(resize({}), {1, 1, 1, 4}, Floats{0, 0, 4, 4});
    expectTensor(resize({{mode, std::string("linear")}}), {1, 1, 1, 4}, Floats{0, 1, 3, 4});
    expectTensor(
        resize({{mode, std::string("linear")}, {"coordinate_transformation_mode", std::string("align_corners")}}),
        {1, 1, 1, 4}, Floats{0, 4.0f / 3, 8.0f / 3, 4}, 1e-6f);
    expectTensor(
        resize({{mode, std::string("linear")}, {"coordinate_transformation_mode", std::string("asymmetric")}}),
        {1, 1, 1, 4}, Floats{0, 2, 4, 4});
    EXPECT_EQ(errorOf("Resize", {{"scales", Floats{1, 1, 1, 0}}}, {x}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Resize", {{"scales", Floats{1, 1, 1e9f, 1e9f}}}, {x}), ErrorCode::TooLarge);
    EXPECT_EQ(errorOf("Resize", {{"sizes", Ints{1, 1}}}, {x}), ErrorCode::ShapeMismatch);
}

TEST(Einsum, contracts)
{
    const Tensor a = counting({2, 3});
    const Tensor b = counting({2, 3});
    expectTensor(evaluateOne("Einsum", {{"equation", std::string("ij,kj->ik")}}, {a, b}), {2, 2},
                 Floats{5, 14, 14, 50});
    expectTensor(evaluateOne("Einsum", {{"equation", std::string("ij->ji")}}, {a}), {3, 2}, Floats{0, 3, 1, 4, 2, 5});
    expectTensor(evaluateOne("Einsum", {{"equation", std::string("ij,ij->i")}}, {a, b}), {2}, Floats{5, 50});
    expectTensor(evaluateOne("Einsum", {{"equation", std::string("ij,jk")}}, {a, counting({3, 1})}), {2, 1},
                 Floats{5, 14});
    EXPECT_EQ(errorOf("Einsum", {{"equation", std::string("ij,jk->ik")}}, {a, b}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Einsum", {{"equation", std::string("ij->iz")}}, {a}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Einsum", {{"equation", std::string("i1->i")}}, {a}), ErrorCode::ShapeMismatch);
}

TEST(Registry, isSortedAndComplete)
{
    const auto ops = allOps();
    for (std::size_t i = 0; i < ops.size(); ++i) {
        EXPECT_TRUE(ops[i].infer && ops[i].compute) << ops[i].name;
        EXPECT_EQ(findOp(ops[i].name), &ops[i]) << "registered twice";
    }
    EXPECT_EQ(findOp("NoSuchOperator"), nullptr);
}

TEST(Registry, everyOperatorSurvivesNonsense)
{
    // Whatever the inputs are, infer answers with a shape or an error; nothing is computed on what it refuses.
    const std::vector<ValueInfo> pool{{DType::Float32, {}},
                                      {DType::Float32, {0}},
                                      {DType::Int64, {2}},
                                      {DType::Float32, {1, 2, 3}},
                                      {DType::Bool, {2, 2}},
                                      {DType::UInt8, {1, 3, 2, 2}},
                                      {DType::Float32, {2, 0, 4, 4}},
                                      {DType::Float32, {1, 1, 1, 1, 1, 1, 1, 1}}};
    const std::vector<graph::AttributeValue> values{int64_t{-1},      int64_t{0},          INT64_MAX,
                                                    Ints{},           Ints{-1, INT64_MIN}, Ints{0, 0, 0, 0},
                                                    std::string("?"), Floats{NAN, -1},     Tensor::scalar(NAN)};
    const std::vector<std::string> names{
        "axis", "axes",         "shape",     "perm",      "starts", "ends",       "steps",  "split",
        "pads", "kernel_shape", "strides",   "dilations", "group",  "sizes",      "scales", "k",
        "to",   "repeats",      "blocksize", "equation",  "scale",  "zero_point", "min",    "num_groups"};
    for (const OpDef& op : allOps())
        for (std::size_t i = 0; i < pool.size(); ++i)
            for (std::size_t count = 0; count < 4; ++count)
                for (std::size_t v = 0; v < values.size(); ++v) {
                    graph::Node node = makeNode(std::string(op.name), {}, count);
                    for (std::size_t n = 0; n < names.size(); ++n)
                        if ((n + v + i) % 3 != 0)
                            node.attributes.set(names[n], values[(v + n) % values.size()]);
                    std::vector<ValueInfo> infos;
                    for (std::size_t j = 0; j < count; ++j)
                        infos.push_back(pool[(i + j * (v + 1)) % pool.size()]);
                    (void)op.infer(node, infos);
                }
}

} // namespace
} // namespace qs::exec::testing
