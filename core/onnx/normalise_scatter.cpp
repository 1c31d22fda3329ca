#include "core/onnx/advice.h"
#include "core/onnx/lowering.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>

namespace qs::onnx {

namespace {

/// The constant indices, input 1, as 64-bit integers that need not be negative: index i of the last axis counts along
/// `sizes[i % sizes.size()]`. Errors: Unsupported (they depend on the image), Malformed (no integers), ShapeMismatch.
Result<std::vector<int64_t>> constantIndices(Lowering& n, std::span<const int64_t> sizes)
{
    const Tensor* indices = n.constant(1);
    if (!indices)
        return fail(ErrorCode::Unsupported, "its indices " + std::string(kChosenByImage));
    if (indices->dtype() != DType::Int64 && indices->dtype() != DType::Int32)
        return fail(ErrorCode::Malformed, "its indices are not integers");
    std::vector<int64_t> list(static_cast<std::size_t>(indices->elements()));
    for (std::size_t i = 0; i < list.size(); ++i) {
        const int64_t index =
            indices->dtype() == DType::Int64 ? indices->data<int64_t>()[i] : indices->data<int32_t>()[i];
        const int64_t size = sizes[i % sizes.size()];
        if (index < -size || index >= size)
            return fail(ErrorCode::ShapeMismatch,
                        "index " + std::to_string(index) + " is out of range for an axis of " + std::to_string(size));
        list[i] = index < 0 ? index + size : index;
    }
    return list;
}

Result<void> needPlain(const Lowering& n)
{
    if (n.attributes().text("reduction", "none") != "none")
        return fail(ErrorCode::Unsupported, "reduces while it scatters");
    return {};
}

Result<void> scatterTuples(Lowering& n)
{
    QS_CHECK(needPlain(n));
    const int64_t tuple = n.rank(1) > 0 ? n.shape(1).back() : 0;
    if (tuple < 1 || tuple > n.rank(0))
        return fail(ErrorCode::ShapeMismatch, "its index tuples do not fit " + n.shape(0).text());
    QS_ASSIGN(const auto indices, constantIndices(n, n.shape(0).dims().first(static_cast<std::size_t>(tuple))));
    if (indices.empty()) // nothing is written
        return n.finishAs(n.input(0));
    QS_ASSIGN(const TensorId tuples, n.constantStep(Tensor::fromInts(n.shape(1), indices)));
    return n.finish("ScatterND", {n.input(0), tuples, n.input(2)});
}

/// Each update goes where it stands itself, but along `axis` where its index says: ScatterND with whole tuples.
Result<void> scatterElements(Lowering& n)
{
    QS_CHECK(needPlain(n));
    const Shape shape = n.shape(1);
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    if (!(shape == n.shape(2)) || shape.rank() != n.shape(0).rank())
        return fail(ErrorCode::ShapeMismatch, "indices and updates differ in shape, or in rank from the data");
    for (std::size_t d = 0; d < shape.rank(); ++d)
        if (static_cast<int64_t>(d) != axis && shape[d] > n.shape(0)[d])
            return fail(ErrorCode::ShapeMismatch, "its indices " + shape.text() + " exceed " + n.shape(0).text());
    const int64_t size = n.shape(0)[static_cast<std::size_t>(axis)];
    QS_ASSIGN(const auto indices, constantIndices(n, {&size, 1}));
    if (indices.empty())
        return n.finishAs(n.input(0));
    const auto count = static_cast<int64_t>(indices.size());
    Tensor tuples(DType::Int64, {count, n.rank(0)});
    auto* tuple = tuples.mutableData<int64_t>().data();
    for (int64_t i = 0; i < count; ++i, tuple += n.rank(0)) {
        int64_t rest = i;
        for (auto d = static_cast<std::size_t>(n.rank(0)); d-- > 0; rest /= shape[d])
            tuple[d] = static_cast<int64_t>(d) == axis ? indices[static_cast<std::size_t>(i)] : rest % shape[d];
    }
    graph::Attributes flat;
    flat.set("shape", std::vector<int64_t>{count});
    QS_ASSIGN(const TensorId where, n.constantStep(std::move(tuples)));
    QS_ASSIGN(const TensorId updates, n.step("Reshape", {n.input(2)}, std::move(flat)));
    return n.finish("ScatterND", {n.input(0), where, updates});
}

/// Where(index == 0 .. depth - 1 along a new axis, on, off); negative indices count from the end, others that are out
/// of range are "off" everywhere.
Result<void> oneHot(Lowering& n)
{
    QS_ASSIGN(const auto depths, n.neededIntegers("depth", 1));
    if (depths.size() != 1 || depths[0] < 1 || n.rank(2) != 1 || n.shape(2)[0] != 2)
        return fail(ErrorCode::Malformed, "its depth is no number over 0, or its values are not two");
    const int64_t depth = depths[0];
    QS_ASSIGN(const int64_t axis, n.axis(-1, n.rank(0) + 1));
    if (n.rank(0) + 1 > static_cast<int64_t>(Shape::kMaxRank))
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    TensorId index = n.input(0);
    if (n.dtype(0) != DType::Int64) {
        graph::Attributes to;
        to.set("to", std::string(dtypeName(DType::Int64)));
        QS_ASSIGN(index, n.step("Cast", {index}, std::move(to)));
    }
    std::vector<int64_t> sizes(n.shape(0).begin(), n.shape(0).end());
    sizes.insert(sizes.begin() + axis, 1);
    graph::Attributes wider;
    wider.set("shape", sizes);
    QS_ASSIGN(index, n.step("Reshape", {index}, std::move(wider)));

    QS_ASSIGN(const TensorId zero, n.constantStep(Tensor(DType::Int64, Shape{})));
    QS_ASSIGN(const TensorId size, n.constantStep(Tensor::fromInts({}, {&depth, 1})));
    QS_ASSIGN(const TensorId isNegative, n.step("Less", {index, zero}));
    QS_ASSIGN(const TensorId fromEnd, n.step("Add", {index, size}));
    QS_ASSIGN(index, n.step("Where", {isNegative, fromEnd, index}));

    Shape along;
    for (int64_t d = 0; d <= n.rank(0); ++d)
        along.push_back(d == axis ? depth : 1);
    if (depth > Builder::kMaxElements >> 8)
        return fail(ErrorCode::TooLarge, "its depth is " + std::to_string(depth));
    Tensor steps(DType::Int64, along);
    for (int64_t i = 0; int64_t & step : steps.mutableData<int64_t>())
        step = i++;
    QS_ASSIGN(const TensorId positions, n.constantStep(std::move(steps)));
    QS_ASSIGN(const TensorId hot, n.step("Equal", {index, positions}));
    TensorId values[2];
    for (int64_t i = 0; i < 2; ++i) {
        graph::Attributes part;
        part.set("axis", int64_t{0});
        QS_ASSIGN(const TensorId which, n.constantStep(Tensor::fromInts({}, {&i, 1})));
        QS_ASSIGN(values[i], n.step("Gather", {n.input(2), which}, std::move(part)));
    }
    return n.finish("Where", {hot, values[1], values[0]});
}

template <class T>
Tensor eye(const Shape& shape, int64_t k)
{
    Tensor tensor(DTypeOf<T>::value, shape);
    const auto values = tensor.mutableData<T>();
    for (int64_t row = std::max<int64_t>(0, -k); row < shape[0] && row + k < shape[1]; ++row)
        values[static_cast<std::size_t>(row * shape[1] + row + k)] = T{1};
    return tensor;
}

/// Of its input only the shape matters (and the type, where the attribute is absent).
Result<void> eyeLike(Lowering& n)
{
    QS_CHECK(n.needRank(0, 2, 2));
    const auto asked = static_cast<int32_t>(n.attributes().integer("dtype", 0));
    const auto type = asked == 0 ? std::optional(n.dtype(0)) : engineType(asked);
    if (!type)
        return fail(ErrorCode::Unsupported, "is of an unsupported type (" + fileTypeName(asked) + ")");
    const Shape& shape = n.shape(0);
    const int64_t k = n.attributes().integer("k", 0);
    if (k < -shape[0] || k > shape[1]) // no diagonal
        return n.finishConstant(Tensor(*type, shape));
    switch (*type) {
    case DType::Float32:
        return n.finishConstant(eye<float>(shape, k));
    case DType::Int64:
        return n.finishConstant(eye<int64_t>(shape, k));
    case DType::Int32:
        return n.finishConstant(eye<int32_t>(shape, k));
    case DType::Int8:
        return n.finishConstant(eye<int8_t>(shape, k));
    case DType::UInt8:
        return n.finishConstant(eye<uint8_t>(shape, k));
    case DType::Bool:
        return n.finishConstant(eye<bool>(shape, k));
    }
    return fail(ErrorCode::Unsupported, "is of an unsupported type");
}

constexpr Rule kRules[] = {
    {"EyeLike", 1, 1, eyeLike},
    {"OneHot", 3, 3, oneHot},
    {"ScatterElements", 3, 3, scatterElements},
    {"ScatterND", 3, 3, scatterTuples},
};

} // namespace

std::span<const Rule> scatterRules()
{
    return kRules;
}

} // namespace qs::onnx
