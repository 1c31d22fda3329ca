#include "core/onnx/blocks.h"

#include "core/onnx/tensor_reader.h"

namespace qs::onnx {

Result<Blocks> Blocks::of(const Shape& x, const Shape& scale, int64_t axis, int64_t blockSize)
{
    Blocks blocks;
    if (scale.elements() == 1)
        return blocks;
    const auto rank = static_cast<int64_t>(x.rank());
    if (axis < -rank || axis >= rank)
        return fail(ErrorCode::Malformed,
                    "axis " + std::to_string(axis) + " is out of range for " + std::to_string(rank) + " dimensions");
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    blocks.perTensor = false;
    blocks.inner = static_cast<std::size_t>(x.product(at + 1, x.rank()));
    blocks.axis = static_cast<std::size_t>(x[at]);
    blocks.count = blocks.axis;
    if (blockSize < 0 || blockSize > x[at])
        return fail(ErrorCode::Malformed, "has a block size of " + std::to_string(blockSize));
    if (blockSize > 0) {
        blocks.blocked = true;
        blocks.block = static_cast<std::size_t>(blockSize);
        blocks.count = (blocks.axis + blocks.block - 1) / blocks.block;
        Shape expected = x;
        expected[at] = static_cast<int64_t>(blocks.count);
        if (scale != expected)
            return fail(ErrorCode::ShapeMismatch,
                        "its scale " + scale.text() + " does not fit blocks of " + x.text());
    } else if (scale.rank() != 1 || scale[0] != x[at]) {
        return fail(ErrorCode::ShapeMismatch,
                    "its scale " + scale.text() + " does not fit axis " + std::to_string(at) + " of " + x.text());
    }
    return blocks;
}

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

Result<Tensor> dequantized(const Tensor& codes, const Tensor& scale, const Tensor* zeroPoint, const Blocks& blocks)
{
    if (codes.dtype() == DType::Float32 || codes.dtype() == DType::Bool || codes.dtype() == DType::Int64)
        return fail(ErrorCode::Unsupported, "its codes are of type " + std::string(dtypeName(codes.dtype())));
    const auto scales = scale.floats();
    Tensor real(DType::Float32, codes.shape());
    auto dst = real.mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i) {
        const std::size_t s = blocks.index(i);
        const int64_t zero = zeroPoint ? integerAt(*zeroPoint, s) : 0;
        dst[i] = static_cast<float>(integerAt(codes, i) - zero) * scales[s];
    }
    return real;
}

} // namespace qs::onnx
