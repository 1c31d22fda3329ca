#include "core/kernels/gemm.h"

#include "tests/kernels/kernel_testing.h"

#include <Eigen/Core>
#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <tuple>
#include <vector>

namespace qs::kernels {
namespace {

constexpr float kGuard = -12345.0f;

/// A product with every pointer misaligned, strides larger than the rows, and a guard around C.
struct Case {
    std::size_t m, k, n;
    bool transposed = false;
    float alpha = 1;
    bool bias = false;
    Activation activation = Activation::None;
    bool residual = false;
};

void check(const Case& test, ThreadPool* pool = nullptr)
{
    SCOPED_TRACE(testing::Message() << test.m << 'x' << test.k << 'x' << test.n << " transposed " << test.transposed
                                    << " activation " << static_cast<int>(test.activation) << " residual "
                                    << test.residual);
    const std::size_t aStride = test.k + 3;
    const std::size_t cStride = test.n + 5;
    const std::size_t bRows = test.transposed ? 1 : test.n + 1;
    const std::size_t bColumns = test.transposed ? test.k + 1 : 1;
    const auto a = normals(test.m * aStride + 1, 1);
    const auto b = normals((test.k + 1) * (test.n + 1) + 1, 2);
    const auto bias = normals(test.n + 1, 3);
    const auto residual = normals(test.m * cStride + 1, 4);
    const Epilogue epilogue{test.alpha, test.bias ? bias.data() + 1 : nullptr, test.activation,
                            test.residual ? residual.data() + 1 : nullptr, cStride};
    std::vector<float> got(test.m * cStride + 8, kGuard);
    std::vector<float> want = got;
    const PackedMatrix packed = packMatrix(b.data() + 1, test.k, test.n, bRows, bColumns);
    gemmParallel(pool, a.data() + 1, aStride, test.m, packed.view(), got.data() + 1, cStride, epilogue);
    reference::gemm(a.data() + 1, aStride, test.m, b.data() + 1, test.k, test.n, bRows, bColumns, want.data() + 1,
                    cStride, epilogue);
    if (targetHasFma()) {
        EXPECT_TRUE(allSameBits(got, want));
        return;
    }
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got[i], want[i], 1e-6 * static_cast<double>(test.k + 10)) << i;
}

/// A second opinion that shares no code with the kernel and its reference: Eigen, in double. A sum of k products in
/// float is off by at most k times half a unit in the last place of the sum of their magnitudes.
TEST(Gemm, IsTheProductOfEigenInDouble)
{
    using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    for (const auto& [m, k, n] :
         {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1}, {7, 33, 19}, {65, 384, 37}}) {
        const auto a = normals(m * k, 5);
        const auto b = normals(k * n, 6);
        const auto index = [](std::size_t i) { return static_cast<Eigen::Index>(i); };
        const Eigen::MatrixXd left = Eigen::Map<const RowMajor>(a.data(), index(m), index(k)).cast<double>();
        const Eigen::MatrixXd right = Eigen::Map<const RowMajor>(b.data(), index(k), index(n)).cast<double>();
        const Eigen::MatrixXd want = left * right;
        const Eigen::MatrixXd magnitude = left.cwiseAbs() * right.cwiseAbs();
        forEachTarget([&] {
            std::vector<float> c(m * n);
            gemm(a.data(), k, m, packMatrix(b.data(), k, n, n, 1).view(), c.data(), n);
            for (std::size_t i = 0; i < c.size(); ++i) {
                const Eigen::Index row = index(i / n), column = index(i % n);
                EXPECT_LE(std::abs(c[i] - want(row, column)),
                          static_cast<double>(k) * 0x1p-24 * magnitude(row, column))
                    << m << 'x' << k << 'x' << n << " at " << i;
            }
        });
    }
}

TEST(Gemm, SmallProductWithEpilogue)
{
    const std::vector<float> a{1, 2, 3, 4, 5, 6};     // [2, 3]
    const std::vector<float> b{1, -1, 2, 0.5f, 0, 3}; // [3, 2]
    const std::vector<float> bias{10, -100};
    const std::vector<float> residual{1, 2, 3, 4};
    forEachTarget([&] {
        const PackedMatrix packed = packMatrix(b.data(), 3, 2, 2, 1);
        std::vector<float> c(4, -7);
        gemm(a.data(), 3, 2, packed.view(), c.data(), 2, {2, bias.data(), Activation::Relu, residual.data(), 2});
        EXPECT_EQ(c, (std::vector<float>{21, 2, 41, 4}));
    });
}

TEST(Gemm, EqualsReferenceForEveryEdge)
{
    forEachTarget([] {
        for (std::size_t m = 1; m <= 17; ++m)
            for (const std::size_t n : {1u, 2u, 7u, 15u, 16u, 17u, 31u, 32u, 33u, 65u})
                check({m, 1 + (m * n) % 23, n, n % 2 == 1, 1, m % 2 == 0});
        for (std::size_t k = 0; k <= 9; ++k)
            check({5, k, 35, k % 2 == 0, 0.125f, true, Activation::Relu, true});
    });
}

TEST(Gemm, EveryActivationWithAndWithoutResidual)
{
    forEachTarget([] {
        for (int f = 0; f <= static_cast<int>(Activation::HardSwish); ++f)
            for (const bool residual : {false, true})
                check({19, 24, 37, false, 0.5f, true, static_cast<Activation>(f), residual});
    });
}

TEST(Gemm, TransformerShapesOnThreads)
{
    ThreadPool pool(3);
    forEachTarget([&] {
        check({197, 64, 197, true, 0.125f}, &pool);
        check({197, 197, 64, false}, &pool);
        check({1, 192, 1000, true, 1, true}, &pool);
        check({50, 768, 192, true, 1, true, Activation::None, true}, &pool);
        check({400, 300, 48, true, 1, true, Activation::Gelu}, &pool);
    });
}

TEST(Gemm, ResidualMayBeTheResultItself)
{
    const auto a = normals(20 * 8, 1);
    const auto b = normals(8 * 35, 2);
    const auto start = normals(20 * 35, 3);
    forEachTarget([&] {
        const PackedMatrix packed = packMatrix(b.data(), 8, 35, 35, 1);
        for (const Activation activation : {Activation::None, Activation::Silu}) {
            std::vector<float> separate(start.size());
            gemm(a.data(), 8, 20, packed.view(), separate.data(), 35, {1, nullptr, activation, start.data(), 35});
            std::vector<float> inPlace = start;
            gemm(a.data(), 8, 20, packed.view(), inPlace.data(), 35, {1, nullptr, activation, inPlace.data(), 35});
            EXPECT_TRUE(allSameBits(inPlace, separate));
        }
    });
}

TEST(Gemm, PackingIntoGivenMemoryStaysInside)
{
    forEachTarget([] {
        for (const std::size_t n : {1u, 31u, 32u, 33u}) {
            const std::size_t k = 13;
            const auto b = normals(k * n, 5);
            const std::size_t size = packedSize(k, n);
            std::vector<float> buffer(size + 1, kGuard);
            for (const bool transposed : {false, true})
                packMatrixInto(buffer.data(), b.data(), k, n, transposed ? 1 : n, transposed ? k : 1);
            EXPECT_EQ(buffer[size], kGuard);
        }
    });
}

} // namespace
} // namespace qs::kernels
