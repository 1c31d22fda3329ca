#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/onnx/external_data.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qs::onnx {

/// Element types of a file, by their number in TensorProto.DataType (newer ones than the schema of the system knows).
enum FileType : int32_t {
    kFloat = 1,
    kUInt8 = 2,
    kInt8 = 3,
    kUInt16 = 4,
    kInt16 = 5,
    kInt32 = 6,
    kInt64 = 7,
    kString = 8,
    kBool = 9,
    kFloat16 = 10,
    kDouble = 11,
    kUInt32 = 12,
    kUInt64 = 13,
    kBFloat16 = 16,
    kUInt4 = 21,
    kInt4 = 22
};

/// The engine's type for a type of a file: all floats become Float32, 16-bit integers Int32, uint32 and uint64 Int64,
/// 4-bit integers Int8 or UInt8. Nothing for strings, complex numbers and 8-bit floats.
std::optional<DType> engineType(int32_t fileType);
/// "float16", "string", or "type 99".
std::string fileTypeName(int32_t fileType);

/// A name of the file made fit for a message: control characters replaced, at most 80 bytes.
std::string printable(std::string_view name);

/// Product of sizes; nothing where a size is negative, or the product of those that are not 0 exceeds `limit`.
std::optional<int64_t> countElements(std::span<const int64_t> dims, int64_t limit);

/// Turns tensors of a file into tensors of the engine, weights outside of the file included.
class TensorReader {
public:
    /// Without external data it is refused.
    TensorReader() = default;
    explicit TensorReader(std::shared_ptr<ExternalData> external) : m_external(std::move(external)) {}

    /// Errors: Malformed (rank over 8, negative sizes, data of the wrong length), Unsupported (strings, ...),
    /// TooLarge (over 2^31 elements), and those of ExternalData. `where` names the tensor.
    Result<Tensor> read(const quantoscope_onnx::TensorProto& proto);
    /// What a tensor claims to be, without its elements. Errors: as of `read`, of rank and sizes.
    static Result<Shape> shapeOf(const quantoscope_onnx::TensorProto& proto);
    /// Bytes of the external files that were used.
    std::size_t externalBytes() const;
    std::vector<ExternalFile> externalFiles() const;

private:
    std::shared_ptr<ExternalData> m_external;
};

} // namespace qs::onnx
