#include "core/base/half.h"
#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::exec {

namespace {

/// First and one-past-last dimension that Shape tells (opset 15: start and end).
std::pair<int64_t, int64_t> shapeRange(const graph::Node& node, std::size_t rank)
{
    const auto r = static_cast<int64_t>(rank);
    const auto place = [&](int64_t v) { return std::clamp<int64_t>(v < 0 ? v + r : v, 0, r); };
    const int64_t start = place(node.attributes.integer("start", 0));
    return {start, std::max(start, place(node.attributes.integer("end", r)))};
}

InferResult inferShape(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto [start, end] = shapeRange(node, in[0].shape.rank());
    return oneOutput(DType::Int64, Shape{end - start});
}

void computeShape(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                  std::span<std::byte>, ThreadPool*)
{
    const auto [start, end] = shapeRange(node, in[0].shape.rank());
    for (int64_t i = start; i < end; ++i)
        out[0].as<int64_t>()[i - start] = in[0].shape[static_cast<std::size_t>(i)];
}

InferResult inferSize(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    return oneOutput(DType::Int64, Shape{});
}

void computeSize(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                 ThreadPool*)
{
    *out[0].as<int64_t>() = in[0].shape.elements();
}

/// The target shape of ConstantOfShape, whether named after our Reshape or after ONNX's input.
std::optional<std::vector<int64_t>> wantedShape(const graph::Node& node)
{
    auto shape = integersOf(node, "shape");
    return shape ? shape : integersOf(node, "input");
}

InferResult inferConstantOfShape(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 0, 0));
    const auto shape = wantedShape(node);
    if (!shape)
        return unsupported("the shape is not constant");
    const Tensor* value = node.attributes.tensor("value");
    if (node.attributes.has("value") && (!value || value->elements() != 1))
        return mismatch("the value is not a tensor of one element");
    return oneOutput(value ? value->dtype() : DType::Float32, *shape);
}

void computeConstantOfShape(const graph::Node& node, std::span<const ConstView>, std::span<const View> out,
                            std::span<std::byte>, ThreadPool*)
{
    const Tensor* value = node.attributes.tensor("value");
    withType(out[0].dtype, [&]<class T>(T) {
        std::fill_n(out[0].as<T>(), out[0].shape.elements(), value ? value->data<T>()[0] : T{});
    });
}

DType rangeType(const graph::Node& node)
{
    const auto it = node.attributes.all().find("start");
    if (const auto* t = std::get_if<Tensor>(&it->second))
        return t->dtype();
    return std::holds_alternative<float>(it->second) || std::holds_alternative<std::vector<float>>(it->second)
               ? DType::Float32
               : DType::Int64;
}

InferResult inferRange(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 0, 0));
    const auto start = numberOf(node, "start");
    const auto limit = numberOf(node, "limit");
    const auto delta = numberOf(node, "delta");
    if (!start || !limit || !delta)
        return unsupported("start, limit and delta are not constant");
    if (*delta == 0 || !std::isfinite(*delta) || !std::isfinite(*limit - *start))
        return mismatch("the step is 0 or a bound is not finite");
    const double count = std::max(0.0, std::ceil((*limit - *start) / *delta));
    if (count > static_cast<double>(kMaxElements))
        return fail(ErrorCode::TooLarge, "more than 2^31 elements in one tensor");
    return oneOutput(rangeType(node), Shape{static_cast<int64_t>(count)});
}

void computeRange(const graph::Node& node, std::span<const ConstView>, std::span<const View> out,
                  std::span<std::byte>, ThreadPool*)
{
    const double start = *numberOf(node, "start");
    const double delta = *numberOf(node, "delta");
    withType(out[0].dtype, [&]<class T>(T) {
        for (int64_t i = 0; i < out[0].shape.elements(); ++i)
            out[0].as<T>()[i] = static_cast<T>(start + static_cast<double>(i) * delta);
    });
}

/// What rounds to a float of 16 bits: "float16", "bfloat16", or their numbers in ONNX; null for other targets.
auto castRounding(const graph::Node& node) -> float (*)(float)
{
    const std::string name = node.attributes.text("to", "");
    const int64_t number = node.attributes.integer("to", 0);
    return name == "float16" || number == 10    ? roundToFloat16
           : name == "bfloat16" || number == 16 ? roundToBFloat16
                                                : nullptr;
}

/// The target of a Cast: a name of ours, or a number of ONNX's TensorProto.DataType. Floats of 16 bits are floats
/// here whose values are rounded.
std::optional<DType> castTarget(const graph::Node& node)
{
    if (castRounding(node))
        return DType::Float32;
    for (const DType type : {DType::Float32, DType::Int64, DType::Int32, DType::Int8, DType::UInt8, DType::Bool})
        if (node.attributes.text("to", "") == dtypeName(type))
            return type;
    switch (node.attributes.integer("to", 0)) {
    case 1:
    case 11:
        return DType::Float32;
    case 2:
        return DType::UInt8;
    case 3:
        return DType::Int8;
    case 4:
    case 5:
    case 6:
        return DType::Int32;
    case 7:
    case 12:
    case 13:
        return DType::Int64;
    case 9:
        return DType::Bool;
    default:
        return std::nullopt;
    }
}

InferResult inferCast(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto type = castTarget(node);
    if (!type)
        return unsupported("Cast to this type");
    return oneOutput(*type, in[0].shape);
}

template <class To, class From>
To convert(From v)
{
    if constexpr (std::is_same_v<To, bool>) {
        return v != From{};
    } else if constexpr (std::is_same_v<From, float> && !std::is_same_v<To, float>) {
        if (std::isnan(v))
            return To{};
        if (v >= static_cast<float>(std::numeric_limits<To>::max()))
            return std::numeric_limits<To>::max();
        if (v <= static_cast<float>(std::numeric_limits<To>::lowest()))
            return std::numeric_limits<To>::lowest();
        return static_cast<To>(v);
    } else {
        return static_cast<To>(v);
    }
}

void computeCast(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool* pool)
{
    const auto rounded = castRounding(node);
    withType(in[0].dtype, [&]<class From>(From) {
        withType(out[0].dtype, [&]<class To>(To) {
            const From* src = in[0].as<From>();
            To* dst = out[0].as<To>();
            parallelChunks(pool, in[0].shape.elements(), 16384, [&](int64_t first, int64_t last) {
                for (int64_t i = first; i < last; ++i)
                    dst[i] = convert<To>(src[i]);
                if constexpr (std::is_same_v<To, float>)
                    if (rounded)
                        std::transform(dst + first, dst + last, dst + first, rounded);
            });
        });
    });
}

} // namespace

std::span<const OpDef> shapeOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Cast", .infer = inferCast, .compute = computeCast},
        {.name = "ConstantOfShape", .infer = inferConstantOfShape, .compute = computeConstantOfShape},
        {.name = "Range", .infer = inferRange, .compute = computeRange},
        {.name = "Shape", .infer = inferShape, .compute = computeShape, .acceptsStrides = true},
        {.name = "Size", .infer = inferSize, .compute = computeSize, .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
