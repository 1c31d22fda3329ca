#include "core/onnx/advice.h"
#include "core/onnx/index_range.h"
#include "core/onnx/lowering.h"

#include <algorithm>

namespace qs::onnx {

namespace {

/// Indices that the image decides are taken where they surely lie inside axes of at least `size`.
Result<void> needInside(Lowering& n, TensorId indices, int64_t size)
{
    const auto range = rangeOf(n.builder(), indices);
    if (!range)
        return fail(ErrorCode::Unsupported, "its indices " + std::string(kChosenByImage));
    const auto most = static_cast<double>(size);
    if (range->low < -most || range->high >= most)
        return fail(ErrorCode::Unsupported, "its indices " + std::string(kChosenByImage) + "; they may be " +
                                                std::to_string(static_cast<int64_t>(range->low)) + " to " +
                                                std::to_string(static_cast<int64_t>(range->high)) +
                                                " for an axis of " + std::to_string(size));
    return {};
}

Result<void> gather(Lowering& n)
{
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    if (n.dtype(1) != DType::Int64 && n.dtype(1) != DType::Int32)
        return fail(ErrorCode::Malformed, "its indices are not integers");
    if (n.op() == "Gather" && n.rank(0) - 1 + n.rank(1) > static_cast<int64_t>(Shape::kMaxRank))
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    const Tensor* indices = n.constant(1);
    const bool fromTable = n.op() == "Gather" && n.constant(0) && n.rank(0) == 1; // one number for each index
    const int64_t size = n.shape(0)[static_cast<std::size_t>(axis)];
    if (!indices && !fromTable)
        QS_CHECK(needInside(n, n.input(1), size));
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
        return fail(ErrorCode::Unsupported, "its indices " + std::string(kChosenByImage));
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

/// Places of what is not 0, of a constant.
std::vector<int64_t> placesOf(const Tensor& tensor)
{
    std::vector<int64_t> places;
    const std::size_t size = dtypeSize(tensor.dtype());
    for (int64_t i = 0; i < tensor.elements(); ++i) {
        const std::byte* element = tensor.bytes() + static_cast<std::size_t>(i) * size;
        const bool isNegativeZero =
            tensor.dtype() == DType::Float32 && tensor.floats()[static_cast<std::size_t>(i)] == 0;
        if (!isNegativeZero && std::any_of(element, element + size, [](std::byte b) { return b != std::byte{0}; }))
            places.push_back(i);
    }
    return places;
}

/// How many there are must not depend on the image.
Result<void> nonZero(Lowering& n)
{
    const Tensor* x = n.constant(0);
    if (!x)
        return fail(ErrorCode::Unsupported, adviceFor("", n.op()));
    const Shape shape = x->shape().empty() ? Shape{1} : x->shape();
    const auto places = placesOf(*x);
    const auto count = static_cast<int64_t>(places.size()), rank = static_cast<int64_t>(shape.rank());
    std::vector<int64_t> indices(places.size() * shape.rank());
    for (std::size_t i = 0; i < places.size(); ++i) {
        int64_t rest = places[i];
        for (std::size_t axis = shape.rank(); axis-- > 0; rest /= shape[axis])
            indices[axis * places.size() + i] = rest % shape[axis];
    }
    return n.finishConstant(Tensor::fromInts({rank, count}, indices));
}

/// The slices of an axis (of all elements, where there is none) that a constant condition keeps.
Result<void> compress(Lowering& n)
{
    const Tensor* condition = n.constant(1);
    if (!condition || condition->dtype() != DType::Bool || condition->shape().rank() != 1)
        return fail(ErrorCode::Unsupported, adviceFor("", n.op()));
    TensorId x = n.input(0);
    int64_t axis = 0, size = n.shape(0).elements();
    if (n.attributes().has("axis")) {
        QS_ASSIGN(axis, n.axis(0, n.rank(0)));
        size = n.shape(0)[static_cast<std::size_t>(axis)];
    } else {
        graph::Attributes flat;
        flat.set("shape", std::vector<int64_t>{size});
        QS_ASSIGN(x, n.step("Reshape", {x}, std::move(flat)));
    }
    const auto places = placesOf(*condition);
    if (!places.empty() && places.back() >= size)
        return fail(ErrorCode::Malformed, "its condition is longer than what it chooses from");
    QS_ASSIGN(const TensorId indices,
              n.constantStep(Tensor::fromInts({static_cast<int64_t>(places.size())}, places)));
    graph::Attributes attributes;
    attributes.set("axis", axis);
    return n.finish("Gather", {x, indices}, std::move(attributes));
}

constexpr Rule kRules[] = {
    {"NonZero", 1, 1, nonZero},       {"Compress", 2, 2, compress},     {"Gather", 2, 2, gather},
    {"GatherElements", 2, 2, gather}, {"GatherND", 2, 2, gatherTuples}, {"TopK", 1, 2, topK},
};

} // namespace

std::span<const Rule> gatherRules()
{
    return kRules;
}

} // namespace qs::onnx
