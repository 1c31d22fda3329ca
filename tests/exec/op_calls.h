#pragma once

// One call of every operator, for tests that run them all.
#include "op_testing.h"

#include <map>
#include <optional>

namespace qs::exec::testing {

/// One call of an operator: the data inputs are made up (all numbers different, of both signs), the others given.
struct Call {
    AttributeList attributes{};
    std::vector<Shape> data{};           ///< shapes of the data inputs
    std::map<std::size_t, Tensor> set{}; ///< inputs that are no data, by position
    std::size_t outputs = 1;

    std::size_t inputs() const { return data.size() + set.size(); }
};

inline const Shape kCube{2, 3, 4};
inline const Shape kImages{2, 3, 4, 6};

inline Tensor truth(const Shape& shape)
{
    Tensor tensor(DType::Bool, shape);
    auto values = tensor.mutableData<bool>();
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = i % 3 != 1;
    return tensor;
}

/// Calls with attributes that let an operator put in nothing of its own, unless that is what it always does.
inline std::map<std::string, Call> specialCalls()
{
    const Ints window{2, 3};
    const Tensor perChannel = floats({3}, {0.5F, 0.25F, 2});
    const Tensor zeroPoints = [] {
        Tensor t(DType::Int32, {3});
        return t;
    }();
    return {
        {"ArgMax", {{{"axis", int64_t{1}}}, {kCube}}},
        {"ArgMin", {{{"axis", int64_t{1}}}, {kCube}}},
        {"AveragePool", {{{"kernel_shape", window}, {"strides", window}}, {kImages}}},
        {"BatchNormalization", {{}, {kImages, {3}, {3}, {3}}, {{4, floats({3}, {1, 2, 3})}}}},
        {"Cast", {{{"to", std::string("int64")}}, {kCube}}},
        {"Clip", {{{"min", -0.25F}, {"max", 0.5F}}, {kCube}}},
        {"Concat", {{{"axis", int64_t{1}}}, {kCube, {2, 2, 4}, kCube}}},
        {"Conv", {{{"pads", Ints{1, 1, 1, 1}}}, {kImages, {5, 3, 3, 3}}}},
        {"ConvTranspose", {{{"strides", Ints{2, 2}}}, {kImages, {3, 5, 2, 2}}}},
        {"CumSum", {{{"axis", int64_t{1}}}, {kCube}}},
        {"DepthToSpace", {{{"blocksize", int64_t{2}}}, {{1, 8, 2, 3}}}},
        {"DequantizeLinear", {}},
        {"Einsum", {{{"equation", std::string("bij,bkj->bik")}}, {kCube, {2, 5, 4}}}},
        {"Expand", {{{"shape", Ints{2, 3, 5}}}, {{2, 3, 1}}}},
        {"FakeQuantize",
         {{{"scale", perChannel},
           {"zero_point", zeroPoints},
           {"qmin", int64_t{-8}},
           {"qmax", int64_t{7}},
           {"axis", int64_t{1}}},
          {kCube}}},
        {"Flatten", {{{"axis", int64_t{1}}}, {kCube}}},
        {"Gather", {{{"axis", int64_t{1}}}, {kCube}, {{1, ints({2}, {2, -3})}}}},
        {"GatherElements", {{{"axis", int64_t{0}}}, {{3, 4}}, {{1, ints({2, 4}, {2, 1, 0, 2, 1, 1, 2, 0})}}}},
        {"GatherND", {{}, {{3, 4}}, {{1, ints({2, 1}, {2, 0})}}}},
        {"GlobalAveragePool", {{}, {kImages}}},
        {"GlobalMaxPool", {{}, {kImages}}},
        {"GridSample",
         {{{"mode", std::string("linear")}}, {{1, 2, 4, 4}}, {{1, floats({1, 1, 2, 2}, {-1, 0.9F, 0.3F, -0.2F})}}}},
        {"GroupNormalization", {{{"num_groups", int64_t{2}}}, {{2, 4, 3, 2}, {4}, {4}}}},
        {"InstanceNormalization", {{}, {kImages, {3}, {3}}}},
        {"IntegerLayerNormalization",
         {{{"axis", int64_t{2}}},
          {kCube, {4}, {4}},
          {{3, floats({4}, {0.1F, 0.1F, 0.2F, 0.4F})}, {4, floats({1}, {0.25F})}}}},
        {"LayerNormalization", {{{"axis", int64_t{2}}}, {kCube, {4}, {4}}}},
        {"Linear", {{}, {kCube, {4, 5}}}},
        {"LogSoftmax", {{{"axis", int64_t{2}}}, {kCube}}},
        {"MatMul", {{}, {kCube, {4, 5}}}},
        {"MaxPool", {{{"kernel_shape", window}, {"strides", window}}, {kImages}}},
        {"Mod", {{{"fmod", int64_t{1}}}, {kCube, kCube}}},
        {"Pad", {{{"pads", Ints{0, 1, 0, 0, 0, 2}}, {"mode", std::string("constant")}}, {kCube}}},
        {"Reshape", {{{"shape", Ints{4, 6}}}, {kCube}}},
        {"Resize",
         {{{"sizes", Ints{2, 3, 8, 9}},
           {"scales", Floats{1, 1, 2, 1.5F}},
           {"mode", std::string("linear")},
           {"coordinate_transformation_mode", std::string("half_pixel")}},
          {kImages}}},
        {"ScatterND", {{}, {{3, 4}, {1, 4}}, {{1, ints({1, 1}, {2})}}}},
        {"Slice", {{{"starts", Ints{2}}, {"ends", Ints{0}}, {"axes", Ints{1}}, {"steps", Ints{-1}}}, {kCube}}},
        {"Softmax", {{{"axis", int64_t{2}}}, {kCube}}},
        {"SpaceToDepth", {{{"blocksize", int64_t{2}}}, {{1, 2, 4, 6}}}},
        {"Split", {{{"axis", int64_t{1}}, {"split", Ints{1, 2}}}, {kCube}, {}, 2}},
        {"Squeeze", {{{"axes", Ints{1}}}, {{2, 1, 4}}}},
        {"Tile", {{{"repeats", Ints{1, 2, 2}}}, {kCube}}},
        {"TopK", {{{"k", int64_t{2}}, {"axis", int64_t{2}}}, {kCube}, {}, 2}},
        {"Transpose", {{{"perm", Ints{2, 0, 1}}}, {kCube}}},
        {"Trilu", {{{"upper", int64_t{1}}}, {kCube}}},
        {"Unsqueeze", {{{"axes", Ints{1}}}, {kCube}}},
        {"Where", {{}, {kCube, kCube}, {{0, truth(kCube)}}}},
        {"And", {{}, {}, {{0, truth(kCube)}, {1, truth(kCube)}}}},
        {"Or", {{}, {}, {{0, truth(kCube)}, {1, truth(kCube)}}}},
        {"Xor", {{}, {}, {{0, truth(kCube)}, {1, truth(kCube)}}}},
        {"Not", {{}, {}, {{0, truth(kCube)}}}},
    };
}

/// The call of an operator; nothing for those that read no values (shapes, codes).
inline std::optional<Call> callOf(const std::string& op)
{
    static const std::map<std::string, Call> special = specialCalls();
    for (const char* none : {"ConstantOfShape", "DequantizeLinear", "QuantizeLinear", "Range", "Shape", "Size"})
        if (op == none)
            return std::nullopt;
    if (const auto it = special.find(op); it != special.end())
        return it->second;
    if (op.starts_with("Reduce"))
        return Call{{{"axes", Ints{2}}, {"keepdims", int64_t{1}}}, {kCube}};
    const graph::Node node = makeNode(op, {}, 2);
    const std::vector<ValueInfo> two(2, {DType::Float32, kCube});
    return Call{{}, std::vector<Shape>(findOp(op)->infer(node, two) ? 2 : 1, kCube)};
}

} // namespace qs::exec::testing
