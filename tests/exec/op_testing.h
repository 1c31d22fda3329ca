#pragma once

#include "core/exec/op.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace qs::exec::testing {

using AttributeList = std::vector<std::pair<std::string, graph::AttributeValue>>;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

inline graph::Node makeNode(std::string op, AttributeList attributes = {}, std::size_t inputs = 1,
                            std::size_t outputs = 1)
{
    graph::Node node;
    node.op = std::move(op);
    node.name = "the node";
    for (std::size_t i = 0; i < inputs; ++i)
        node.inputs.push_back(TensorId(i));
    for (std::size_t i = 0; i < outputs; ++i)
        node.outputs.push_back(TensorId(100 + i));
    for (auto& [name, value] : attributes)
        node.attributes.set(name, value);
    return node;
}

inline Tensor floats(const Shape& shape, const Floats& values)
{
    return Tensor::fromFloats(shape, values);
}
inline Tensor ints(const Shape& shape, const Ints& values)
{
    return Tensor::fromInts(shape, values);
}
inline Tensor bools(const Shape& shape, std::initializer_list<bool> values)
{
    Tensor t(DType::Bool, shape);
    std::copy(values.begin(), values.end(), t.mutableData<bool>().begin());
    return t;
}
/// 0, 1, 2, ...
inline Tensor counting(const Shape& shape)
{
    Tensor t(DType::Float32, shape);
    float next = 0;
    for (float& v : t.mutableData<float>())
        v = next++;
    return t;
}
/// The same numbers everywhere, in [-1, 1).
inline Tensor randomTensor(const Shape& shape, uint64_t seed = 1)
{
    Tensor t(DType::Float32, shape);
    for (float& v : t.mutableData<float>()) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        v = static_cast<float>(seed >> 40) / 8388608.0f - 1.0f;
    }
    return t;
}

inline std::vector<Tensor> evaluateAll(const std::string& op, const AttributeList& attributes,
                                       const std::vector<Tensor>& inputs, std::size_t outputs = 1)
{
    auto result = evaluate(makeNode(op, attributes, inputs.size(), outputs), inputs);
    EXPECT_TRUE(result) << op << ": " << (result ? "" : result.error().text());
    return result ? *result : std::vector<Tensor>(outputs, Tensor(DType::Float32, {0}));
}
inline Tensor evaluateOne(const std::string& op, const AttributeList& attributes, const std::vector<Tensor>& inputs)
{
    return evaluateAll(op, attributes, inputs)[0];
}
inline ErrorCode errorOf(const std::string& op, const AttributeList& attributes, const std::vector<Tensor>& inputs,
                         std::size_t outputs = 1)
{
    const auto result = evaluate(makeNode(op, attributes, inputs.size(), outputs), inputs);
    EXPECT_FALSE(result) << op << " accepts what it should not";
    return result ? ErrorCode::Internal : result.error().code;
}

inline void expectTensor(const Tensor& tensor, const Shape& shape, const Floats& values, float tolerance = 0)
{
    ASSERT_EQ(tensor.dtype(), DType::Float32);
    EXPECT_EQ(tensor.shape().text(), shape.text());
    ASSERT_EQ(static_cast<std::size_t>(tensor.elements()), values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_NEAR(tensor.floats()[i], values[i], tolerance) << "element " << i;
}
inline void expectTensor(const Tensor& tensor, const Shape& shape, const Ints& values)
{
    ASSERT_EQ(tensor.dtype(), DType::Int64);
    EXPECT_EQ(tensor.shape().text(), shape.text());
    EXPECT_THAT(tensor.data<int64_t>(), ::testing::ElementsAreArray(values));
}
inline void expectBools(const Tensor& tensor, std::initializer_list<bool> values)
{
    ASSERT_EQ(tensor.dtype(), DType::Bool);
    EXPECT_THAT(tensor.data<bool>(), ::testing::ElementsAreArray(values));
}

} // namespace qs::exec::testing
