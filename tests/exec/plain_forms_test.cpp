// Operators that are computed in pieces, by phases or several values at once, against their plain forms
// (core/exec/reference), which share no code with them: odd sizes, every stride, padding, what is no number.
#include "core/exec/reference/reference.h"
#include "tests/exec/op_testing.h"

#include <cmath>
#include <limits>

namespace qs::exec {
namespace {

using namespace testing;

/// The largest difference to the plain form; infinity where one of both is no number or is infinite and the other is
/// not the same.
double worst(const std::string& op, const AttributeList& attributes, const std::vector<Tensor>& inputs)
{
    const Tensor got = evaluateOne(op, attributes, inputs);
    const auto plain = reference::find(op);
    EXPECT_NE(plain, nullptr) << op;
    std::vector<Tensor> want{Tensor(got.dtype(), got.shape())};
    if (plain)
        plain(makeNode(op, attributes, inputs.size()), inputs, want);
    double result = 0;
    for (std::size_t i = 0; i < got.floats().size(); ++i) {
        const float a = got.floats()[i];
        const float b = want[0].floats()[i];
        if (a == b || (std::isnan(a) && std::isnan(b)))
            continue;
        const double d = std::abs(static_cast<double>(a) - b);
        result = std::max(result, std::isnan(d) ? std::numeric_limits<double>::infinity() : d);
    }
    return result;
}

TEST(PlainForms, PoolsOfEveryStride)
{
    for (const auto& [height, width] : {std::pair{1, 1}, {3, 4}, {7, 7}, {9, 17}, {14, 31}, {33, 20}})
        for (const int64_t kernel : {1, 2, 3, 5, 7})
            for (const int64_t down : {1, 2, 3, 7})
                for (const int64_t across : {1, 2, 3, 5})
                    for (const int64_t pad : {int64_t{0}, kernel / 2})
                        for (const int64_t dilation : {1, 2}) {
                            const int64_t reach = (kernel - 1) * dilation + 1;
                            if (std::min(height, width) + 2 * pad < reach)
                                continue;
                            Tensor x = randomTensor({1, 2, height, width}, static_cast<uint64_t>(height * 31 + down));
                            AttributeList a{{"kernel_shape", Ints{kernel, kernel}},
                                            {"strides", Ints{down, across}},
                                            {"dilations", Ints{dilation, dilation}},
                                            {"pads", Ints{pad, pad, pad, pad}}};
                            const auto where = ::testing::Message()
                                               << height << "x" << width << " by " << kernel << ", " << down << " "
                                               << across << ", pad " << pad << ", dilation " << dilation;
                            EXPECT_EQ(worst("MaxPool", a, {x}), 0) << where;
                            EXPECT_LT(worst("AveragePool", a, {x}), 1e-6) << where;
                            a.push_back({"count_include_pad", int64_t{1}});
                            a.push_back({"ceil_mode", int64_t{1}});
                            EXPECT_LT(worst("AveragePool", a, {x}), 1e-6) << where;
                        }
}

TEST(PlainForms, PoolsOfInfinities)
{
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const AttributeList a{{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}};
    for (const float odd : {kInfinity, -kInfinity})
        for (std::size_t at = 0; at < 35; ++at) {
            Tensor x = randomTensor({1, 1, 5, 7}, at);
            x.mutableData<float>()[at] = odd;
            EXPECT_EQ(worst("MaxPool", a, {x}), 0) << odd << " at " << at;
        }
}

TEST(PlainForms, SoftmaxOfEveryLength)
{
    for (int64_t columns = 1; columns < 70; ++columns) {
        const Tensor x = randomTensor({5, columns}, static_cast<uint64_t>(columns));
        EXPECT_LT(worst("Softmax", {}, {x}), 5e-7) << columns;
        EXPECT_LT(worst("LogSoftmax", {}, {x}), 2e-6) << columns;
    }
}

TEST(PlainForms, ARowOfOneValueRepeated)
{
    for (const int64_t columns : {1, 2, 15, 16, 17, 31, 33, 64, 100, 769}) {
        const Tensor x = randomTensor({3, 1}, 8);
        EXPECT_EQ(worst("Expand", {{"shape", Ints{3, columns}}}, {x}), 0) << columns;
    }
}

TEST(PlainForms, PlacesThatAreValues)
{
    for (const int64_t axis : {0, 1, 2})
        for (const int64_t largest : {0, 1}) {
            Tensor x = randomTensor({4, 5, 3}, static_cast<uint64_t>(axis));
            for (float& value : x.mutableData<float>()) // many are equal
                value = std::round(value * 2);
            const AttributeList a{{"axis", axis}, {"k", int64_t{3}}, {"largest", largest}};
            const auto found = evaluateAll("TopK", a, {x}, 2);
            std::vector<Tensor> want{Tensor(DType::Float32, found[0].shape()),
                                     Tensor(DType::Int64, found[1].shape())};
            reference::find("TopK")(makeNode("TopK", a, 1), std::vector{x}, want);
            for (std::size_t i = 0; i < found[1].data<int64_t>().size(); ++i) {
                EXPECT_EQ(found[0].floats()[i], want[0].floats()[i]) << axis << " at " << i;
                EXPECT_EQ(found[1].data<int64_t>()[i], want[1].data<int64_t>()[i]) << axis << " at " << i;
            }
            const Tensor data = randomTensor({4, 5, 3}, 9);
            EXPECT_EQ(worst("GatherElements", {{"axis", axis}}, {data, found[1]}), 0) << axis;
            EXPECT_EQ(worst("Gather", {{"axis", axis}}, {data, found[1]}), 0) << axis;
        }
    const Tensor data = randomTensor({3, 4, 5}, 10);
    EXPECT_EQ(worst("GatherND", {}, {data, ints({2, 2}, {2, -1, 0, 3})}), 0);
    EXPECT_EQ(worst("GatherND", {}, {data, ints({2, 2, 3}, {2, 0, 1, 0, 3, 4, -1, -1, -1, 9, -9, 0})}), 0);
    EXPECT_EQ(worst("GatherND", {{"batch_dims", int64_t{1}}}, {data, ints({3, 2, 1}, {3, 0, -4, 1, 1, 2})}), 0);
}

TEST(PlainForms, NotOfEveryLength)
{
    for (int64_t count = 0; count < 70; ++count) {
        Tensor x(DType::Bool, {count});
        for (int64_t i = 0; i < count; ++i)
            x.mutableData<bool>()[static_cast<std::size_t>(i)] = i % 3 == 0;
        const Tensor y = evaluateOne("Not", {}, {x});
        for (int64_t i = 0; i < count; ++i)
            EXPECT_EQ(y.data<bool>()[static_cast<std::size_t>(i)], i % 3 != 0) << i << " of " << count;
    }
}

} // namespace
} // namespace qs::exec
