#include "core/onnx/tensor_reader.h"

#include "core/base/half.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kMaxElements = int64_t{1} << 31;

/// Bits of an element in raw data.
std::size_t rawBits(int32_t type)
{
    switch (type) {
    case kDouble:
    case kInt64:
    case kUInt64:
        return 64;
    case kFloat:
    case kInt32:
    case kUInt32:
        return 32;
    case kFloat16:
    case kBFloat16:
    case kInt16:
    case kUInt16:
        return 16;
    case kInt4:
    case kUInt4:
        return 4;
    default:
        return 8;
    }
}

/// Calls store(i, element i of raw little-endian data of type T).
template <class T, class Store>
void eachRaw(const std::byte* raw, std::size_t count, Store store)
{
    static_assert(std::endian::native == std::endian::little);
    for (std::size_t i = 0; i < count; ++i) {
        T element;
        std::memcpy(&element, raw + i * sizeof(T), sizeof(T));
        store(i, element);
    }
}

template <class T>
void copyRaw(const std::byte* raw, Tensor& dst)
{
    const auto data = dst.mutableData<T>();
    if (!data.empty())
        std::memcpy(data.data(), raw, data.size_bytes());
}

/// Element i of packed 4-bit data, the lower half of a byte first.
int nibble(const std::byte* raw, std::size_t i, bool isSigned)
{
    const int value = (std::to_integer<int>(raw[i / 2]) >> (i % 2 ? 4 : 0)) & 15;
    return isSigned && value > 7 ? value - 16 : value;
}

/// False: a value does not fit the engine's type.
bool readRaw(const std::byte* raw, int32_t type, Tensor& dst)
{
    const std::size_t n = static_cast<std::size_t>(dst.elements());
    bool fits = true;
    switch (type) {
    case kFloat:
        copyRaw<float>(raw, dst);
        break;
    case kInt64:
        copyRaw<int64_t>(raw, dst);
        break;
    case kInt32:
        copyRaw<int32_t>(raw, dst);
        break;
    case kInt8:
        copyRaw<int8_t>(raw, dst);
        break;
    case kUInt8:
        copyRaw<uint8_t>(raw, dst);
        break;
    case kBool: {
        auto data = dst.mutableData<bool>();
        eachRaw<uint8_t>(raw, n, [&](std::size_t i, uint8_t v) { data[i] = v != 0; });
        break;
    }
    case kFloat16: {
        auto data = dst.mutableData<float>();
        eachRaw<uint16_t>(raw, n, [&](std::size_t i, uint16_t v) { data[i] = fromFloat16(v); });
        break;
    }
    case kBFloat16: {
        auto data = dst.mutableData<float>();
        eachRaw<uint16_t>(raw, n, [&](std::size_t i, uint16_t v) { data[i] = fromBFloat16(v); });
        break;
    }
    case kDouble: {
        auto data = dst.mutableData<float>();
        eachRaw<double>(raw, n, [&](std::size_t i, double v) { data[i] = static_cast<float>(v); });
        break;
    }
    case kInt16: {
        auto data = dst.mutableData<int32_t>();
        eachRaw<int16_t>(raw, n, [&](std::size_t i, int16_t v) { data[i] = v; });
        break;
    }
    case kUInt16: {
        auto data = dst.mutableData<int32_t>();
        eachRaw<uint16_t>(raw, n, [&](std::size_t i, uint16_t v) { data[i] = v; });
        break;
    }
    case kUInt32: {
        auto data = dst.mutableData<int64_t>();
        eachRaw<uint32_t>(raw, n, [&](std::size_t i, uint32_t v) { data[i] = v; });
        break;
    }
    case kUInt64: {
        auto data = dst.mutableData<int64_t>();
        eachRaw<uint64_t>(raw, n, [&](std::size_t i, uint64_t v) {
            fits = fits && v <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
            data[i] = static_cast<int64_t>(v);
        });
        break;
    }
    case kInt4: {
        auto data = dst.mutableData<int8_t>();
        for (std::size_t i = 0; i < n; ++i)
            data[i] = static_cast<int8_t>(nibble(raw, i, true));
        break;
    }
    case kUInt4: {
        auto data = dst.mutableData<uint8_t>();
        for (std::size_t i = 0; i < n; ++i)
            data[i] = static_cast<uint8_t>(nibble(raw, i, false));
        break;
    }
    default:
        break;
    }
    return fits;
}

/// The typed field that holds a tensor's elements where it has no raw data, as raw data of `type`.
std::string typedAsRaw(const pb::TensorProto& proto, int32_t type)
{
    std::string raw;
    const auto append = [&raw](auto value) {
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        raw.append(bytes, sizeof value);
    };
    switch (type) {
    case kFloat:
        for (const float v : proto.float_data())
            append(v);
        break;
    case kDouble:
        for (const double v : proto.double_data())
            append(v);
        break;
    case kInt64:
        for (const int64_t v : proto.int64_data())
            append(v);
        break;
    case kUInt64:
        for (const uint64_t v : proto.uint64_data())
            append(v);
        break;
    case kUInt32:
        for (const uint64_t v : proto.uint64_data())
            append(static_cast<uint32_t>(v));
        break;
    case kInt32:
        for (const int32_t v : proto.int32_data())
            append(v);
        break;
    case kFloat16:
    case kBFloat16:
    case kInt16:
    case kUInt16:
        for (const int32_t v : proto.int32_data())
            append(static_cast<uint16_t>(v));
        break;
    default: // 8 bits, bool, packed 4 bits
        for (const int32_t v : proto.int32_data())
            append(static_cast<uint8_t>(v));
        break;
    }
    return raw;
}

} // namespace

std::optional<DType> engineType(int32_t fileType)
{
    switch (fileType) {
    case kFloat:
    case kFloat16:
    case kBFloat16:
    case kDouble:
        return DType::Float32;
    case kInt64:
    case kUInt32:
    case kUInt64:
        return DType::Int64;
    case kInt32:
    case kInt16:
    case kUInt16:
        return DType::Int32;
    case kInt8:
    case kInt4:
        return DType::Int8;
    case kUInt8:
    case kUInt4:
        return DType::UInt8;
    case kBool:
        return DType::Bool;
    default:
        return std::nullopt;
    }
}

std::string fileTypeName(int32_t fileType)
{
    switch (fileType) {
    case kFloat:
        return "float";
    case kUInt8:
        return "uint8";
    case kInt8:
        return "int8";
    case kUInt16:
        return "uint16";
    case kInt16:
        return "int16";
    case kInt32:
        return "int32";
    case kInt64:
        return "int64";
    case kString:
        return "string";
    case kBool:
        return "bool";
    case kFloat16:
        return "float16";
    case kDouble:
        return "double";
    case kUInt32:
        return "uint32";
    case kUInt64:
        return "uint64";
    case kBFloat16:
        return "bfloat16";
    case kUInt4:
        return "uint4";
    case kInt4:
        return "int4";
    default:
        return "type " + std::to_string(fileType);
    }
}

std::string printable(std::string_view name)
{
    constexpr std::size_t kMaxLength = 80;
    std::string text(name.substr(0, kMaxLength));
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = '?';
    return name.size() > kMaxLength ? text + "..." : text;
}

std::optional<int64_t> countElements(std::span<const int64_t> dims, int64_t limit)
{
    int64_t count = 1;
    bool zero = false;
    for (const int64_t d : dims) {
        if (d < 0 || d > limit / count)
            return std::nullopt;
        zero = zero || d == 0;
        count *= std::max<int64_t>(d, 1);
    }
    return zero ? 0 : count;
}

namespace {

std::string label(const pb::TensorProto& proto)
{
    return "tensor '" + printable(proto.name()) + "'";
}

} // namespace

Result<Shape> TensorReader::shapeOf(const pb::TensorProto& proto)
{
    if (static_cast<std::size_t>(proto.dims_size()) > Shape::kMaxRank)
        return fail(ErrorCode::Unsupported, "has " + std::to_string(proto.dims_size()) + " dimensions (at most 8)",
                    label(proto));
    const std::span<const int64_t> dims(proto.dims().data(), static_cast<std::size_t>(proto.dims_size()));
    if (std::ranges::any_of(dims, [](int64_t d) { return d < 0; }))
        return fail(ErrorCode::Malformed, "has a negative size", label(proto));
    if (!countElements(dims, kMaxElements))
        return fail(ErrorCode::TooLarge, "claims more than 2^31 elements", label(proto));
    return Shape(dims);
}

Result<Tensor> TensorReader::read(const pb::TensorProto& proto)
{
    const std::string where = label(proto);
    const int32_t type = proto.data_type();
    const auto dtype = engineType(type);
    if (!dtype)
        return fail(ErrorCode::Unsupported, "has elements of an unsupported type (" + fileTypeName(type) + ")",
                    where);
    QS_ASSIGN(const Shape shape, shapeOf(proto));
    if (proto.has_segment())
        return fail(ErrorCode::Unsupported, "is stored in segments", where);

    const std::size_t expected = (static_cast<std::size_t>(shape.elements()) * rawBits(type) + 7) / 8;
    std::string typed;
    std::span<const std::byte> raw;
    if (proto.data_location() == pb::TensorProto::EXTERNAL) {
        if (!m_external)
            return fail(ErrorCode::Unsupported, "has external data, and the model has no folder", where);
        QS_ASSIGN(raw, m_external->of(proto, where));
    } else if (proto.has_raw_data()) {
        raw = std::as_bytes(std::span(proto.raw_data()));
    } else {
        typed = typedAsRaw(proto, type);
        raw = std::as_bytes(std::span(typed));
    }
    if (raw.size() != expected)
        return fail(ErrorCode::Malformed,
                    "has " + std::to_string(raw.size()) + " bytes of data where its shape needs " +
                        std::to_string(expected),
                    where);
    Tensor tensor(*dtype, shape);
    if (!readRaw(raw.data(), type, tensor))
        return fail(ErrorCode::Unsupported, "has values beyond 2^63", where);
    return tensor;
}

std::size_t TensorReader::externalBytes() const
{
    return m_external ? m_external->bytes() : 0;
}

std::vector<ExternalFile> TensorReader::externalFiles() const
{
    return m_external ? m_external->files() : std::vector<ExternalFile>();
}

} // namespace qs::onnx
