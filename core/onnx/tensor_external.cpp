#include "core/onnx/tensor_reader.h"
#include "core/quant/resolve.h"

#include <charconv>

namespace qs::onnx {

namespace pb = quantoscope_onnx;
namespace fs = std::filesystem;

namespace {

std::optional<std::size_t> size(const std::string& text)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// True for a path that says by itself that it stays below the folder.
bool isInside(const fs::path& location)
{
    if (location.empty() || location.is_absolute() || location.native().find('\0') != std::string::npos)
        return false;
    for (const fs::path& part : location)
        if (part == "..")
            return false;
    return true;
}

/// The file behind `folder / location`, links followed, if it lies in the folder.
Result<fs::path> resolve(const fs::path& folder, const fs::path& location, const std::string& where)
{
    std::error_code error;
    const fs::path root = fs::canonical(folder, error);
    if (error)
        return fail(ErrorCode::NotFound, "the folder of its external data does not exist", where);
    const fs::path file = fs::canonical(root / location, error);
    if (error)
        return fail(ErrorCode::NotFound, "its external data '" + printable(location.native()) + "' does not exist",
                    where);
    const auto relative = file.lexically_relative(root);
    if (relative.empty() || *relative.begin() == "..")
        return fail(ErrorCode::Malformed, "its external data leads out of the model's folder", where);
    if (!fs::is_regular_file(file, error))
        return fail(ErrorCode::Malformed, "its external data is not a regular file", where);
    return file;
}

} // namespace

Result<std::span<const std::byte>> TensorReader::external(const pb::TensorProto& proto, const std::string& where)
{
    std::string location;
    std::size_t offset = 0;
    std::optional<std::size_t> length;
    bool readable = true;
    for (const pb::StringStringEntryProto& entry : proto.external_data()) {
        if (entry.key() == "location") {
            location = entry.value();
        } else if (entry.key() == "offset") {
            const auto value = size(entry.value());
            offset = value.value_or(0);
            readable = readable && value.has_value();
        } else if (entry.key() == "length") {
            length = size(entry.value());
            readable = readable && length.has_value();
        }
    }
    if (!readable)
        return fail(ErrorCode::Malformed, "its external data has an unreadable offset or length", where);
    if (m_folder.empty())
        return fail(ErrorCode::Unsupported, "has external data, and the model has no folder", where);
    if (!isInside(location))
        return fail(ErrorCode::Malformed,
                    "its external data '" + printable(location) + "' is not a path below the model's folder", where);
    auto it = m_files.find(location);
    if (it == m_files.end()) {
        QS_ASSIGN(const fs::path path, resolve(m_folder, location, where));
        QS_ASSIGN(MappedFile file, MappedFile::open(path));
        it = m_files.emplace(location, std::move(file)).first;
    }
    const std::span<const std::byte> bytes = it->second.bytes();
    if (offset > bytes.size() || length.value_or(0) > bytes.size() - offset)
        return fail(ErrorCode::Malformed,
                    "its external data '" + printable(location) + "' ends after " + std::to_string(bytes.size()) +
                        " bytes",
                    where);
    return bytes.subspan(offset, length.value_or(bytes.size() - offset));
}

} // namespace qs::onnx
