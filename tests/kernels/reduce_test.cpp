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
