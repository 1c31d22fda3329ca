#include "core/onnx/lowering.h"

#include <algorithm>

namespace qs::onnx {

namespace {

Result<void> gather(Lowering& n)
{
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    if (n.dtype(1) != DType::Int64 && n.dtype(1) != DType::Int32)
        return fail(ErrorCode::Malformed, "its indices are not integers");
    if (n.op() == "Gather" && n.rank(0) - 1 + n.rank(1) > static_cast<int64_t>(Shape::kMaxRank))
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    const Tensor* indices = n.constant(1);
    const bool fromTable = n.op() == "Gather" && n.constant(0) && n.rank(0) == 1; // one number for each index
    if (!indices && !fromTable)
        return fail(ErrorCode::Unsupported, "its indices depend on the image");
    const int64_t size = n.shape(0)[static_cast<std::size_t>(axis)];
    for (int64_t i = 0; indices && i < indices->elements(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        const int64_t index =
            n.dtype(1) == DType::Int64 ? indices->data<int64_t>()[at] : indices->data<int32_t>()[at];
        if (index < -size || index >= size)
            return fail(ErrorCode::ShapeMismatch,
                        "index " + std::to_string(index) + " is out of range for an axis of " + std::to_string(size));
    }
    graph::Attributes attributes;
    attributes.set("axis", axis);
    return n.finish(n.op(), {n.input(0), n.input(1)}, std::move(attributes));
}

Result<void> gatherTuples(Lowering& n)
{
    const Tensor* indices = n.constant(1);
    if (!indices)
        return fail(ErrorCode::Unsupported, "its indices depend on the image");
    if (indices->dtype() != DType::Int64)
        return fail(ErrorCode::Malformed, "its indices are not 64-bit integers");
    const int64_t batch = n.attributes().integer("batch_dims", 0);
    const Shape& data = n.shape(0);
    if (n.rank(1) < 1 || batch < 0 || batch >= std::min(n.rank(0), n.rank(1)) || indices->elements() == 0 ||
        indices->shape().back() < 1 || indices->shape().back() + batch > n.rank(0))
        return fail(ErrorCode::ShapeMismatch, "its index tuples do not fit " + data.text());
    const int64_t tuple = indices->shape().back();
    if (n.rank(1) - 1 + n.rank(0) - batch - tuple > static_cast<int64_t>(Shape::kMaxRank))
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    for (int64_t i = 0; i < indices->elements(); ++i) {
        const int64_t index = indices->data<int64_t>()[static_cast<std::size_t>(i)];
        const int64_t size = data[static_cast<std::size_t>(batch + i % tuple)];
        if (index < -size || index >= size)
            return fail(ErrorCode::ShapeMismatch,
                        "index " + std::to_string(index) + " is out of range for an axis of " + std::to_string(size));
    }
    graph::Attributes attributes;
    attributes.set("batch_dims", batch);
    return n.finish("GatherND", {n.input(0), n.input(1)}, std::move(attributes));
}

Result<void> topK(Lowering& n)
{
    QS_ASSIGN(const auto k, n.neededIntegers("k", 1));
    QS_ASSIGN(const int64_t axis, n.axis(-1, n.rank(0)));
    if (k.size() != 1 || k.front() < 1 || k.front() > n.shape(0)[static_cast<std::size_t>(axis)])
        return fail(ErrorCode::Malformed, "its k is not a number within the axis");
    graph::Attributes attributes;
    attributes.set("k", k.front());
    attributes.set("axis", axis);
    attributes.set("largest", n.attributes().integer("largest", 1));
    attributes.set("sorted", n.attributes().integer("sorted", 1));
    return n.finish("TopK", {n.input(0)}, std::move(attributes));
}

constexpr Rule kRules[] = {
    {"Gather", 2, 2, gather},
    {"GatherElements", 2, 2, gather},
    {"GatherND", 2, 2, gatherTuples},
    {"TopK", 1, 2, topK},
};

} // namespace

std::span<const Rule> gatherRules()
{
    return kRules;
}

} // namespace qs::onnx
