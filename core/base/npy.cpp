// Based on: NumPy Enhancement Proposal 1 (the .npy format).

#include "core/base/npy.h"

#include "core/base/file.h"
#include "core/base/half.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qs {

namespace {

constexpr int64_t kMaxElements = int64_t{1} << 31;

/// What stands behind 'key': in the header's dictionary, from its first character on; empty where the key is absent.
std::string_view valueOf(std::string_view header, std::string_view key)
{
    const auto at = header.find("'" + std::string(key) + "':");
    if (at == std::string_view::npos)
        return {};
    std::string_view rest = header.substr(at + key.size() + 3);
    while (!rest.empty() && rest.front() == ' ')
        rest.remove_prefix(1);
    return rest;
}

template <class From, class To>
Tensor converted(const std::byte* data, DType type, const Shape& shape)
{
    Tensor tensor(type, shape);
    for (To& value : tensor.mutableData<To>()) {
        From from;
        std::memcpy(&from, data, sizeof from);
        data += sizeof from;
        value = static_cast<To>(from);
    }
    return tensor;
}

Result<Tensor> read(std::string_view type, const std::byte* data, std::size_t bytes, const Shape& shape,
                    const std::string& where)
{
    const auto count = static_cast<std::size_t>(shape.elements());
    if (type.size() < 3 || (type[0] != '<' && type[0] != '|'))
        return fail(ErrorCode::Unsupported, "holds numbers of type '" + std::string(type) + "'", where);
    const std::string_view kind = type.substr(1);
    const std::size_t size = static_cast<std::size_t>(kind[1] - '0');
    if (kind.size() != 2 || (size != 1 && size != 2 && size != 4 && size != 8))
        return fail(ErrorCode::Unsupported, "holds numbers of type '" + std::string(type) + "'", where);
    if (bytes != count * size)
        return fail(ErrorCode::Malformed,
                    "holds " + std::to_string(bytes) + " bytes, its header says " + std::to_string(count * size),
                    where);
    if (kind == "f4")
        return converted<float, float>(data, DType::Float32, shape);
    if (kind == "f8")
        return converted<double, float>(data, DType::Float32, shape);
    if (kind == "f2") {
        Tensor tensor = converted<uint16_t, int32_t>(data, DType::Int32, shape);
        Tensor floats(DType::Float32, shape);
        for (std::size_t i = 0; i < count; ++i)
            floats.mutableData<float>()[i] = fromFloat16(static_cast<uint16_t>(tensor.data<int32_t>()[i]));
        return floats;
    }
    if (kind == "i8")
        return converted<int64_t, int64_t>(data, DType::Int64, shape);
    if (kind == "u8")
        return converted<uint64_t, int64_t>(data, DType::Int64, shape);
    if (kind == "u4")
        return converted<uint32_t, int64_t>(data, DType::Int64, shape);
    if (kind == "i4")
        return converted<int32_t, int32_t>(data, DType::Int32, shape);
    if (kind == "i2")
        return converted<int16_t, int32_t>(data, DType::Int32, shape);
    if (kind == "u2")
        return converted<uint16_t, int32_t>(data, DType::Int32, shape);
    if (kind == "i1")
        return converted<int8_t, int8_t>(data, DType::Int8, shape);
    if (kind == "u1")
        return converted<uint8_t, uint8_t>(data, DType::UInt8, shape);
    if (kind == "b1")
        return converted<uint8_t, bool>(data, DType::Bool, shape);
    return fail(ErrorCode::Unsupported, "holds numbers of type '" + std::string(type) + "'", where);
}

} // namespace

Result<Tensor> readNpy(const std::filesystem::path& path)
{
    static_assert(std::endian::native == std::endian::little);
    QS_ASSIGN(const FileBytes file, FileBytes::read(path));
    const auto bytes = file.bytes();
    const std::string where = path.string();
    const auto malformed = [&] { return fail(ErrorCode::Malformed, "is no NumPy file (.npy)", where); };
    if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
        return malformed();
    const int version = static_cast<int>(bytes[6]);
    if (version < 1 || version > 3)
        return malformed();
    const std::size_t lengthBytes = version == 1 ? 2 : 4;
    uint32_t length = 0;
    std::memcpy(&length, bytes.data() + 8, lengthBytes);
    const std::size_t begin = 8 + lengthBytes;
    if (length > bytes.size() - begin)
        return malformed();
    const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + begin, length);
    std::string_view type = valueOf(header, "descr");
    const std::string_view order = valueOf(header, "fortran_order");
    std::string_view sizes = valueOf(header, "shape");
    if (type.size() < 2 || type.front() != '\'' || sizes.empty() || sizes.front() != '(')
        return malformed();
    type = type.substr(1, type.find('\'', 1) - 1);
    if (!order.starts_with("False"))
        return fail(ErrorCode::Unsupported, "is stored in Fortran order; numpy.ascontiguousarray makes it C order",
                    where);
    Shape shape;
    int64_t count = 1;
    for (sizes = sizes.substr(1, sizes.find(')') - 1); !sizes.empty();) {
        int64_t size = 0;
        const auto [end, error] = std::from_chars(sizes.data(), sizes.data() + sizes.size(), size);
        if (error != std::errc() || size < 0 || shape.rank() == Shape::kMaxRank)
            return malformed();
        if (size > 0 && count > kMaxElements / size)
            return fail(ErrorCode::TooLarge, "has more than 2^31 elements", where);
        count *= size;
        shape.push_back(size);
        sizes.remove_prefix(static_cast<std::size_t>(end - sizes.data()));
        while (!sizes.empty() && (sizes.front() == ',' || sizes.front() == ' '))
            sizes.remove_prefix(1);
    }
    return read(type, bytes.data() + begin + length, bytes.size() - begin - length, shape, where);
}

} // namespace qs
