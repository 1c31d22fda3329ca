#include "op_testing.h"

namespace qs::exec::testing {
namespace {

TEST(Reshape, keepsTheElements)
{
    expectTensor(evaluateOne("Reshape", {{"shape", Ints{3, 2}}}, {counting({2, 3})}), {3, 2},
                 Floats{0, 1, 2, 3, 4, 5});
    expectTensor(evaluateOne("Reshape", {{"shape", Ints{0, -1}}}, {counting({2, 3})}), {2, 3},
                 Floats{0, 1, 2, 3, 4, 5});
    expectTensor(evaluateOne("Reshape", {{"shape", Ints{}}}, {counting({1, 1})}), {}, Floats{0});
}

TEST(Reshape, refusesWhatDoesNotFit)
{
    const Tensor x = counting({2, 3});
    for (const Ints& shape : {Ints{4}, Ints{-1, -1}, Ints{-1, 4}, Ints{-2, 3}, Ints{2, 3, 0}, Ints{0, 4}})
        EXPECT_EQ(errorOf("Reshape", {{"shape", shape}}, {x}), ErrorCode::ShapeMismatch) << shape.size();
    EXPECT_EQ(errorOf("Reshape", {{"shape", Ints(9, 1)}}, {counting({1})}), ErrorCode::TooLarge);
    EXPECT_EQ(errorOf("Reshape", {{"shape", Ints{INT64_MAX, INT64_MAX}}}, {x}), ErrorCode::TooLarge);
    EXPECT_EQ(errorOf("Reshape", {}, {x}), ErrorCode::Unsupported);
}

TEST(SqueezeUnsqueezeFlatten, changeTheShape)
{
    EXPECT_EQ(evaluateOne("Squeeze", {{"axes", Ints{-1}}}, {counting({1, 2, 1})}).shape().text(), "1×2");
    EXPECT_EQ(evaluateOne("Squeeze", {}, {counting({1, 2, 1})}).shape().text(), "2");
    EXPECT_EQ(evaluateOne("Unsqueeze", {{"axes", Ints{0, -1}}}, {counting({2})}).shape().text(), "1×2×1");
    EXPECT_EQ(evaluateOne("Flatten", {{"axis", int64_t{2}}}, {counting({2, 3, 4})}).shape().text(), "6×4");
    EXPECT_EQ(evaluateOne("Flatten", {{"axis", int64_t{0}}}, {counting({2, 3})}).shape().text(), "1×6");
    EXPECT_EQ(errorOf("Squeeze", {{"axes", Ints{0}}}, {counting({2, 1})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Unsqueeze", {{"axes", Ints{0, 0}}}, {counting({2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Unsqueeze", {{"axes", Ints{5}}}, {counting({2})}), ErrorCode::ShapeMismatch);
}

TEST(Transpose, permutesAxes)
{
    expectTensor(evaluateOne("Transpose", {{"perm", Ints{1, 0}}}, {counting({2, 3})}), {3, 2},
                 Floats{0, 3, 1, 4, 2, 5});
    expectTensor(evaluateOne("Transpose", {}, {counting({2, 3})}), {3, 2}, Floats{0, 3, 1, 4, 2, 5});
    for (const Ints& perm : {Ints{0}, Ints{0, 0}, Ints{0, 2}, Ints{0, -1}})
        EXPECT_EQ(errorOf("Transpose", {{"perm", perm}}, {counting({2, 3})}), ErrorCode::ShapeMismatch);
}

TEST(Transpose, agreesWithIndexingOnLargeTensors)
{
    const Tensor x = randomTensor({3, 37, 5, 41});
    const Tensor y = evaluateOne("Transpose", {{"perm", Ints{2, 0, 3, 1}}}, {x});
    for (int64_t a = 0; a < 5; ++a)
        for (int64_t b = 0; b < 3; ++b)
            for (int64_t c = 0; c < 41; ++c)
                for (int64_t d = 0; d < 37; ++d)
                    ASSERT_EQ(y.floats()[static_cast<std::size_t>(((a * 3 + b) * 41 + c) * 37 + d)],
                              x.floats()[static_cast<std::size_t>(((b * 37 + d) * 5 + a) * 41 + c)]);
}

Tensor slice(const Tensor& x, int64_t start, int64_t end, int64_t step)
{
    return evaluateOne("Slice",
                       {{"starts", Ints{start}}, {"ends", Ints{end}}, {"axes", Ints{0}}, {"steps", Ints{step}}}, {x});
}

TEST(Slice, followsOnnx)
{
    const Tensor x = counting({5});
    expectTensor(slice(x, 1, 3, 1), {2}, Floats{1, 2});
    expectTensor(slice(x, -2, INT64_MAX, 1), {2}, Floats{3, 4});
    expectTensor(slice(x, 0, 5, 2), {3}, Floats{0, 2, 4});
    expectTensor(slice(x, 4, INT64_MIN, -2), {3}, Floats{4, 2, 0});
    expectTensor(slice(x, 100, -100, -1), {5}, Floats{4, 3, 2, 1, 0});
    expectTensor(slice(x, 3, 1, 1), {0}, Floats{});
    expectTensor(slice(x, -100, 2, INT64_MAX), {1}, Floats{0});
    EXPECT_EQ(errorOf("Slice", {{"starts", Ints{0}}, {"ends", Ints{1}}, {"steps", Ints{0}}}, {x}),
              ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Slice", {{"starts", Ints{0, 1}}, {"ends", Ints{1}}}, {x}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Slice", {{"starts", Ints{0}}, {"ends", Ints{1}}, {"axes", Ints{1}}}, {x}),
              ErrorCode::ShapeMismatch);
}

TEST(Split, cutsAnAxis)
{
    const auto parts = evaluateAll("Split", {{"axis", int64_t{-1}}, {"split", Ints{1, 2}}}, {counting({2, 3})}, 2);
    expectTensor(parts[0], {2, 1}, Floats{0, 3});
    expectTensor(parts[1], {2, 2}, Floats{1, 2, 4, 5});
    const auto halves = evaluateAll("Split", {}, {counting({5})}, 2);
    expectTensor(halves[0], {3}, Floats{0, 1, 2});
    expectTensor(halves[1], {2}, Floats{3, 4});
    EXPECT_EQ(errorOf("Split", {{"split", Ints{1, 1}}}, {counting({3})}, 2), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Split", {{"split", Ints{-1, 4}}}, {counting({3})}, 2), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Split", {{"split", Ints{3}}}, {counting({3})}, 2), ErrorCode::ShapeMismatch);
}

TEST(Concat, joinsAlongAnAxis)
{
    expectTensor(evaluateOne("Concat", {{"axis", int64_t{1}}}, {counting({2, 1}), counting({2, 2})}), {2, 3},
                 Floats{0, 0, 1, 1, 2, 3});
    EXPECT_EQ(errorOf("Concat", {{"axis", int64_t{0}}}, {counting({2, 1}), counting({2, 2})}),
              ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Concat", {{"axis", int64_t{0}}}, {counting({2}), ints({1}, {1})}), ErrorCode::ShapeMismatch);
}

TEST(ExpandAndTile, repeat)
{
    expectTensor(evaluateOne("Expand", {{"shape", Ints{2, 1}}}, {counting({1, 2})}), {2, 2}, Floats{0, 1, 0, 1});
    expectTensor(evaluateOne("Tile", {{"repeats", Ints{2, 2}}}, {counting({1, 2})}), {2, 4},
                 Floats{0, 1, 0, 1, 0, 1, 0, 1});
    EXPECT_EQ(errorOf("Expand", {{"shape", Ints{3}}}, {counting({2})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Expand", {{"shape", Ints{1 << 20, 1 << 20}}}, {counting({1})}), ErrorCode::TooLarge);
    EXPECT_EQ(errorOf("Tile", {{"repeats", Ints{-1}}}, {counting({2})}), ErrorCode::ShapeMismatch);
}

TEST(Pad, fillsReflectsAndRepeats)
{
    const Tensor x = counting({3});
    expectTensor(evaluateOne("Pad", {{"pads", Ints{1, 2}}, {"value", 9.0f}}, {x}), {6}, Floats{9, 0, 1, 2, 9, 9});
    expectTensor(evaluateOne("Pad", {{"pads", Ints{2, 2}}, {"mode", std::string("reflect")}}, {x}), {7},
                 Floats{2, 1, 0, 1, 2, 1, 0});
    expectTensor(evaluateOne("Pad", {{"pads", Ints{1, 2}}, {"mode", std::string("edge")}}, {x}), {6},
                 Floats{0, 0, 1, 2, 2, 2});
    expectTensor(evaluateOne("Pad", {{"pads", Ints{-1, 1}}}, {x}), {3}, Floats{1, 2, 0});
    EXPECT_EQ(errorOf("Pad", {{"pads", Ints{-2, -2}}}, {x}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Pad", {{"pads", Ints{3, 0}}, {"mode", std::string("reflect")}}, {x}),
              ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Pad", {{"pads", Ints{INT64_MAX, 1}}}, {x}), ErrorCode::TooLarge);
}

TEST(Gather, takesIndices)
{
    const Tensor x = counting({3, 2});
    expectTensor(evaluateOne("Gather", {{"axis", int64_t{0}}}, {x, ints({2}, {2, -3})}), {2, 2}, Floats{4, 5, 0, 1});
    expectTensor(evaluateOne("Gather", {{"axis", int64_t{1}}}, {x, ints({}, {1})}), {3}, Floats{1, 3, 5});
    // An index from outside does not read foreign memory.
    expectTensor(evaluateOne("Gather", {}, {x, ints({2}, {1000000, -1000000})}), {2, 2}, Floats{4, 5, 0, 1});
    EXPECT_EQ(errorOf("Gather", {}, {x, counting({1})}), ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Gather", {}, {counting({0, 2}), ints({1}, {0})}), ErrorCode::ShapeMismatch);
    expectTensor(evaluateOne("GatherElements", {{"axis", int64_t{1}}}, {x, ints({3, 1}, {1, 0, 1})}), {3, 1},
                 Floats{1, 2, 5});
    expectTensor(evaluateOne("GatherND", {}, {x, ints({2, 2}, {0, 1, 2, 0})}), {2}, Floats{1, 4});
    expectTensor(evaluateOne("ScatterND", {}, {x, ints({1, 1}, {1}), floats({1, 2}, {8, 9})}), {3, 2},
                 Floats{0, 1, 8, 9, 4, 5});
}

TEST(Blocks, moveBetweenDepthAndSpace)
{
    const Tensor x = counting({1, 4, 1, 2});
    const Tensor space = evaluateOne("DepthToSpace", {{"blocksize", int64_t{2}}}, {x});
    expectTensor(space, {1, 1, 2, 4}, Floats{0, 2, 1, 3, 4, 6, 5, 7});
    expectTensor(evaluateOne("SpaceToDepth", {{"blocksize", int64_t{2}}}, {space}), {1, 4, 1, 2},
                 Floats{0, 1, 2, 3, 4, 5, 6, 7});
    EXPECT_EQ(errorOf("DepthToSpace", {{"blocksize", int64_t{3}}}, {x}), ErrorCode::ShapeMismatch);
}

TEST(TopK, sortsAndKeepsTheEarlierOfEquals)
{
    const auto out = evaluateAll("TopK", {{"k", int64_t{2}}}, {floats({4}, {1, 3, 3, 2})}, 2);
    expectTensor(out[0], {2}, Floats{3, 3});
    expectTensor(out[1], {2}, Ints{1, 2});
}

TEST(ShapeArithmetic, computes)
{
    expectTensor(evaluateOne("Shape", {}, {counting({2, 3})}), {2}, Ints{2, 3});
    expectTensor(evaluateOne("Shape", {{"start", int64_t{-1}}}, {counting({2, 3})}), {1}, Ints{3});
    expectTensor(evaluateOne("Size", {}, {counting({2, 3})}), {}, Ints{6});
    expectTensor(evaluateOne("ConstantOfShape", {{"shape", Ints{2}}, {"value", ints({1}, {7})}}, {}), {2},
                 Ints{7, 7});
    expectTensor(evaluateOne("Range", {{"start", int64_t{5}}, {"limit", int64_t{0}}, {"delta", int64_t{-2}}}, {}),
                 {3}, Ints{5, 3, 1});
    EXPECT_EQ(errorOf("Range", {{"start", int64_t{0}}, {"limit", int64_t{5}}, {"delta", int64_t{0}}}, {}),
              ErrorCode::ShapeMismatch);
    EXPECT_EQ(errorOf("Range", {{"start", int64_t{0}}, {"limit", INT64_MAX}, {"delta", int64_t{1}}}, {}),
              ErrorCode::TooLarge);
    expectTensor(evaluateOne("Cast", {{"to", std::string("int64")}}, {floats({3}, {1.7f, -1.7f, INFINITY})}), {3},
                 Ints{1, -1, INT64_MAX});
    expectTensor(evaluateOne("Cast", {{"to", int64_t{1}}}, {ints({1}, {-3})}), {1}, Floats{-3});
    expectTensor(evaluateOne("Cast", {{"to", std::string("float16")}}, {floats({2}, {2049, 0.1f})}), {2},
                 Floats{2048, 0.0999755859375f});
    const Tensor beyond = evaluateOne("Cast", {{"to", std::string("float16")}}, {floats({2}, {70000, -70000})});
    EXPECT_EQ(beyond.floats()[0], INFINITY);
    EXPECT_EQ(beyond.floats()[1], -INFINITY);
    expectTensor(evaluateOne("Cast", {{"to", int64_t{16}}}, {ints({1}, {257})}), {1}, Floats{256});
    expectBools(evaluateOne("Cast", {{"to", std::string("bool")}}, {floats({2}, {0, 0.5f})}), {false, true});
}

} // namespace
} // namespace qs::exec::testing
