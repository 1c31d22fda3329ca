#include "core/onnx/lowering.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>

namespace qs::onnx {

namespace {

/// How scales are laid over a tensor: element i belongs to scale index(i).
struct Blocks {
    std::size_t inner = 1; ///< elements from one position of the axis to the next
    std::size_t axis = 1;  ///< size of the axis
    std::size_t block = 1; ///< positions of the axis that share a scale
    std::size_t count = 1; ///< scales along the axis
    bool perTensor = true;
    bool blocked = false;

    std::size_t index(std::size_t i) const
    {
        if (perTensor)
            return 0;
        const std::size_t along = i / inner % axis / block;
        return blocked ? (i / (inner * axis) * count + along) * inner + i % inner : along;
    }
};

Result<Blocks> readBlocks(Lowering& n)
{
    Blocks blocks;
    const Shape& x = n.shape(0);
    const Shape& scale = n.shape(1);
    if (n.dtype(1) != DType::Float32 || !n.constant(1) || (n.has(2) && !n.constant(2)))
        return fail(ErrorCode::Unsupported, "its scale or zero point is not a constant");
    if (n.has(2) && n.shape(2).elements() != scale.elements())
        return fail(ErrorCode::ShapeMismatch, "its zero point does not fit its scale");
    if (scale.elements() == 1)
        return blocks;
    QS_ASSIGN(const int64_t axis, n.axis(1, n.rank(0)));
    const auto at = static_cast<std::size_t>(axis);
    blocks.perTensor = false;
    blocks.inner = static_cast<std::size_t>(x.product(at + 1, x.rank()));
    blocks.axis = static_cast<std::size_t>(x[at]);
    blocks.count = blocks.axis;
    const int64_t size = n.attributes().integer("block_size", 0);
    if (size < 0 || size > x[at])
        return fail(ErrorCode::Malformed, "has a block size of " + std::to_string(size));
    if (size > 0) {
        blocks.blocked = true;
        blocks.block = static_cast<std::size_t>(size);
        blocks.count = (blocks.axis + blocks.block - 1) / blocks.block;
        Shape expected = x;
        expected[at] = static_cast<int64_t>(blocks.count);
        if (scale != expected)
            return fail(ErrorCode::ShapeMismatch,
                        "its scale " + scale.text() + " does not fit blocks of " + x.text());
    } else if (scale.rank() != 1 || scale[0] != x[at]) {
        return fail(ErrorCode::ShapeMismatch,
                    "its scale " + scale.text() + " does not fit axis " + std::to_string(axis) + " of " + x.text());
    }
    return blocks;
}

/// Integer element i, whatever the type.
int64_t integerAt(const Tensor& tensor, std::size_t i)
{
    switch (tensor.dtype()) {
    case DType::Int64:
        return tensor.data<int64_t>()[i];
    case DType::Int32:
        return tensor.data<int32_t>()[i];
    case DType::Int8:
        return tensor.data<int8_t>()[i];
    case DType::UInt8:
        return tensor.data<uint8_t>()[i];
    default:
        return 0;
    }
}

/// Range of codes of a file's type; nothing for types that are not codes.
std::optional<std::pair<int64_t, int64_t>> codeRange(int32_t fileType)
{
    switch (fileType) {
    case kUInt8:
        return std::pair<int64_t, int64_t>(0, 255);
    case kInt8:
        return std::pair<int64_t, int64_t>(-128, 127);
    case kUInt16:
        return std::pair<int64_t, int64_t>(0, 65535);
    case kInt16:
        return std::pair<int64_t, int64_t>(-32768, 32767);
    case kUInt4:
        return std::pair<int64_t, int64_t>(0, 15);
    case kInt4:
        return std::pair<int64_t, int64_t>(-8, 7);
    default:
        return std::nullopt;
    }
}

/// The type of the codes: the zero point's, or output_dtype, or uint8.
int32_t codeType(Lowering& n)
{
    if (!n.has(2))
        return static_cast<int32_t>(n.attributes().integer("output_dtype", kUInt8));
    if (const int32_t noted = n.builder().fileType(n.input(2)))
        return noted;
    return n.dtype(2) == DType::Int8 ? kInt8 : kUInt8;
}

Tensor zeroPoints(Lowering& n)
{
    Tensor zero(DType::Int32, n.shape(1).elements() == 1 ? Shape{} : n.shape(1));
    auto values = zero.mutableData<int32_t>();
    for (std::size_t i = 0; n.has(2) && i < values.size(); ++i)
        values[i] = static_cast<int32_t>(integerAt(*n.constant(2), i));
    return zero;
}

template <class T>
Tensor quantized(const Tensor& x, const Tensor& scale, const Tensor& zero, const Blocks& blocks,
                 std::pair<int64_t, int64_t> range)
{
    Tensor codes(DTypeOf<T>::value, x.shape());
    auto dst = codes.mutableData<T>();
    for (std::size_t i = 0; i < dst.size(); ++i) {
        const std::size_t s = blocks.index(i);
        const float code =
            std::nearbyint(x.floats()[i] / scale.floats()[s]) + static_cast<float>(zero.data<int32_t>()[s]);
        dst[i] = static_cast<T>(std::clamp(std::isnan(code) ? 0.0f : code, static_cast<float>(range.first),
                                           static_cast<float>(range.second)));
    }
    return codes;
}

Result<void> quantize(Lowering& n)
{
    if (n.dtype(0) != DType::Float32)
        return fail(ErrorCode::Malformed, "its input is not float");
    QS_ASSIGN(const Blocks blocks, readBlocks(n));
    const int32_t type = codeType(n);
    const auto range = codeRange(type);
    if (!range)
        return fail(ErrorCode::Unsupported, "quantizes to " + fileTypeName(type));
    const DType dtype = *engineType(type);
    const Tensor zero = zeroPoints(n);
    if (const Tensor* x = n.constant(0)) {
        const Tensor& scale = *n.constant(1);
        switch (dtype) {
        case DType::Int8:
            return n.finishConstant(quantized<int8_t>(*x, scale, zero, blocks, *range), type);
        case DType::UInt8:
            return n.finishConstant(quantized<uint8_t>(*x, scale, zero, blocks, *range), type);
        default:
            return n.finishConstant(quantized<int32_t>(*x, scale, zero, blocks, *range), type);
        }
    }
    if (blocks.blocked)
        return fail(ErrorCode::Unsupported, "quantizes an activation in blocks");
    graph::Attributes attributes;
    attributes.set("scale", n.constant(1)->reshaped(zero.shape()));
    attributes.set("zero_point", zero);
    attributes.set("qmin", range->first);
    attributes.set("qmax", range->second);
    attributes.set("axis", blocks.perTensor ? int64_t{0} : *n.axis(1, n.rank(0)));
    return n.finishPending("QuantizeLinear", std::move(attributes), {dtype, n.shape(0)});
}

Result<void> dequantizeConstant(Lowering& n, const Tensor& codes)
{
    QS_ASSIGN(const Blocks blocks, readBlocks(n));
    if (codes.dtype() == DType::Float32 || codes.dtype() == DType::Bool || codes.dtype() == DType::Int64)
        return fail(ErrorCode::Unsupported, "its codes are of type " + std::string(dtypeName(codes.dtype())));
    const Tensor zero = zeroPoints(n);
    const auto scale = n.constant(1)->floats();
    Tensor real(DType::Float32, codes.shape());
    auto dst = real.mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i) {
        const std::size_t s = blocks.index(i);
        dst[i] = static_cast<float>(integerAt(codes, i) - zero.data<int32_t>()[s]) * scale[s];
    }
    return n.finishConstant(std::move(real));
}

bool sameTensor(const Tensor& a, const Tensor& b)
{
    return a.dtype() == b.dtype() && a.sizeBytes() == b.sizeBytes() &&
           std::equal(a.bytes(), a.bytes() + a.sizeBytes(), b.bytes());
}

/// On a constant: computed. After a QuantizeLinear with the same parameters: FakeQuantize.
Result<void> dequantize(Lowering& n)
{
    if (const Tensor* codes = n.constant(0))
        return dequantizeConstant(n, *codes);
    QS_CHECK(readBlocks(n));
    const graph::Node* quantizer = n.builder().producer(n.input(0), "QuantizeLinear");
    if (!quantizer)
        return fail(ErrorCode::Unsupported, "its codes are not a constant and come from no QuantizeLinear");
    if (!sameTensor(*quantizer->attributes.tensor("scale"), *n.constant(1)) ||
        !sameTensor(*quantizer->attributes.tensor("zero_point"), zeroPoints(n)))
        return fail(ErrorCode::Unsupported,
                    "its scale or zero point differs from that of the QuantizeLinear before it");
    const TensorId x = quantizer->inputs[0];
    graph::Attributes attributes = quantizer->attributes;
    n.absorb(quantizer->sources);
    return n.finish("FakeQuantize", {x}, std::move(attributes));
}

constexpr Rule kRules[] = {{"QuantizeLinear", 2, 3, quantize}, {"DequantizeLinear", 2, 3, dequantize}};

} // namespace

std::span<const Rule> quantizeRules()
{
    return kRules;
}

} // namespace qs::onnx
