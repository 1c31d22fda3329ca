#pragma once

#include "core/exec/op.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qs::exec {

using InferResult = Result<std::vector<ValueInfo>>;
using Infos = std::span<const ValueInfo>;

/// The largest tensor that is computed.
constexpr int64_t kMaxElements = int64_t{1} << 31;

/// ShapeMismatch with this message.
tl::unexpected<Error> mismatch(std::string message);
tl::unexpected<Error> unsupported(std::string message);

/// Input `index` is given (an operator's optional inputs may be absent).
inline bool given(const graph::Node& node, Infos inputs, std::size_t index)
{
    return index < inputs.size() && (index >= node.inputs.size() || node.inputs[index].valid());
}

/// ShapeMismatch unless inputs 0 .. least-1 are given and there are at most `most` inputs.
Result<void> expectInputs(const graph::Node& node, Infos inputs, std::size_t least, std::size_t most);
/// Unsupported unless input `index` has this type.
Result<void> expectType(Infos inputs, std::size_t index, DType type);

/// No negative size, at most kMaxElements elements, rank within Shape::kMaxRank. Errors: ShapeMismatch, TooLarge.
Result<void> checkShape(std::span<const int64_t> dims);
Result<Shape> makeShape(std::span<const int64_t> dims);
/// One output, its shape checked.
InferResult oneOutput(DType type, const Shape& shape);
InferResult oneOutput(DType type, std::span<const int64_t> dims);

/// Axis in [-rank, rank) to [0, rank). Errors: ShapeMismatch.
Result<std::size_t> resolveAxis(int64_t axis, std::size_t rank);
/// Several axes, sorted and without repetition. Errors: ShapeMismatch.
Result<std::vector<std::size_t>> resolveAxes(std::span<const int64_t> axes, std::size_t rank);

/// The shape that both broadcast to (ONNX multidirectional broadcasting). Errors: ShapeMismatch.
Result<Shape> broadcastShapes(const Shape& a, const Shape& b);
/// Strides of `shape`/`strides` read as `target`: 0 along broadcast axes.
Shape broadcastStrides(const Shape& shape, const Shape& strides, const Shape& target);

/// A parameter as integers, whether the attribute is an integer, a list or an integer tensor; nothing where absent.
std::optional<std::vector<int64_t>> integersOf(const graph::Node& node, std::string_view name);
std::optional<int64_t> integerOf(const graph::Node& node, std::string_view name);
/// The same for numbers of any type.
std::optional<std::vector<double>> numbersOf(const graph::Node& node, std::string_view name);
std::optional<double> numberOf(const graph::Node& node, std::string_view name);

/// Calls function with a value of the C++ type of `type`, and returns what it returns.
template <class Function>
decltype(auto) withType(DType type, Function&& function)
{
    switch (type) {
    case DType::Int64:
        return function(int64_t{});
    case DType::Int32:
        return function(int32_t{});
    case DType::Int8:
        return function(int8_t{});
    case DType::UInt8:
        return function(uint8_t{});
    case DType::Bool:
        return function(bool{});
    case DType::Float32:
        break;
    }
    return function(float{});
}

/// Calls function with an unsigned integer of `type`'s size: for operators that only move elements.
template <class Function>
void withSize(DType type, Function&& function)
{
    switch (dtypeSize(type)) {
    case 1:
        function(uint8_t{});
        break;
    case 4:
        function(uint32_t{});
        break;
    default:
        function(uint64_t{});
        break;
    }
}

/// Splits [0, count) into chunks of about `grain` items, on the pool where that is worth it. The chunks do not depend
/// on the number of threads. body(first, last).
void parallelChunks(ThreadPool* pool, int64_t count, int64_t grain,
                    const std::function<void(int64_t, int64_t)>& body);

} // namespace qs::exec
