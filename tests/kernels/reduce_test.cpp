#include "core/kernels/reduce.h"

#include "tests/kernels/kernel_testing.h"

#include <gtest/gtest.h>

namespace qs::kernels {
namespace {

constexpr Fold kFolds[] = {Fold::Sum, Fold::Absolute, Fold::Square, Fold::Max, Fold::Min};

TEST(Reduce, RowEqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t size : awkwardSizes())
            for (const Fold fold : kFolds) {
                const auto x = normals(size + 1, 3, 5);
                const std::span<const float> part(x.data() + 1, size);
                EXPECT_TRUE(sameBits(foldRow(fold, part), reference::foldRow(fold, part)))
                    << static_cast<int>(fold) << " over " << size;
            }
    });
}

TEST(Reduce, IntoEqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t size : awkwardSizes())
            for (const Fold fold : kFolds) {
                std::vector<double> got(size, foldStart(fold));
                std::vector<double> want = got;
                for (uint32_t row = 0; row < 3; ++row) {
                    const auto x = normals(size, row, 5);
                    foldInto(fold, x, got);
                    reference::foldInto(fold, x, want);
                }
                EXPECT_TRUE(allSameBits<double>(got, want)) << static_cast<int>(fold) << " over " << size;
            }
    });
}

TEST(Reduce, CumulatedEqualsReferenceForEverySize)
{
    forEachTarget([] {
        for (const std::size_t size : awkwardSizes())
            for (const bool exclusive : {false, true}) {
                std::vector<double> got(size), want(size);
                std::vector<float> y(size), z(size);
                for (uint32_t row = 0; row < 4; ++row) {
                    auto x = normals(size, row, 5);
                    if (size > 2 && row == 3) // beyond the largest float, and what is no number
                        x[0] = x[size / 2] = 3e38f, x[size - 1] = std::numeric_limits<float>::quiet_NaN();
                    reference::cumulateInto(x, want, z, exclusive);
                    cumulateInto(x, got, y, exclusive);
                    EXPECT_TRUE(allSameBits<double>(got, want) && allSameBits<float>(y, z)) << "row of " << size;
                    want = got;
                }
            }
    });
    std::vector<double> sums{0.5, -2};
    std::vector<float> y(2);
    cumulateInto(std::vector<float>{1, 2}, sums, y, true);
    EXPECT_EQ(y, (std::vector<float>{0.5f, -2}));
    cumulateInto(std::vector<float>{1, 2}, sums, y, false);
    EXPECT_EQ(y, (std::vector<float>{2.5f, 2}));
}

TEST(Reduce, NaNAndInfinityAtEveryPlace)
{
    forEachTarget([] {
        for (const Fold fold : kFolds)
            for (const float odd : awkwardFloats())
                for (std::size_t at = 0; at < 37; ++at) {
                    auto x = normals(37, 9);
                    x[at] = odd;
                    EXPECT_TRUE(sameBits(foldRow(fold, x), reference::foldRow(fold, x)))
                        << static_cast<int>(fold) << " of " << odd << " at " << at;
                    if (odd != odd) {
                        EXPECT_NE(foldRow(fold, x), foldRow(fold, x)) << "NaN is lost at " << at;
                    }
                }
    });
}

TEST(Reduce, SumsOfManyAreExactToDouble)
{
    const std::vector<float> x(1 << 20, 0.1f);
    forEachTarget([&] { EXPECT_NEAR(foldRow(Fold::Sum, x), 0.1f * double(1 << 20), 1e-7); });
    EXPECT_EQ(foldRow(Fold::Max, {}), -std::numeric_limits<double>::infinity());
}

} // namespace
} // namespace qs::kernels
