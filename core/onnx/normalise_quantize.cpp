#include "core/onnx/blocks.h"
#include "core/onnx/lowering.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>

namespace qs::onnx {

namespace {

Result<Blocks> readBlocks(Lowering& n)
{
    const Shape& scale = n.shape(1);
    if (n.dtype(1) != DType::Float32 || !n.constant(1) || (n.has(2) && !n.constant(2)))
        return fail(ErrorCode::Unsupported, "its scale or zero point is not a constant");
    if (n.has(2) && n.shape(2).elements() != scale.elements())
        return fail(ErrorCode::ShapeMismatch, "its zero point does not fit its scale");
    return Blocks::of(n.shape(0), scale, n.attributes().integer("axis", 1), n.attributes().integer("block_size", 0));
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
    QS_ASSIGN(Tensor real, dequantized(codes, *n.constant(1), n.has(2) ? n.constant(2) : nullptr, blocks));
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
