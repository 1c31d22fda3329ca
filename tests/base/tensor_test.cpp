#include "core/base/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

namespace qs {
namespace {

using testing::ElementsAre;

TEST(Tensor, StartsAtZeroAndAlignedForEveryType)
{
    for (const DType type : {DType::Float32, DType::Int64, DType::Int32, DType::Int8, DType::UInt8, DType::Bool}) {
        const Tensor tensor(type, {3, 5});
        EXPECT_EQ(tensor.elements(), 15) << dtypeName(type);
        EXPECT_EQ(tensor.sizeBytes(), 15 * dtypeSize(type));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes()) % 64, 0U);
        for (std::size_t i = 0; i < tensor.sizeBytes(); ++i)
            EXPECT_EQ(tensor.bytes()[i], std::byte{0});
    }
}

TEST(Tensor, NothingAndNoElementsAreNotTheSame)
{
    EXPECT_TRUE(Tensor().empty());
    EXPECT_EQ(Tensor().elements(), 0);
    const Tensor none(DType::Float32, {4, 0});
    EXPECT_FALSE(none.empty());
    EXPECT_EQ(none.elements(), 0);
    EXPECT_TRUE(none.floats().empty());
    EXPECT_EQ(Tensor::scalar(2.5F).elements(), 1);
    EXPECT_EQ(Tensor::scalar(2.5F).floats()[0], 2.5F);
}

TEST(Tensor, ACopySharesUntilItIsWritten)
{
    Tensor original = Tensor::fromFloats({2, 2}, std::vector<float>{1, 2, 3, 4});
    Tensor copy = original;
    EXPECT_EQ(copy.storageKey(), original.storageKey());
    copy.mutableData<float>()[1] = 20;
    EXPECT_NE(copy.storageKey(), original.storageKey());
    EXPECT_THAT(original.floats(), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(copy.floats(), ElementsAre(1, 20, 3, 4));
    // Alone with its storage, it is written in place.
    const void* key = copy.storageKey();
    copy.mutableData<float>()[0] = 10;
    EXPECT_EQ(copy.storageKey(), key);
    // Writing to the original leaves the copy alone too.
    Tensor third = original;
    original.mutableBytes()[0] = std::byte{0xff};
    EXPECT_THAT(third.floats(), ElementsAre(1, 2, 3, 4));
}

TEST(Tensor, AnotherShapeSharesTheElementsUntilItIsWritten)
{
    Tensor rows = Tensor::fromFloats({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    Tensor columns = rows.reshaped({3, 2});
    EXPECT_EQ(columns.storageKey(), rows.storageKey());
    EXPECT_EQ(columns.shape(), (Shape{3, 2}));
    columns.mutableData<float>()[5] = 60;
    EXPECT_THAT(rows.floats(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(columns.floats(), ElementsAre(1, 2, 3, 4, 5, 60));
}

TEST(Tensor, CopiesOfSeveralThreadsDetachByThemselves)
{
    const Tensor shared = Tensor::fromFloats({1000}, std::vector<float>(1000, 1.0F));
    std::vector<std::thread> threads;
    std::vector<float> sums(4);
    for (std::size_t t = 0; t < sums.size(); ++t)
        threads.emplace_back([&, t, own = shared]() mutable {
            for (float& value : own.mutableData<float>())
                value += static_cast<float>(t);
            for (const float value : own.floats())
                sums[t] += value;
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_THAT(sums, ElementsAre(1000, 2000, 3000, 4000));
    EXPECT_EQ(shared.floats()[999], 1);
}

TEST(Tensor, FindsTheFirstNumberThatIsNone)
{
    EXPECT_EQ(firstNotFinite(Tensor::fromFloats({3}, std::vector<float>{1, 3e38F, -3e38F})), -1);
    EXPECT_EQ(firstNotFinite(Tensor::fromFloats({3}, std::vector<float>{1, NAN, INFINITY})), 1);
    EXPECT_EQ(firstNotFinite(Tensor::fromFloats({2}, std::vector<float>{-INFINITY, 0})), 0);
    EXPECT_EQ(firstNotFinite(Tensor::fromInts({1}, std::vector<int64_t>{std::numeric_limits<int64_t>::max()})), -1);
    EXPECT_EQ(firstNotFinite(Tensor()), -1);
}

TEST(Shape, CountsAndStrides)
{
    const Shape shape{2, 3, 4};
    EXPECT_EQ(shape.elements(), 24);
    EXPECT_EQ(shape.product(1, 3), 12);
    EXPECT_EQ(shape.product(2, 2), 1);
    EXPECT_EQ(contiguousStrides(shape), (Shape{12, 4, 1}));
    EXPECT_EQ(Shape().elements(), 1);
    EXPECT_EQ(Shape().text(), "scalar");
    EXPECT_EQ((Shape{1, 197, 192}).text(), "1×197×192");
    EXPECT_EQ((Shape{5, 0, 7}).elements(), 0);
    EXPECT_EQ(contiguousStrides(Shape()), Shape());
}

TEST(Shape, InsertsAndErasesAtBothEnds)
{
    Shape shape{3};
    shape.insert(0, 2);
    shape.insert(2, 4);
    EXPECT_EQ(shape, (Shape{2, 3, 4}));
    shape.erase(1);
    EXPECT_EQ(shape, (Shape{2, 4}));
    shape.erase(1);
    shape.erase(0);
    EXPECT_TRUE(shape.empty());
    for (std::size_t i = 0; i < Shape::kMaxRank; ++i)
        shape.push_back(static_cast<int64_t>(i));
    EXPECT_EQ(shape.rank(), Shape::kMaxRank);
    EXPECT_EQ(shape.back(), 7);
}

/// What was erased does not make a difference.
TEST(Shape, EqualityLooksAtTheSizesAlone)
{
    Shape erased{2, 3, 9};
    erased.erase(2);
    EXPECT_EQ(erased, (Shape{2, 3}));
    EXPECT_FALSE(erased == (Shape{2, 3, 9}));
    EXPECT_FALSE((Shape{2, 3}) == (Shape{3, 2}));
    EXPECT_FALSE(Shape() == Shape{1});
}

} // namespace
} // namespace qs
