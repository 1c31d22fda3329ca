#include "op_testing.h"

#include <cmath>
#include <limits>

namespace qs::exec::testing {
namespace {

TEST(Binary, broadcastsBothWays)
{
    expectTensor(evaluateOne("Add", {}, {counting({2, 1}), floats({3}, {10, 20, 30})}), {2, 3},
                 Floats{10, 20, 30, 11, 21, 31});
    expectTensor(evaluateOne("Sub", {}, {floats({}, {1}), counting({3})}), {3}, Floats{1, 0, -1});
    expectTensor(evaluateOne("Mul", {}, {counting({2, 2}), floats({2, 1}, {2, 3})}), {2, 2}, Floats{0, 2, 6, 9});
    expectTensor(evaluateOne("Div", {}, {counting({2, 2}), floats({2}, {2, 4})}), {2, 2}, Floats{0, 0.25f, 1, 0.75f});
    expectTensor(evaluateOne("Max", {}, {counting({3}), floats({1}, {1})}), {3}, Floats{1, 1, 2});
    expectTensor(evaluateOne("Add", {}, {counting({0, 2}), floats({2}, {1, 2})}), {0, 2}, Floats{});
    EXPECT_EQ(errorOf("Add", {}, {counting({2}), counting({3})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Add", {}, {counting({2}), ints({2}, {1, 2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Add", {}, {counting({2})}), ErrorCode::ShapeMismatch);
}

TEST(Binary, agreesWithALoopOnAllBroadcasts)
{
    for (const Shape& a : {Shape{3, 1, 5, 7}, Shape{3, 4, 5, 7}, Shape{7}, Shape{5, 1}, Shape{1, 4, 1, 7}, Shape{}})
        for (const Shape& b : {Shape{3, 4, 5, 7}, Shape{4, 1, 1}, Shape{1}, Shape{3, 1, 5, 1}}) {
            const Tensor x = randomTensor(a, 2);
            const Tensor y = randomTensor(b, 3);
            const Tensor z = evaluateOne("Sub", {}, {x, y});
            const Shape out = z.shape();
            const auto at = [&](const Tensor& t, int64_t i) {
                int64_t offset = 0;
                int64_t step = 1;
                for (std::size_t d = 0; d < out.rank(); ++d) {
                    const int64_t index = i % out[out.rank() - 1 - d];
                    i /= out[out.rank() - 1 - d];
                    if (d < t.shape().rank()) {
                        const int64_t size = t.shape()[t.shape().rank() - 1 - d];
                        offset += size == 1 ? 0 : index * step;
                        step *= size;
                    }
                }
                return t.floats()[static_cast<std::size_t>(offset)];
            };
            for (int64_t i = 0; i < out.elements(); ++i)
                ASSERT_EQ(z.floats()[static_cast<std::size_t>(i)], at(x, i) - at(y, i))
                    << a.text() << " " << b.text();
        }
}

TEST(Binary, integersNeverTrap)
{
    const Tensor x = ints({4}, {7, -7, INT64_MIN, 5});
    expectTensor(evaluateOne("Div", {}, {x, ints({4}, {2, 2, -1, 0})}), {4}, Ints{3, -3, INT64_MIN, 0});
    expectTensor(evaluateOne("Mod", {}, {x, ints({4}, {3, 3, -1, 0})}), {4}, Ints{1, 2, 0, 0});
    expectTensor(evaluateOne("Mod", {{"fmod", int64_t{1}}}, {x, ints({1}, {3})}), {4}, Ints{1, -1, -2, 2});
    expectTensor(evaluateOne("Add", {}, {ints({1}, {INT64_MAX}), ints({1}, {1})}), {1}, Ints{INT64_MIN});
    expectTensor(evaluateOne("Mul", {}, {ints({2}, {INT64_MAX, -3}), ints({1}, {2})}), {2}, Ints{-2, -6});
    expectTensor(evaluateOne("Neg", {}, {ints({1}, {INT64_MIN})}), {1}, Ints{INT64_MIN});
    expectTensor(evaluateOne("Pow", {}, {ints({2}, {3, 10}), ints({2}, {4, 100})}), {2}, Ints{81, INT64_MAX});
}

TEST(Binary, comparesAndChooses)
{
    const Tensor x = counting({3});
    const Tensor one = floats({}, {1});
    expectBools(evaluateOne("Equal", {}, {x, one}), {false, true, false});
    expectBools(evaluateOne("Less", {}, {x, one}), {true, false, false});
    expectBools(evaluateOne("GreaterOrEqual", {}, {x, one}), {false, true, true});
    expectBools(evaluateOne("Xor", {}, {bools({2}, {true, false}), bools({1}, {true})}), {false, true});
    expectBools(evaluateOne("Not", {}, {bools({2}, {true, false})}), {false, true});
    expectBools(evaluateOne("IsNaN", {}, {floats({2}, {NAN, INFINITY})}), {true, false});
    expectTensor(evaluateOne("Where", {}, {bools({2, 1}, {true, false}), x, floats({}, {-1})}), {2, 3},
                 Floats{0, 1, 2, -1, -1, -1});
    EXPECT_EQ(errorOf("Where", {}, {x, x, x}), ErrorCode::Unsupported);
    EXPECT_EQ(errorOf("And", {}, {x, x}), ErrorCode::Unsupported);
}

struct UnaryCase {
    std::string op;
    double (*expected)(double);
    AttributeList attributes = {};
};

class Unary : public ::testing::TestWithParam<UnaryCase> {};

TEST_P(Unary, agreesWithTheFormula)
{
    const auto& [op, expected, attributes] = GetParam();
    const bool positive = op == "Log" || op == "Sqrt";
    Tensor x(DType::Float32, {2001});
    for (int i = 0; i < 2001; ++i)
        x.mutableData<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i - (positive ? -1 : 1000)) / 100.0f;
    const Tensor y = evaluateOne(op, attributes, {x});
    for (std::size_t i = 0; i < 2001; ++i) {
        const double wanted = expected(static_cast<double>(x.floats()[i]));
        if (std::isinf(wanted))
            EXPECT_TRUE(std::isinf(y.floats()[i]));
        else
            ASSERT_NEAR(y.floats()[i], wanted, 1e-6 * std::max(1.0, std::abs(wanted)))
                << op << " of " << x.floats()[i];
    }
}

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

INSTANTIATE_TEST_SUITE_P(
    All, Unary,
    ::testing::Values(
        UnaryCase{"Neg", [](double x) { return -x; }}, UnaryCase{"Abs", [](double x) { return std::abs(x); }},
        UnaryCase{"Sqrt", [](double x) { return std::sqrt(x); }},
        UnaryCase{"Exp", [](double x) { return std::exp(x); }},
        UnaryCase{"Log", [](double x) { return std::log(x); }},
        UnaryCase{"Erf", [](double x) { return std::erf(x); }},
        UnaryCase{"Tanh", [](double x) { return std::tanh(x); }}, UnaryCase{"Sigmoid", sigmoid},
        UnaryCase{"Relu", [](double x) { return std::max(0.0, x); }},
        UnaryCase{"LeakyRelu", [](double x) { return x < 0 ? 0.1 * x : x; }, {{"alpha", 0.1f}}},
        UnaryCase{"Elu", [](double x) { return x < 0 ? std::expm1(x) : x; }},
        UnaryCase{"Clip", [](double x) { return std::clamp(x, -1.0, 2.5); }, {{"min", -1.0f}, {"max", 2.5f}}},
        UnaryCase{"Clip", [](double x) { return std::min(x, 3.0); }, {{"max", Tensor::scalar(3)}}},
        UnaryCase{"HardSigmoid", [](double x) { return std::clamp(x * 0.2 + 0.5, 0.0, 1.0); }},
        UnaryCase{"HardSwish", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        UnaryCase{"Silu", [](double x) { return x * sigmoid(x); }},
        UnaryCase{"Softplus", [](double x) { return std::log1p(std::exp(x)); }},
        UnaryCase{"Mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
        UnaryCase{"Gelu", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
        UnaryCase{
            "Gelu",
            [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); },
            {{"approximate", std::string("tanh")}}},
        UnaryCase{"Floor", [](double x) { return std::floor(x); }},
        UnaryCase{"Ceil", [](double x) { return std::ceil(x); }},
        UnaryCase{"Round", [](double x) { return std::nearbyint(x); }},
        UnaryCase{"Sign", [](double x) { return static_cast<double>((x > 0) - (x < 0)); }},
        UnaryCase{"Sin", [](double x) { return std::sin(x); }},
        UnaryCase{"Cos", [](double x) { return std::cos(x); }},
        UnaryCase{"Asinh", [](double x) { return std::asinh(x); }},
        UnaryCase{"Atan", [](double x) { return std::atan(x); }}));

TEST(Unary, atanAtItsEndsAndOfNothing)
{
    const Tensor y = evaluateOne("Atan", {}, {floats({7}, {INFINITY, -INFINITY, 1, -1, 0, -0.0F, NAN})});
    const std::vector<float> expected{1.5707964F, -1.5707964F, 0.7853982F, -0.7853982F, 0, 0};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(y.floats()[i], expected[i], 2e-7F);
    EXPECT_TRUE(std::signbit(y.floats()[5]));
    EXPECT_TRUE(std::isnan(y.floats()[6]));
}

TEST(Unary, refusesWhatItDoesNotKnow)
{
    EXPECT_EQ(errorOf("Gelu", {{"approximate", std::string("fast")}}, {counting({2})}), ErrorCode::Unsupported);
    EXPECT_EQ(errorOf("Exp", {}, {ints({1}, {1})}), ErrorCode::Unsupported);
    EXPECT_EQ(errorOf("NoSuchOperator", {}, {counting({2})}), ErrorCode::Unsupported);
}

TEST(Quantize, roundsHalfToEvenAndClamps)
{
    const Tensor x = floats({6}, {0.5f, 1.5f, -2.5f, 1000, -1000, NAN});
    Tensor zero(DType::Int8, {});
    const Tensor q = evaluateOne("QuantizeLinear", {}, {x, Tensor::scalar(1), zero});
    EXPECT_THAT(q.data<int8_t>(), ::testing::ElementsAre(0, 2, -2, 127, -128, -128));
    expectTensor(evaluateOne("DequantizeLinear", {}, {q, Tensor::scalar(0.5f), zero}), {6},
                 Floats{0, 1, -1, 63.5f, -64, -64});
    Tensor zeros(DType::Int32, {2});
    zeros.mutableData<int32_t>()[1] = 1;
    expectTensor(evaluateOne("FakeQuantize",
                             {{"scale", floats({2}, {1, 2})},
                              {"zero_point", zeros},
                              {"qmin", int64_t{0}},
                              {"qmax", int64_t{3}},
                              {"axis", int64_t{1}}},
                             {floats({2, 2}, {1.5f, 3, 9, -9})}),
                 {2, 2}, Floats{2, 4, 3, -2});
    EXPECT_EQ(errorOf("FakeQuantize", {{"scale", floats({3}, {1, 2, 3})}}, {counting({2, 2})}),
              ErrorCode::ShapeMismatch);
}

} // namespace
} // namespace qs::exec::testing
