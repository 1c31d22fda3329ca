#include "core/kernels/elementwise.h"

#include "tests/kernels/kernel_testing.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

namespace qs::kernels {
namespace {

/// Every operator with constants, and whether it needs FMA to equal the reference.
struct Operator {
    UnaryOp op;
    float p = 0;
    float q = 0;
    bool needsFma = false;
};

const std::vector<Operator>& operators()
{
    static const std::vector<Operator> all{
        {UnaryOp::Copy},
        {UnaryOp::Neg},
        {UnaryOp::Abs},
        {UnaryOp::Reciprocal},
        {UnaryOp::Sqrt},
        {UnaryOp::Square},
        {UnaryOp::Exp, 0, 0, true},
        {UnaryOp::Log},
        {UnaryOp::Erf, 0, 0, true},
        {UnaryOp::Tanh, 0, 0, true},
        {UnaryOp::Sigmoid, 0, 0, true},
        {UnaryOp::Relu},
        {UnaryOp::LeakyRelu, 0.01f},
        {UnaryOp::Elu, 1.5f, 0, true},
        {UnaryOp::Clip, -1, 2},
        {UnaryOp::Gelu, 0, 0, true},
        {UnaryOp::GeluTanh, 0, 0, true},
        {UnaryOp::QuickGelu, 1.702f, 0, true},
        {UnaryOp::Silu, 0, 0, true},
        {UnaryOp::HardSigmoid, 0.2f, 0.5f, true},
        {UnaryOp::HardSwish, 0, 0, true},
        {UnaryOp::Softplus},
        {UnaryOp::Pow, 2},
        {UnaryOp::Pow, 3},
        {UnaryOp::Pow, 0.5f},
        {UnaryOp::Pow, -0.5f},
        {UnaryOp::Pow, -1},
        {UnaryOp::Pow, 1.7f},
        {UnaryOp::Affine, 2.5f, -1, true},
        {UnaryOp::Floor},
        {UnaryOp::Ceil},
        {UnaryOp::Round},
        {UnaryOp::Sign},
        {UnaryOp::Sin, 0, 0, true},
        {UnaryOp::Cos, 0, 0, true},
        {UnaryOp::Mish, 0, 0, true},
    };
    return all;
}

TEST(Unary, AtanIsThatOfTheCLibraryWithinFourUnits)
{
    std::vector<float> x = awkwardFloats();
    for (const auto& more : {anyFloats(100'003, 5), normals(20'001, 6, 4)})
        x.insert(x.end(), more.begin(), more.end());
    std::vector<float> got(x.size());
    forEachTarget([&] {
        unary(UnaryOp::Atan, x, got);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double want = std::atan(static_cast<double>(x[i]));
            if (std::isnan(want))
                ASSERT_TRUE(std::isnan(got[i])) << i;
            else
                ASSERT_NEAR(got[i], want, 4 * 1.2e-7 * std::abs(want) + 1e-37) << x[i];
        }
    });
}

TEST(Unary, EqualsReferenceOnAwkwardAndArbitraryFloats)
{
    std::vector<float> x = awkwardFloats();
    for (const auto& more : {anyFloats(100'003, 1), normals(20'001, 2, 4)})
        x.insert(x.end(), more.begin(), more.end());
    forEachTarget([&] {
        for (const Operator& o : operators()) {
            if (o.needsFma && !targetHasFma())
                continue;
            SCOPED_TRACE(static_cast<int>(o.op));
            std::vector<float> got(x.size());
            std::vector<float> want(x.size());
            unary(o.op, x, got, o.p, o.q);
            reference::unary(o.op, x, want, o.p, o.q);
            EXPECT_TRUE(allSameBits(got, want));
        }
    });
}

TEST(Unary, WithoutFmaStaysCloseToTheReference)
{
    const auto x = normals(50'001, 2, 4);
    forEachTarget([&] {
        for (const Operator& o : operators()) {
            SCOPED_TRACE(static_cast<int>(o.op));
            std::vector<float> got(x.size());
            std::vector<float> want(x.size());
            unary(o.op, x, got, o.p, o.q);
            reference::unary(o.op, x, want, o.p, o.q);
            for (std::size_t i = 0; i < x.size(); ++i) {
                if (want[i] == want[i]) {
                    ASSERT_NEAR(got[i], want[i], 1e-6 * std::max(1.0f, std::fabs(want[i]))) << x[i];
                }
            }
        }
    });
}

TEST(Unary, SineAndCosineAreAsNearAsTheHeaderSays)
{
    std::mt19937 engine(5);
    std::uniform_real_distribution<float> flat(-8192, 8192), near(-7, 7);
    std::vector<float> x;
    for (int i = 0; i < 200'000; ++i) {
        x.push_back(flat(engine));
        x.push_back(near(engine));
    }
    for (const float edge : {8192.0f, -8192.0f, 8192.5f, 1e6f, -3e7f})
        x.push_back(edge);
    std::vector<float> sine(x.size()), cosine(x.size());
    forEachTarget([&] {
        if (!targetHasFma())
            return;
        unary(UnaryOp::Sin, x, sine);
        unary(UnaryOp::Cos, x, cosine);
        for (std::size_t i = 0; i < x.size(); ++i) {
            ASSERT_NEAR(sine[i], std::sin(static_cast<double>(x[i])), 2e-7) << x[i];
            ASSERT_NEAR(cosine[i], std::cos(static_cast<double>(x[i])), 2e-7) << x[i];
        }
    });
}

TEST(Unary, EverySizeMisalignedAndInPlace)
{
    forEachTarget([] {
        for (const std::size_t n : awkwardSizes()) {
            const auto x = normals(n, 7);
            std::vector<float> y(n + 2, -99.0f);
            const std::span<float> inside{y.data() + 1, n};
            std::copy(x.begin(), x.end(), inside.begin());
            unary(UnaryOp::LeakyRelu, inside, inside, 0.5f);
            EXPECT_EQ(y.front(), -99.0f);
            EXPECT_EQ(y.back(), -99.0f);
            for (std::size_t i = 0; i < n; ++i)
                ASSERT_EQ(inside[i], x[i] < 0 ? 0.5f * x[i] : x[i]);
        }
    });
}

/// Largest error of f over many floats in [lo, hi], in units of the last place of the exact result.
double worstUlp(UnaryOp op, const std::function<double(double)>& exact, float lo, float hi)
{
    std::mt19937 engine(11);
    std::uniform_real_distribution<float> flat(lo, hi);
    std::uniform_real_distribution<float> exponent(-30, 0);
    std::vector<float> x;
    for (int i = 0; i < 400'000; ++i) {
        x.push_back(flat(engine));
        x.push_back(std::exp2(exponent(engine)) * (i % 2 ? hi : lo));
    }
    std::vector<float> y(x.size());
    unary(op, x, y);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double want = exact(x[i]);
        const float rounded = static_cast<float>(want);
        const double unit = static_cast<double>(std::nextafter(std::fabs(rounded), 3e38f)) - std::fabs(rounded);
        worst = std::max(worst, std::fabs(y[i] - want) / unit);
    }
    return worst;
}

TEST(Unary, AccuracyAgainstDoubleIsAsDocumented)
{
    forEachTarget([] {
        EXPECT_LE(worstUlp(
                      UnaryOp::Exp, [](double x) { return std::exp(x); }, -86.9f, 88.72f),
                  1.5);
        EXPECT_LE(worstUlp(
                      UnaryOp::Erf, [](double x) { return std::erf(x); }, -5, 5),
                  6.5);
        EXPECT_LE(worstUlp(
                      UnaryOp::Tanh, [](double x) { return std::tanh(x); }, -10, 10),
                  6.5);
        EXPECT_LE(worstUlp(
                      UnaryOp::Sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80),
                  3);
        const auto x = normals(100'000, 3, 4);
        std::vector<float> y(x.size());
        unary(UnaryOp::Gelu, x, y);
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double exact = 0.5 * x[i] * (1 + std::erf(x[i] / std::sqrt(2.0)));
            worst = std::max(worst, std::fabs(y[i] - exact) / std::max(1.0, std::fabs(static_cast<double>(x[i]))));
        }
        EXPECT_LE(worst, 3e-7);
    });
}

TEST(Unary, SaturatesExactly)
{
    const std::vector<float> x{
        5, -5, 20, -20, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
    const std::vector<float> sign{1, -1, 1, -1, 1, -1};
    forEachTarget([&] {
        std::vector<float> y(x.size());
        unary(UnaryOp::Erf, x, y);
        EXPECT_EQ(y, sign);
        unary(UnaryOp::Tanh, std::span(x).subspan(2), std::span(y).subspan(2));
        EXPECT_EQ(y, sign);
        const std::vector<float> far{100, -200};
        std::vector<float> e(2);
        unary(UnaryOp::Exp, far, e);
        EXPECT_EQ(e, (std::vector<float>{std::numeric_limits<float>::infinity(), 0}));
    });
}

TEST(Binary, EqualsReferenceForEveryFormAndSize)
{
    constexpr BinaryOp kOps[] = {BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div,
                                 BinaryOp::Min, BinaryOp::Max, BinaryOp::Pow};
    constexpr Broadcast kForms[] = {Broadcast::None, Broadcast::Scalar, Broadcast::Row, Broadcast::Column};
    auto a = awkwardFloats();
    auto b = anyFloats(3 * 64, 5);
    const auto more = anyFloats(3 * 64, 6.5);
    a.insert(a.end(), more.begin(), more.end());
    std::rotate(b.begin(), b.begin() + 1, b.end());
    b[7] = std::numeric_limits<float>::quiet_NaN();
    forEachTarget([&] {
        for (const BinaryOp op : kOps)
            for (const Broadcast form : kForms)
                for (std::size_t cols = 1; cols <= 40; ++cols)
                    for (const bool swapped : {false, true}) {
                        std::vector<float> got(3 * cols, -1);
                        std::vector<float> want(3 * cols, -1);
                        binary(op, form, 3, cols, a.data() + 1, b.data() + 1, got.data(), swapped);
                        reference::binary(op, form, 3, cols, a.data() + 1, b.data() + 1, want.data(), swapped);
                        ASSERT_TRUE(allSameBits(got, want))
                            << static_cast<int>(op) << ' ' << static_cast<int>(form) << ' ' << cols << ' ' << swapped;
                    }
    });
}

} // namespace
} // namespace qs::kernels
