#include "core/kernels/norm.h"

#include "tests/kernels/kernel_testing.h"

#include <gtest/gtest.h>
#include <limits>
#include <numeric>

namespace qs::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expectLike(const std::vector<float>& got, const std::vector<float>& want)
{
    if (targetHasFma()) {
        EXPECT_TRUE(allSameBits(got, want));
        return;
    }
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_TRUE(sameBits(got[i], want[i]) ||
                    std::fabs(got[i] - want[i]) <= 2e-6f * std::max(1.0f, std::fabs(want[i])))
            << i << ": " << got[i] << ", expected " << want[i];
}

TEST(LayerNorm, EqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t cols : awkwardSizes()) {
            if (cols == 0)
                continue;
            const auto x = normals(3 * cols + 1, 1, 3);
            const auto gamma = normals(cols + 1, 2);
            const auto beta = normals(cols + 1, 3);
            for (const bool affine : {false, true}) {
                std::vector<float> got(3 * cols);
                std::vector<float> want(3 * cols);
                const float* g = affine ? gamma.data() + 1 : nullptr;
                const float* b = affine ? beta.data() + 1 : nullptr;
                layerNorm(3, cols, x.data() + 1, g, b, 1e-6f, got.data());
                reference::layerNorm(3, cols, x.data() + 1, g, b, 1e-6f, want.data());
                expectLike(got, want);
            }
            std::vector<float> got(cols);
            std::vector<float> want(cols);
            normalizeRow(cols, x.data() + 1, 1.5f, -0.25f, 1e-5f, got.data());
            reference::normalizeRow(cols, x.data() + 1, 1.5f, -0.25f, 1e-5f, want.data());
            expectLike(got, want);
        }
    });
}

TEST(LayerNorm, LargeOffsetDoesNotDestroyTheVariance)
{
    const std::size_t cols = 192;
    auto x = normals(cols, 1);
    const auto small = x;
    for (float& v : x)
        v += 1000.0f;
    forEachTarget([&] {
        std::vector<float> shifted(cols);
        std::vector<float> plain(cols);
        layerNorm(1, cols, x.data(), nullptr, nullptr, 1e-6f, shifted.data());
        layerNorm(1, cols, small.data(), nullptr, nullptr, 1e-6f, plain.data());
        for (std::size_t i = 0; i < cols; ++i)
            EXPECT_NEAR(shifted[i], plain[i], 2e-4);
    });
}

TEST(Softmax, EqualsReferenceForEverySizeAndInPlace)
{
    forEachTarget([] {
        for (const std::size_t cols : awkwardSizes()) {
            if (cols == 0)
                continue;
            auto x = normals(3 * cols, 1, 6);
            x[cols / 2] = -kInfinity;
            std::vector<float> got(3 * cols);
            std::vector<float> want(3 * cols);
            softmax(3, cols, x.data(), 0.125f, got.data());
            reference::softmax(3, cols, x.data(), 0.125f, want.data());
            expectLike(got, want);
            softmax(3, cols, x.data(), 0.125f, x.data());
            EXPECT_TRUE(allSameBits(x, got));
        }
    });
}

TEST(Softmax, LogarithmEqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t cols : awkwardSizes()) {
            auto x = normals(3 * cols, 11, 30);
            std::vector<float> got(3 * cols + 1, 7.0f);
            std::vector<float> want(3 * cols + 1, 7.0f);
            logSoftmax(3, cols, x.data(), got.data());
            reference::logSoftmax(3, cols, x.data(), want.data());
            expectLike(got, want);
            logSoftmax(3, cols, x.data(), x.data());
            got.pop_back();
            EXPECT_TRUE(allSameBits(x, got));
        }
    });
}

TEST(Softmax, ColumnsEqualReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t cols : awkwardSizes())
            for (const std::size_t size : {1u, 2u, 17u})
                for (const bool logarithm : {false, true}) {
                    auto x = normals(size * cols, 12, 30);
                    std::vector<float> got(size * cols + 1, 7.0f); // one beyond, which must stay
                    std::vector<float> want(size * cols + 1, 7.0f);
                    softmaxColumns(size, cols, x.data(), logarithm, got.data());
                    reference::softmaxColumns(size, cols, x.data(), logarithm, want.data());
                    expectLike(got, want);
                    softmaxColumns(size, cols, x.data(), logarithm, x.data());
                    got.pop_back();
                    EXPECT_TRUE(allSameBits(x, got));
                }
    });
}

TEST(Softmax, ColumnsAndLogarithmsWithoutAMeaningBecomeNaN)
{
    forEachTarget([] {
        for (const float bad : {-kInfinity, kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
            std::vector<float> row(19, bad == -kInfinity ? bad : 1.0f);
            row[5] = bad;
            std::vector<float> columns = row;
            logSoftmax(1, 19, row.data(), row.data());
            softmaxColumns(19, 1, columns.data(), false, columns.data());
            for (std::size_t i = 0; i < 19; ++i)
                EXPECT_TRUE(std::isnan(row[i]) && std::isnan(columns[i])) << bad << " at " << i;
        }
        std::vector<float> masked{1, -kInfinity, 1};
        softmaxColumns(3, 1, masked.data(), false, masked.data());
        EXPECT_EQ(masked, (std::vector<float>{0.5f, 0, 0.5f}));
    });
}

TEST(Softmax, SumsToOneAndKeepsMaskedOut)
{
    forEachTarget([] {
        std::vector<float> x{1000, 999, -kInfinity, 998, -2000};
        softmax(1, 5, x.data(), 1, x.data());
        EXPECT_NEAR(std::accumulate(x.begin(), x.end(), 0.0), 1, 1e-6);
        EXPECT_EQ(x[2], 0);
        EXPECT_EQ(x[4], 0);
        EXPECT_NEAR(x[0] / x[1], std::exp(1.0), 1e-5);
    });
}

TEST(Softmax, RowsWithoutAMeaningBecomeNaN)
{
    forEachTarget([] {
        for (const float bad : {-kInfinity, kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
            std::vector<float> x(19, bad == -kInfinity ? bad : 1.0f);
            x[5] = bad;
            softmax(1, 19, x.data(), 1, x.data());
            for (const float v : x)
                EXPECT_TRUE(std::isnan(v)) << bad;
        }
    });
}

} // namespace
} // namespace qs::kernels
