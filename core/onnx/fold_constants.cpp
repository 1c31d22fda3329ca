#include "core/onnx/lowering.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qs::onnx {

namespace {

Result<void> constant(Lowering& n)
{
    const auto& values = n.attributes().all();
    if (const Tensor* tensor = n.attributes().tensor("value"))
        return n.finishConstant(*tensor, static_cast<int32_t>(n.attributes().integer("value#type", 0)));
    if (values.contains("value_float"))
        return n.finishConstant(Tensor::scalar(n.attributes().real("value_float", 0)));
    if (values.contains("value_int")) {
        const int64_t value = n.attributes().integer("value_int", 0);
        return n.finishConstant(Tensor::fromInts({}, {&value, 1}));
    }
    if (values.contains("value_floats")) {
        const auto list = n.attributes().reals("value_floats");
        return n.finishConstant(Tensor::fromFloats({static_cast<int64_t>(list.size())}, list));
    }
    if (values.contains("value_ints")) {
        const auto list = n.attributes().integers("value_ints");
        return n.finishConstant(Tensor::fromInts({static_cast<int64_t>(list.size())}, list));
    }
    return fail(ErrorCode::Unsupported, "holds no dense tensor of numbers");
}

Result<void> constantOfShape(Lowering& n)
{
    QS_ASSIGN(const auto dims, n.neededIntegers("shape", 0));
    if (dims.size() > Shape::kMaxRank)
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    const auto elements = countElements(dims, Builder::kMaxElements / 64);
    if (!elements)
        return fail(ErrorCode::TooLarge, "makes a tensor of negative or enormous size");
    const Tensor* value = n.attributes().tensor("value");
    if (value && value->elements() != 1)
        return fail(ErrorCode::Malformed, "its value is not one number");
    Tensor tensor(value ? value->dtype() : DType::Float32, Shape(dims));
    if (value && tensor.elements() > 0) {
        std::byte* bytes = tensor.mutableBytes();
        std::size_t filled = dtypeSize(value->dtype());
        std::memcpy(bytes, value->bytes(), filled);
        for (; filled < tensor.sizeBytes(); filled += std::min(filled, tensor.sizeBytes() - filled))
            std::memcpy(bytes + filled, bytes, std::min(filled, tensor.sizeBytes() - filled));
    }
    return n.finishConstant(std::move(tensor));
}

Result<void> shapeOf(Lowering& n)
{
    const int64_t rank = n.rank(0);
    int64_t start = n.attributes().integer("start", 0);
    int64_t end = n.attributes().integer("end", rank);
    start = std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
    end = std::clamp<int64_t>(end < 0 ? end + rank : end, start, rank);
    const auto dims = n.shape(0).dims();
    return n.finishConstant(Tensor::fromInts(
        {end - start}, dims.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start))));
}

Result<void> sizeOf(Lowering& n)
{
    const int64_t elements = n.shape(0).elements();
    return n.finishConstant(Tensor::fromInts({}, {&elements, 1}));
}

template <class T>
Result<void> rangeOf(Lowering& n)
{
    const double start = static_cast<double>(n.constant(0)->data<T>()[0]);
    const double limit = static_cast<double>(n.constant(1)->data<T>()[0]);
    const double delta = static_cast<double>(n.constant(2)->data<T>()[0]);
    if (delta == 0 || !std::isfinite(start) || !std::isfinite(limit) || !std::isfinite(delta))
        return fail(ErrorCode::Malformed, "its step is 0, or its limits are not finite");
    const double count = std::max(0.0, std::ceil((limit - start) / delta));
    if (!(count < 1e7))
        return fail(ErrorCode::TooLarge, "makes a list of more than 10 million numbers");
    Tensor tensor(DTypeOf<T>::value, {static_cast<int64_t>(count)});
    T value = n.constant(0)->data<T>()[0];
    for (T& element : tensor.mutableData<T>()) {
        element = value;
        value = static_cast<T>(static_cast<double>(value) + delta);
    }
    return n.finishConstant(std::move(tensor));
}

Result<void> range(Lowering& n)
{
    for (const std::size_t i : {0u, 1u, 2u}) {
        if (!n.constant(i))
            return fail(ErrorCode::Unsupported, "its limits depend on the image");
        if (n.constant(i)->elements() != 1 || n.dtype(i) != n.dtype(0))
            return fail(ErrorCode::Malformed, "its limits are not three numbers of one type");
    }
    switch (n.dtype(0)) {
    case DType::Float32:
        return rangeOf<float>(n);
    case DType::Int64:
        return rangeOf<int64_t>(n);
    case DType::Int32:
        return rangeOf<int32_t>(n);
    default:
        return fail(ErrorCode::Unsupported, "its limits are of an unsupported type");
    }
}

constexpr Rule kRules[] = {
    {"Constant", 0, 0, constant}, {"ConstantOfShape", 1, 1, constantOfShape},
    {"Shape", 1, 1, shapeOf},     {"Size", 1, 1, sizeOf},
    {"Range", 3, 3, range},
};

} // namespace

std::span<const Rule> constantRules()
{
    return kRules;
}

} // namespace qs::onnx
